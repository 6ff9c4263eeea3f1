// SPDX-License-Identifier: GPL-2.0
/* Every ioctl of include/uapi/linux/bastion.h, right and wrong. */
#include "fuzz.h"

#define ARGS_MAX	4096

union args {
	uint32_t size;
	struct bastion_info info;
	struct bastion_round_begin begin;
	struct bastion_quote quote;
	struct bastion_grant_args grant;
	struct bastion_verifier_add add;
	struct bastion_verifier_remove remove;
	struct bastion_verifier_list list;
	struct bastion_extend extend;
	struct bastion_release release;
	uint8_t bytes[ARGS_MAX];
};

static void some_digest(struct fuzz *f, uint8_t digest[BASTION_DIGEST_SIZE])
{
	memcpy(digest, fuzz_verifier(f)->digest, BASTION_DIGEST_SIZE);
	if (fuzz_chance(&f->random, 10))
		fuzz_mutate(&f->random, digest, BASTION_DIGEST_SIZE);
}

static void fill_begin(struct fuzz *f, union args *args)
{
	some_digest(f, args->begin.verifier);
}

static void fill_quote(struct fuzz *f, union args *args)
{
	struct bastion_quote *quote = &args->quote;

	quote->nonce_len = fuzz_chance(&f->random, 80) ? 8 + fuzz_below(&f->random, 57) :
							 fuzz_number(&f->random);
	quote->quote_size = fuzz_chance(&f->random, 80) ? BASTION_QUOTE_MAX :
							  fuzz_number(&f->random);
	quote->quote = fuzz_place(f, 1, NULL, BASTION_QUOTE_MAX, fuzz_somewhere(f, 85));
}

/* What the last round of this thread came to: stale by now, or noise. */
static void fill_grant(struct fuzz *f, union args *args)
{
	struct bastion_grant_args *grant = &args->grant;

	grant->grant_len = fuzz_chance(&f->random, 70) ? f->grant.len : fuzz_number(&f->random);
	grant->token_len = fuzz_chance(&f->random, 90) ? BASTION_SEALED_TOKEN_SIZE :
							 fuzz_number(&f->random);
	grant->policies_len = fuzz_chance(&f->random, 80) ? 0 : fuzz_number(&f->random);
	grant->grant = fuzz_place(f, 1, f->grant.bytes, f->grant.len, fuzz_somewhere(f, 85));
	grant->token = fuzz_place(f, 2, f->grant.sealed, sizeof(f->grant.sealed),
				  fuzz_somewhere(f, 85));
	grant->policies = fuzz_place(f, 3, NULL, 256, fuzz_somewhere(f, 85));
}

static void fill_add(struct fuzz *f, union args *args)
{
	memcpy(args->add.key, fuzz_verifier(f)->point, sizeof(args->add.key));
	if (fuzz_chance(&f->random, 20))
		fuzz_mutate(&f->random, args->add.key, sizeof(args->add.key));
}

static void fill_remove(struct fuzz *f, union args *args)
{
	some_digest(f, args->remove.digest);
}

/* Few are long: the log has to last. */
static void fill_extend(struct fuzz *f, union args *args)
{
	struct bastion_extend *extend = &args->extend;
	size_t len = 1 + fuzz_below(&f->random, 64);

	if (fuzz_chance(&f->random, 5))
		len = fuzz_number(&f->random);
	extend->index = fuzz_chance(&f->random, 90) ? 5 + fuzz_below(&f->random, 3) :
						      fuzz_number(&f->random);
	snprintf((char *)extend->name, sizeof(extend->name), "fuzz-%u",
		 fuzz_below(&f->random, 10));
	extend->data_len = len;
	extend->data = fuzz_place(f, 1, NULL, len, fuzz_somewhere(f, 90));
}

static uint32_t some_type(struct fuzz *f)
{
	return fuzz_chance(&f->random, 95) ? 1u << fuzz_below(&f->random, 3) :
					     fuzz_number(&f->random);
}

