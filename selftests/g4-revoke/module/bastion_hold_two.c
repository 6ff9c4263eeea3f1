// SPDX-License-Identifier: GPL-2.0
#include "bastion_hold.c"
