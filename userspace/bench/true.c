// SPDX-License-Identifier: GPL-2.0
/* The least that can be executed: what is timed is the kernel's part. */
int main(void)
{
	return 0;
}
