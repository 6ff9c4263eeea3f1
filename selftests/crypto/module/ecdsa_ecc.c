// SPDX-License-Identifier: GPL-2.0
/* What kernels without ECDSA get, built for those that have it, too. */
#undef CONFIG_CRYPTO_ECDSA
#undef CONFIG_CRYPTO_ECDSA_MODULE

#include "calls.h"

#define compat_ecdsa_p384_verify ecc_ecdsa_p384_verify
#include "kmod/compat/ecdsa.c"
