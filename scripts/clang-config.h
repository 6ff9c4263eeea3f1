/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What headers of a kernel that GCC built say of the compiler, and Clang cannot do.
 * scripts/kernel-lib.sh includes it when Clang builds a module, before linux/compiler_types.h, which
 * goes by it.
 */
#include <linux/kconfig.h>

#undef CONFIG_CC_HAS_COUNTED_BY_PTR
#undef CONFIG_CC_HAS_MULTIDIMENSIONAL_NONSTRING
#undef CONFIG_CC_HAS_NAMED_AS
#undef CONFIG_CC_HAS_NAMED_AS_FIXED_SANITIZERS
#undef CONFIG_USE_X86_SEG_SUPPORT