static void fill_release(struct fuzz *f, union args *args)
{
	struct bastion_release *release = &args->release;
	const struct fuzz_blob *blob = fuzz_blob(f);
	bool by_blob = fuzz_chance(&f->random, 60);

	release->flags = fuzz_chance(&f->random, 70) ? BASTION_RELEASE_NOWAIT : 0;
	if (fuzz_chance(&f->random, 3))
		release->flags |= BASTION_RELEASE_UPCALL;
	release->timeout_ms = 1 + fuzz_below(&f->random, 200);
	release->keyring = fuzz_keyring(f);
	release->type = some_type(f);
	if (!by_blob)
		release->key = fuzz_sealed_key(f);
	if (by_blob || fuzz_chance(&f->random, 2)) {
		uint8_t bytes[BASTION_BLOB_MAX];
		size_t len = blob->len;

		memcpy(bytes, blob->bytes, sizeof(bytes));
		if (fuzz_chance(&f->random, 25))
			fuzz_mutate(&f->random, bytes, len);
		release->blob_len = fuzz_chance(&f->random, 90) ? len : fuzz_number(&f->random);
		release->blob = fuzz_place(f, 1, bytes, len, fuzz_somewhere(f, 85));
	}
}

static void look_at_info(struct fuzz *f, const union args *args)
{
	const struct bastion_info *info = &args->info;

	if (info->abi != BASTION_ABI_VERSION || info->state > BASTION_STATE_FAILED ||
	    info->reason > BASTION_REASON_REMOVED || info->kind > BASTION_CHIP_TPM ||
	    info->registers != BASTION_MR_COUNT)
		fuzz_violation(f, "INFO says abi %u, state %u, reason %u, %u registers", info->abi,
			       info->state, info->reason, info->registers);
	if (!f->shared->hostile && info->state != BASTION_STATE_LOCKED &&
	    info->state != BASTION_STATE_ATTESTED)
		fuzz_violation(f, "INFO says state %u with a good chip", info->state);
}

static void look_at_begin(struct fuzz *f, const union args *args)
{
	const struct bastion_round_begin *begin = &args->begin;

	if (begin->chip_nonce_len != (f->shared->is_tpm ? 32 : BASTION_CHIP_NONCE_SIZE) ||
	    begin->boot_key[0] != 4)
		fuzz_violation(f, "ROUND_BEGIN gives a nonce of %u bytes", begin->chip_nonce_len);
}

static void look_at_quote(struct fuzz *f, const union args *args)
{
	if (!args->quote.quote_size || args->quote.quote_size > BASTION_QUOTE_MAX)
		fuzz_violation(f, "QUOTE gives %u bytes", args->quote.quote_size);
}

static void look_at_list(struct fuzz *f, const union args *args)
{
	const struct bastion_verifier_list *list = &args->list;

	if (list->count > BASTION_VERIFIERS_MAX)
		fuzz_violation(f, "VERIFIER_LIST says that there are %u", list->count);
	for (uint32_t i = 0; i < list->count && i < BASTION_VERIFIERS_MAX; i++)
		if (list->entries[i].live > 1 ||
		    (!list->entries[i].live && list->entries[i].remaining_ms))
			fuzz_violation(f, "VERIFIER_LIST: live %u, %llu ms", list->entries[i].live,
				       (unsigned long long)list->entries[i].remaining_ms);
}

static void look_at_release(struct fuzz *f, const union args *args)
{
	if (args->release.serial <= 0)
		fuzz_violation(f, "RELEASE gives the key %d", args->release.serial);
	else
		fuzz_note_released(f, args->release.serial);
}

