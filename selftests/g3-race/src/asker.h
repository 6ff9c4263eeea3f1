/* SPDX-License-Identifier: GPL-2.0 */
/* What a program that asked for a key has to tell. */
#ifndef SELFTESTS_G3_RACE_ASKER_H
#define SELFTESTS_G3_RACE_ASKER_H

#include <stdint.h>

#define ASKER_OUT	3	/* the descriptor for it, open to append */

enum door { DOOR_IOCTL, DOOR_REQUEST_KEY, DOORS };

/**
 * struct answer - what came of it
 * @index:	of the executable
 * @door:	enum door
 * @error:	0 or an errno
 * @register4:	in hex, after it had the key
 */
struct answer {
	uint32_t index;
	uint32_t door;
	int32_t error;
	char register4[96];
};

#endif
