/* SPDX-License-Identifier: GPL-2.0 */
/* An error in words, for whoever is in a position to print it. */
#ifndef CHIP_COMPLAIN_H
#define CHIP_COMPLAIN_H

/** struct complaint - what went wrong and what to do about it; no newline */
struct complaint {
	char text[256];
};

/**
 * complain - fill in a complaint
 * @complaint:	may be NULL
 * @format:	as for printf(3)
 *
 * Return: -1, always, so that a function can end with it.
 */
__attribute__((format(printf, 2, 3)))
int complain(struct complaint *complaint, const char *format, ...);

#endif
