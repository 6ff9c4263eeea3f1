// SPDX-License-Identifier: GPL-2.0
#include <asm/byteorder.h>
#include <string.h>

#include "samples.h"

#define COMMON	"verifier=" DIGEST " policy=prod-db exe=sha256:" EXE " registers=0x21 counter=16"

const char *const key_samples[SAMPLE_TEXTS] = {
	"new 32 " COMMON " owner=7 types=user,logon derive=disk0\n",
	"ecdsa " COMMON " owner=7\n",
	"import 2147483647 " COMMON " owner=7 types=fscrypt\n",
	"load 4253544e424c4f420100020000000000",
	"rebind " COMMON " types=logon,fscrypt,user",
};

void blob_sample_init(struct blob_sample *s, u16 kind)
{
	struct bastion_blob_header *h = &s->header;

	memset(s, 0xa5, sizeof(*s));
	memcpy(h->magic, BASTION_BLOB_MAGIC, sizeof(h->magic));
	h->version = cpu_to_le16(BASTION_BLOB_VERSION);
	h->kind = cpu_to_le16(kind);
	h->flags = cpu_to_le32(BASTION_BLOB_EXECUTABLE);
	memset(h->name, 0, sizeof(h->name));
	memcpy(h->name, "disk0", 5);
	h->owner = cpu_to_le32(1000);
	h->types = cpu_to_le32(BASTION_TYPE_LOGON | BASTION_TYPE_FSCRYPT);
	h->register_mask = cpu_to_le32(0x07);
	h->counter_index = cpu_to_le32(1);
	h->reserved = 0;
	h->secret_len = cpu_to_le32(SAMPLE_SECRET_LEN);
	h->reserved2 = 0;
	s->len = BASTION_BLOB_SECRET_SIZE(SAMPLE_SECRET_LEN);
	if (kind == BASTION_KIND_DERIVED) {
		h->min_svn = 0;
		s->len = BASTION_BLOB_DERIVED_SIZE;
	} else if (kind == BASTION_KIND_P384) {
		h->types = 0;
		s->rest[0] = 0x04;
		s->len = BASTION_BLOB_P384_SIZE;
	}
}

void grant_sample_init(struct grant_sample *s)
{
	static const u32 kinds[SAMPLE_ENTRIES] = {
		BASTION_GRANT_RELEASE, BASTION_GRANT_RELEASE, BASTION_GRANT_CREATE,
		BASTION_GRANT_REBIND
	};
	size_t i;

	memset(s, 0xa5, sizeof(*s));
	memcpy(s->fixed.magic, BASTION_GRANT_MAGIC, sizeof(s->fixed.magic));
	memset(s->fixed.channel_key, 0, sizeof(s->fixed.channel_key));
	s->fixed.register_mask = cpu_to_le32(0x05);
	s->fixed.lifetime = cpu_to_le32(3600);
	s->fixed.flags = 0;
	s->fixed.entry_count = cpu_to_le32(SAMPLE_ENTRIES);

	memset(s->entries, 0, sizeof(s->entries));
	for (i = 0; i < SAMPLE_ENTRIES; i++) {
		memset(s->entries[i].policy, 0x10 + i, BASTION_DIGEST_SIZE);
		s->entries[i].kind = cpu_to_le32(kinds[i]);
	}
	s->entries[1].flags = cpu_to_le32(BASTION_GRANT_EXECUTABLE);
	memset(s->entries[1].executable, 0xee, BASTION_EXE_SIZE);
	memset(s->entries[3].dest_verifier, 0x20, BASTION_DIGEST_SIZE);
	memset(s->entries[3].dest_policy, 0x30, BASTION_DIGEST_SIZE);
}
