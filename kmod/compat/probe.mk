# SPDX-License-Identifier: GPL-2.0
#
# Included by the module's Kbuild. Finds out what C cannot ask about itself:
# whether a structure has a member, a function is declared, a header is there
# (sparse has no __has_include); and whether modules get a function that is declared.

compat-has = $(shell grep -qsw '$(2)' $(srctree)/include/$(1) && echo -D$(3))
compat-exports = $(shell grep -qsw '$(1)' $(objtree)/Module.symvers && echo -D$(2))

ccflags-y += $(call compat-has,linux/hex.h,hex2bin,COMPAT_HAVE_HEX)
ccflags-y += $(call compat-has,linux/unaligned.h,get_unaligned,COMPAT_HAVE_UNALIGNED)
ccflags-y += $(call compat-has,linux/fs.h,file_user_path,COMPAT_HAVE_FILE_USER_PATH)
ccflags-y += $(call compat-has,linux/fsnotify_backend.h,fsnotify_find_inode_mark,COMPAT_HAVE_FSNOTIFY_FIND_INODE_MARK)
ccflags-y += $(call compat-has,linux/hrtimer.h,hrtimer_setup,COMPAT_HAVE_HRTIMER_SETUP)
ccflags-y += $(call compat-has,crypto/aes.h,aes_prepareenckey,COMPAT_HAVE_AES_ENCKEY)
# Old kernels have a function of this name that returns something else.
ccflags-y += $(call compat-has,linux/fsverity.h,enum hash_algo \*halg,COMPAT_HAVE_FSVERITY_HALG)
ccflags-y += $(call compat-exports,fsverity_get_digest,COMPAT_EXPORTS_FSVERITY_GET_DIGEST)
# struct public_key_signature says m and m_size where it said digest and digest_size
ccflags-y += $(call compat-has,crypto/public_key.h,m_size,COMPAT_HAVE_SIGNATURE_M)
# __assign_str() takes one argument, the string being known from __string()
ccflags-y += $(call compat-has,trace/stages/stage6_event_callback.h,__assign_str(dst),COMPAT_HAVE_ASSIGN_STR_ALONE)
ccflags-y += $(call compat-has,linux/tpm.h,tpm2_end_auth_session,COMPAT_HAVE_TPM_AUTH_SESSION)
