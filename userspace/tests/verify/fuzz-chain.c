// SPDX-License-Identifier: GPL-2.0
/*
 * Certificates that a quote carries: each has two bytes of length, big endian, before it. Those of
 * the input are the roots as well, but the first, so that paths are found.
 */
#include <stdlib.h>

#include "libbastion-verify/chain.h"

#define NOW	1800000000	/* when the seeds are valid */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STACK_OF(X509) *roots = sk_X509_new_null();
	struct bv_span rest = { data, size };
	struct bv_envelope envelope = { 0 };
	struct bv_quote quote = { .model = "m" };
	struct bv_error err = { "" };
	uint16_t len;

	while (envelope.cert_count < BV_CERTS_MAX && bv_take_be16(&rest, &len) &&
	       bv_take(&rest, len, &envelope.certs[envelope.cert_count]))
		envelope.cert_count++;
	for (size_t i = 1; i < envelope.cert_count; i++) {
		X509 *cert = bv_envelope_cert(&envelope, i, NULL);

		if (cert)
			sk_X509_push(roots, cert);
	}
	/* With all, and without the last, which then is a root only. */
	for (int i = 0; i < 2 && envelope.cert_count; i++, envelope.cert_count--)
		if (bv_chain_verify(&envelope, &quote, roots, NOW, &err) && !err.text[0])
			abort();
	sk_X509_pop_free(roots, X509_free);
	roots = sk_X509_new_null();
	bv_roots_add(roots, (struct bv_span){ data, size }, &err);
	sk_X509_pop_free(roots, X509_free);
	return 0;
}