static const struct row {
	unsigned long cmd;
	size_t size;
	enum fuzz_call call;
	bool privileged;
	unsigned int weight;
	void (*fill)(struct fuzz *f, union args *args);
	void (*look)(struct fuzz *f, const union args *args);
} rows[] = {
	{ BASTION_IOC_INFO, sizeof(struct bastion_info), FUZZ_INFO, false, 10, NULL,
	  look_at_info },
	{ BASTION_IOC_ROUND_BEGIN, sizeof(struct bastion_round_begin), FUZZ_ROUND_BEGIN, true, 6,
	  fill_begin, look_at_begin },
	{ BASTION_IOC_QUOTE, sizeof(struct bastion_quote), FUZZ_QUOTE, true, 10, fill_quote,
	  look_at_quote },
	{ BASTION_IOC_GRANT, sizeof(struct bastion_grant_args), FUZZ_GRANT, true, 10, fill_grant,
	  NULL },
	{ BASTION_IOC_RELOCK, sizeof(struct bastion_relock), FUZZ_RELOCK, true, 1, NULL, NULL },
	{ BASTION_IOC_VERIFIER_ADD, sizeof(struct bastion_verifier_add), FUZZ_VERIFIER_ADD, true,
	  3, fill_add, NULL },
	{ BASTION_IOC_VERIFIER_REMOVE, sizeof(struct bastion_verifier_remove),
	  FUZZ_VERIFIER_REMOVE, true, 1, fill_remove, NULL },
	{ BASTION_IOC_VERIFIER_LIST, sizeof(struct bastion_verifier_list), FUZZ_VERIFIER_LIST,
	  true, 6, NULL, look_at_list },
	{ BASTION_IOC_EXTEND, sizeof(struct bastion_extend), FUZZ_EXTEND, true, 4, fill_extend,
	  NULL },
	{ BASTION_IOC_RELEASE, sizeof(struct bastion_release), FUZZ_RELEASE, false, 40,
	  fill_release, look_at_release },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static const struct row *some_row(struct fuzz *f)
{
	unsigned int all = 0, at;

	for (size_t i = 0; i < ROWS; i++)
		all += rows[i].weight;
	at = fuzz_below(&f->random, all);
	for (size_t i = 0; i < ROWS - 1; i++) {
		if (at < rows[i].weight)
			return &rows[i];
		at -= rows[i].weight;
	}
	return &rows[ROWS - 1];
}

/**
 * struct call - one ioctl
 * @size:	in the struct
 * @number_size: in the ioctl's number
 * @cmd:	the number
 * @fd:		index in fds
 * @where:	the struct is
 */
struct call {
	const struct row *row;
	union args args;
	size_t size;
	size_t number_size;
	unsigned long cmd;
	unsigned int fd;
	enum fuzz_where where;
};

static void choose_size(struct fuzz *f, struct call *call)
{
	size_t size = call->row->size;

	switch (fuzz_below(&f->random, 10)) {
	case 0:
		size = fuzz_below(&f->random, size);
		break;
	case 1:		/* more, of zeroes or not */
		size += 1 + fuzz_below(&f->random, fuzz_chance(&f->random, 50) ? 16 : ARGS_MAX - size);
		if (fuzz_chance(&f->random, 50))
			call->args.bytes[fuzz_below(&f->random, size)] ^= 1;
		break;
	}
	call->size = call->number_size = size;
	if (fuzz_chance(&f->random, 5))
		call->size = fuzz_number(&f->random);
}

static void choose_number(struct fuzz *f, struct call *call)
{
	unsigned int dir = _IOC_READ | _IOC_WRITE, type = BASTION_IOC_MAGIC;
	unsigned int number = _IOC_NR(call->row->cmd);

	if (fuzz_chance(&f->random, 3))
		number = fuzz_number(&f->random) & _IOC_NRMASK;
	if (fuzz_chance(&f->random, 1))
		dir = fuzz_below(&f->random, 4);
	if (fuzz_chance(&f->random, 1))
		type = fuzz_number(&f->random) & _IOC_TYPEMASK;
	call->cmd = _IOC(dir, type, number, call->number_size & _IOC_SIZEMASK);
	call->fd = fuzz_chance(&f->random, 98) ? fuzz_below(&f->random, 2) :
						 2 + fuzz_below(&f->random, 2);
}

/* The row that the kernel must take it for, or NULL. */
static const struct row *row_of(const struct call *call)
{
	if (_IOC_DIR(call->cmd) != (_IOC_READ | _IOC_WRITE) ||
	    _IOC_TYPE(call->cmd) != BASTION_IOC_MAGIC || call->fd >= 2)
		return NULL;
	for (size_t i = 0; i < ROWS; i++)
		if (_IOC_NR(rows[i].cmd) == _IOC_NR(call->cmd))
			return &rows[i];
	return NULL;
}

/* The only error that it can be, or 0. */
static int certain_error(struct fuzz *f, const struct call *call, const struct row *row)
{
	if (row->privileged && !f->privileged)
		return EPERM;
	if (call->where == FUZZ_NOWHERE)
		return EFAULT;
	/* Less than a size is there: then it cannot be read. */
	if (call->where != FUZZ_TORN && call->number_size >= sizeof(uint32_t) &&
	    call->size != call->number_size)
		return EINVAL;
	return 0;
}

/* Changed fields may ask for a wait without end: few do, and a signal ends it. */
static void bound_wait(struct fuzz *f, struct call *call)
{
	struct bastion_release *release = &call->args.release;

	if (call->row->call == FUZZ_RELEASE && release->timeout_ms > 1000 &&
	    fuzz_chance(&f->random, 95))
		release->timeout_ms = 1000;
}

static void perform(struct fuzz *f, struct call *call)
{
	const struct row *row = row_of(call);
	uint64_t at = fuzz_place(f, 0, &call->args, call->number_size, call->where);
	int error = ioctl(f->fds[call->fd], call->cmd, at) < 0 ? errno : 0, certain;

	/* Nobody else gets anywhere before a round ends. */
	if (_IOC_NR(call->cmd) == _IOC_NR(BASTION_IOC_ROUND_BEGIN) && call->fd < 2 &&
	    fuzz_chance(&f->random, 90))
		fuzz_open_again(f, call->fd);
	if (!row) {
		fuzz_result(f, FUZZ_OTHER_IOCTL, error);
		return;
	}
	fuzz_result(f, row->call, error);
	certain = certain_error(f, call, row);
	if (certain && error != certain && !(f->shared->hostile && error == ENODEV))
		fuzz_violation(f, "ioctl %#lx: %s, not %s", _IOC_NR(call->cmd),
			       error ? strerrorname_np(error) : "good", strerrorname_np(certain));
	/* What is longer than the kernel knows is not written to. */
	if (!error && row->look && call->where == FUZZ_GOOD && call->number_size >= row->size) {
		memcpy(&call->args, (void *)(uintptr_t)at, call->number_size);
		row->look(f, &call->args);
		for (size_t i = row->size; i < call->number_size; i++)
			if (call->args.bytes[i])
				fuzz_violation(f, "byte %zu of ioctl %#lx was written", i,
					       _IOC_NR(call->cmd));
	}
}

void fuzz_ioctl(struct fuzz *f)
{
	struct call call = { .row = some_row(f) };
	bool right = fuzz_chance(&f->random, f->shared->hostile ? 80 : 50);

	if (call.row->fill)
		call.row->fill(f, &call.args);
	call.size = call.number_size = call.row->size;
	call.cmd = call.row->cmd;
	call.where = FUZZ_GOOD;
	if (!right) {
		if (fuzz_chance(&f->random, 50))
			fuzz_mutate(&f->random, &call.args, call.row->size);
		choose_size(f, &call);
		choose_number(f, &call);
		call.where = fuzz_somewhere(f, 80);
	}
	call.args.size = call.size;
	bound_wait(f, &call);
	perform(f, &call);
}
