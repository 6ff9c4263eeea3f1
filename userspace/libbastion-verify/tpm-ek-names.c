// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "tpm-ek.h"

/* TCG EK Credential Profile, appendix A: tcg-at-tpmManufacturer and so on. */
static const struct attribute {
	const char *oid;
	const char *what;
	size_t offset;
	size_t size;
} attributes[] = {
	{ "2.23.133.2.1", "manufacturer", offsetof(struct bv_ek_names, manufacturer),
	  sizeof(((struct bv_ek_names *)0)->manufacturer) },
	{ "2.23.133.2.2", "model", offsetof(struct bv_ek_names, model),
	  sizeof(((struct bv_ek_names *)0)->model) },
	{ "2.23.133.2.3", "version", offsetof(struct bv_ek_names, version),
	  sizeof(((struct bv_ek_names *)0)->version) },
};

#define ATTRIBUTES	(sizeof(attributes) / sizeof(*attributes))

static int read_value(const struct attribute *attribute, const ASN1_STRING *value,
		      struct bv_ek_names *names, struct bv_error *err)
{
	struct bv_span text = { ASN1_STRING_get0_data(value), ASN1_STRING_length(value) };
	char *to = (char *)names + attribute->offset;

	if (*to)
		return bv_fail(err, "the certificate names its TPM's %s twice", attribute->what);
	if (!text.len || text.len >= attribute->size || !bv_is_printable(text))
		return bv_fail(err, "the certificate's %s is no text of 1 to %zu characters",
			       attribute->what, attribute->size - 1);
	memcpy(to, text.data, text.len);
	to[text.len] = '\0';
	return 0;
}

static int read_entry(X509_NAME_ENTRY *entry, bool critical, struct bv_ek_names *names,
		      struct bv_error *err)
{
	char oid[64];

	OBJ_obj2txt(oid, sizeof(oid), X509_NAME_ENTRY_get_object(entry), 1);
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (!strcmp(oid, attributes[i].oid))
			return read_value(&attributes[i], X509_NAME_ENTRY_get_data(entry), names,
					  err);
	return critical ? bv_fail(err, "the certificate has an attribute %s that must be understood",
				  oid) : 0;
}

static int check_manufacturer(const char *text)
{
	if (strlen(text) != 3 + 8 || strncmp(text, "id:", 3))
		return -1;
	for (const char *c = text + 3; *c; c++)
		if (!isxdigit((unsigned char)*c))
			return -1;
	return 0;
}

static int read_directory(X509_NAME *name, bool critical, struct bv_ek_names *names,
			  struct bv_error *err)
{
	if (names->given)
		return bv_fail(err, "the certificate has two names for its TPM");
	names->given = true;
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		int ret = read_entry(X509_NAME_get_entry(name, i), critical, names, err);

		if (ret)
			return ret;
	}
	for (size_t i = 0; i < ATTRIBUTES; i++)
		if (!((char *)names)[attributes[i].offset])
			return bv_fail(err, "the certificate does not name its TPM's %s",
				       attributes[i].what);
	if (check_manufacturer(names->manufacturer))
		return bv_fail(err, "the certificate's manufacturer is not \"id:\" and eight hex digits");
	return 0;
}

/* Other kinds of names may stand there, unless the extension must be understood whole. */
static int read_all(const GENERAL_NAMES *all, bool critical, struct bv_ek_names *names,
		    struct bv_error *err)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
		int ret = 0;

		if (name->type == GEN_DIRNAME)
			ret = read_directory(name->d.directoryName, critical, names, err);
		else if (critical)
			ret = bv_fail(err, "the certificate has an alternative name of kind %d that "
				      "must be understood", name->type);
		if (ret)
			return ret;
	}
	return 0;
}

int bv_ek_names_read(X509 *cert, struct bv_ek_names *names, struct bv_error *err)
{
	bool nameless = !X509_NAME_entry_count(X509_get_subject_name(cert));
	GENERAL_NAMES *all;
	int critical, ret;

	memset(names, 0, sizeof(*names));
	/* -1: there is none; other negative numbers: it is damaged, or there are two. */
	all = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
	if (!all)
		ret = critical != -1 ? bv_fail(err, "the certificate's alternative name is damaged") : 0;
	else
		ret = read_all(all, critical == 1, names, err);
	GENERAL_NAMES_free(all);
	ERR_clear_error();
	if (ret)
		return ret;
	/* RFC 5280, 4.1.2.6 */
	if (nameless && (!names->given || critical != 1))
		return bv_fail(err, "the certificate has no subject, and no critical alternative name");
	return 0;
}
