/* SPDX-License-Identifier: GPL-2.0 */
/* Reference values of three generations, one of them retired. */
#ifndef TESTREFERENCES_H
#define TESTREFERENCES_H

#define D32(pair)	"sha256:" pair pair pair pair pair pair pair pair pair pair pair pair pair \
			pair pair pair pair pair pair pair pair pair pair pair pair pair pair pair \
			pair pair pair pair
#define DIGEST_1	D32("01")
#define DIGEST_2	D32("02")
#define DIGEST_3	D32("03")
#define DIGEST_4	D32("04")

static const char references[] =
	"{\"generations\": ["
	"{\"name\": \"old\", \"retired\": true, \"files\": ["
	" {\"path\": \"/usr/bin/a\", \"digests\": [\"" DIGEST_1 "\"]}]},"
	"{\"name\": \"now\", \"files\": ["
	" {\"path\": \"boot_aggregate\", \"digests\": \"any\"},"
	" {\"path\": \"/usr/bin/a\", \"digests\": [\"" DIGEST_2 "\"]},"
	" {\"path\": \"/usr/lib/*.so\", \"digests\": [\"" DIGEST_3 "\"]}]},"
	"{\"name\": \"next\", \"retired\": false, \"files\": ["
	" {\"path\": \"/usr/bin/a\", \"digests\": [\"" DIGEST_3 "\"]}]}]}";

#endif
