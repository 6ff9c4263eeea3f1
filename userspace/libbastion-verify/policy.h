/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the operator wants of a machine: Documentation/verifier.rst describes the
 * file. Nothing is assumed that it does not say, and nothing in it is ignored.
 */
#ifndef BV_POLICY_H
#define BV_POLICY_H

#include <openssl/x509.h>

#include <bastion/round.h>

#include "bytes.h"
#include "error.h"
#include "reference-rule.h"
#include "reference-tpm.h"

#define BV_POLICY_MAX		(1 << 20)
#define BV_POLICY_VALUES	100000
#define BV_CMDLINE_MAX		4096

/**
 * struct bv_digests - a list of byte strings of one size
 * @data:	one after the other
 * @count:	how many
 * @given:	whether the policy has the list at all: absent is not empty
 */
struct bv_digests {
	uint8_t *data;
	size_t count;
	bool given;
};

/**
 * struct bv_texts - a list of texts
 * @text:	the texts
 * @count:	how many
 * @given:	as above
 */
struct bv_texts {
	char **text;
	size_t count;
	bool given;
};

/**
 * struct bv_boot - one way to boot that is known to be good
 * @name:	what the operator calls it
 * @kernel:	SHA-384
 * @initrd:	SHA-384, if @has_initrd; without one none may be measured
 * @has_initrd:	whether this boot has an initrd
 * @firmware:	SHA-384, if @has_firmware
 * @has_firmware: whether the chip's firmware is pinned by digest
 * @cmdline:	the command line, to the byte
 */
struct bv_boot {
	char *name;
	uint8_t kernel[BASTION_DIGEST_SIZE];
	uint8_t initrd[BASTION_DIGEST_SIZE];
	bool has_initrd;
	uint8_t firmware[BASTION_DIGEST_SIZE];
	bool has_firmware;
	char *cmdline;
};

/**
 * struct bv_destination - where a key may move
 * @verifier:	digest of the grant key whose grants shall open it
 * @label:	policy label there, on the same machine
 */
struct bv_destination {
	uint8_t verifier[BASTION_DIGEST_SIZE];
	char label[BASTION_POLICY_LABEL_MAX + 1];
};

/**
 * struct bv_permit - what a grant says about one policy label
 * @label:		the label
 * @create:		SEAL
 * @release:		UNSEAL and SIGN
 * @has_executable:	whether release is for one executable only
 * @executable:		its SHA-256
 * @rebinds:		REBIND: each of them once
 * @rebind_count:	how many
 */
struct bv_permit {
	char label[BASTION_POLICY_LABEL_MAX + 1];
	bool create;
	bool release;
	bool has_executable;
	uint8_t executable[BASTION_EXE_SIZE];
	struct bv_destination *rebinds;
	size_t rebind_count;
};

/**
 * struct bv_policy - a policy that has been checked
 * @id:			SHA-384 of the text, then of each root and file of references
 * @root_files:		names, for the program to load
 * @roots:		loaded with bv_policy_add_roots()
 * @models:		model names that are good
 * @firmware_min:	for bv_policy_firmware()
 * @has_svn_min:	whether @svn_min was given
 * @svn_min:		least security version number
 * @allow_debug:	whether a chip that can be debugged is good
 * @accept_warning:	whether a warning still grants
 * @revoked_chips:	chip ids
 * @chips:		the only good chip ids, if given
 * @boots:		reference values
 * @boot_count:		how many; 0 when there are none
 * @tpms:		reference values of TPMs
 * @pcr:		of a TPM: which one the module has to extend
 * @modules:		the only good build ids of the module, if given
 * @platforms:		the only good kernels, with lockdown and signatures, if given
 * @parameters:		the only good parameters of the module, if given
 * @verifiers:		digests of other verifiers that may be registered
 * @registers:		the only good values per register, if given
 * @register_mask:	registers that a grant names
 * @lifetime:		of a grant, seconds
 * @permits:		what is granted: at most BASTION_GRANT_ENTRIES_MAX entries in all
 * @permit_count:	how many; 0 grants nothing
 * @ima:		which files IMA may have measured
 * @executables:	which executables the module may have measured
 */
struct bv_policy {
	uint8_t id[BASTION_DIGEST_SIZE];
	struct bv_texts root_files;
	STACK_OF(X509) *roots;
	struct bv_texts models;
	json_t *firmware_min;
	bool has_svn_min;
	uint32_t svn_min;
	bool allow_debug;
	bool accept_warning;
	struct bv_digests revoked_chips;
	struct bv_digests chips;
	struct bv_boot *boots;
	size_t boot_count;
	struct bv_tpm_references tpms;
	uint32_t pcr;
	struct bv_texts modules;
	struct bv_texts platforms;
	struct bv_texts parameters;
	struct bv_digests verifiers;
	struct bv_digests registers[BASTION_MR_COUNT];
	uint32_t register_mask;
	uint32_t lifetime;
	struct bv_permit *permits;
	size_t permit_count;
	struct bv_rule ima;
	struct bv_rule executables;
};

/**
 * bv_policy_parse() - read a policy
 * @text:	JSON
 * @err:	what was wrong, naming the member
 *
 * Return: a policy without roots, to bv_policy_free(); or NULL.
 */
struct bv_policy *bv_policy_parse(struct bv_span text, struct bv_error *err);

/**
 * bv_policy_add_roots() - give a policy the certificates of one of its root files
 * @policy:	the policy; its @id changes
 * @pem:	the file
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int bv_policy_add_roots(struct bv_policy *policy, struct bv_span pem, struct bv_error *err);

/**
 * bv_policy_add_references() - give a policy one of its files of reference values
 * @policy:	the policy; its @id changes
 * @rule:	one of the policy's, that names the file
 * @text:	the file
 * @err:	what was wrong
 *
 * Return: 0, -EBADMSG, -ENOMEM, -EIO.
 */
int bv_policy_add_references(struct bv_policy *policy, struct bv_rule *rule, struct bv_span text,
			     struct bv_error *err);

/** bv_policy_free() - free a policy; NULL is fine */
void bv_policy_free(struct bv_policy *policy);

/** bv_digests_has() - whether a list has a value of @size bytes */
bool bv_digests_has(const struct bv_digests *list, const uint8_t *value, size_t size);

/** bv_texts_has() - whether a list has exactly these bytes */
bool bv_texts_has(const struct bv_texts *list, struct bv_span text);

/** bv_policy_revokes() - whether the operator withdrew a chip: "revoked_chips" */
bool bv_policy_revokes(const struct bv_policy *policy, const uint8_t chip_id[BASTION_DIGEST_SIZE]);

/** bv_policy_knows() - whether a chip is one of the operator's: "chips", or any where there is no such list */
bool bv_policy_knows(const struct bv_policy *policy, const uint8_t chip_id[BASTION_DIGEST_SIZE]);

/** bv_policy_firmware() - the oldest firmware that is good for a model; NULL when the policy does not say */
const char *bv_policy_firmware(const struct bv_policy *policy, const char *model);

/**
 * bv_version_compare() - compare dotted numbers; missing ones are zero
 * @a:		one
 * @b:		the other
 * @order:	-1, 0 or 1
 *
 * Return: 0, or -EINVAL when either is not 1 to 4 numbers below 2^32 with dots
 * between them.
 */
int bv_version_compare(const char *a, const char *b, int *order);

#endif
