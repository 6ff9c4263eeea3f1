/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: what happens, to whom, how long it took and what came of it.
 *
 * Never a secret, a token, a nonce, or a digest of one of these: whoever may read
 * the trace learns nothing that sysfs, the log and a sealed key's header do not say.
 * Documentation/tracing.rst explains every field.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bastion

#if !defined(_BASTION_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _BASTION_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

#include <bastion/blob.h>
#include <bastion/chip.h>
#include <uapi/linux/bastion.h>

#include "key_parse.h"

/* What a round does, in its order. */
#ifndef _BASTION_TRACE_ONCE
#define _BASTION_TRACE_ONCE
enum bastion_trace_step {
	BASTION_TRACE_BEGIN,
	BASTION_TRACE_QUOTE,
	BASTION_TRACE_GRANT
};

/* So much of a verifier's digest tells verifiers apart. */
#define BASTION_TRACE_VERIFIER_SIZE	8
/* For a uid that is not known. */
#define BASTION_TRACE_NOBODY		0xffffffffu
/* The status of a command that was not answered as the protocol has it. */
#define BASTION_TRACE_NO_STATUS		0xffffffffu

static inline s64 bastion_trace_uid(u32 uid)
{
	return uid == BASTION_TRACE_NOBODY ? -1 : (s64)uid;
}

static inline s64 bastion_trace_owner(const struct bastion_blob_header *header)
{
	return header->name[0] ? bastion_trace_uid(le32_to_cpu(header->owner)) : -1;
}
#endif

/* To programs that read the format, these would be names without a value. */
TRACE_DEFINE_ENUM(BASTION_STATE_SELFTEST);
TRACE_DEFINE_ENUM(BASTION_STATE_LOCKED);
TRACE_DEFINE_ENUM(BASTION_STATE_ATTESTED);
TRACE_DEFINE_ENUM(BASTION_STATE_FAILED);
TRACE_DEFINE_ENUM(BASTION_REASON_PROBE);
TRACE_DEFINE_ENUM(BASTION_REASON_GRANT);
TRACE_DEFINE_ENUM(BASTION_REASON_EXPIRED);
TRACE_DEFINE_ENUM(BASTION_REASON_RELOCK);
TRACE_DEFINE_ENUM(BASTION_REASON_VERIFIERS);
TRACE_DEFINE_ENUM(BASTION_REASON_REGISTERS);
TRACE_DEFINE_ENUM(BASTION_REASON_RESET);
TRACE_DEFINE_ENUM(BASTION_REASON_SUSPEND);
TRACE_DEFINE_ENUM(BASTION_REASON_CHIP);
TRACE_DEFINE_ENUM(BASTION_REASON_EXTEND);
TRACE_DEFINE_ENUM(BASTION_REASON_SELF_TEST);
TRACE_DEFINE_ENUM(BASTION_REASON_REMOVED);
TRACE_DEFINE_ENUM(BASTION_TRACE_BEGIN);
TRACE_DEFINE_ENUM(BASTION_TRACE_QUOTE);
TRACE_DEFINE_ENUM(BASTION_TRACE_GRANT);
TRACE_DEFINE_ENUM(BASTION_KEY_NEW);
TRACE_DEFINE_ENUM(BASTION_KEY_ECDSA);
TRACE_DEFINE_ENUM(BASTION_KEY_IMPORT);
TRACE_DEFINE_ENUM(BASTION_KEY_LOAD);
TRACE_DEFINE_ENUM(BASTION_KEY_REBIND);

#define bastion_trace_state(state)					\
	__print_symbolic(state,						\
			 { BASTION_STATE_SELFTEST, "selftest" },	\
			 { BASTION_STATE_LOCKED, "locked" },		\
			 { BASTION_STATE_ATTESTED, "attested" },	\
			 { BASTION_STATE_FAILED, "failed" })

#define bastion_trace_reason(reason)					\
	__print_symbolic(reason,					\
			 { BASTION_REASON_PROBE, "probe" },		\
			 { BASTION_REASON_GRANT, "grant" },		\
			 { BASTION_REASON_EXPIRED, "expired" },		\
			 { BASTION_REASON_RELOCK, "relock" },		\
			 { BASTION_REASON_VERIFIERS, "verifiers" },	\
			 { BASTION_REASON_REGISTERS, "registers" },	\
			 { BASTION_REASON_RESET, "reset" },		\
			 { BASTION_REASON_SUSPEND, "suspend" },		\
			 { BASTION_REASON_CHIP, "chip" },		\
			 { BASTION_REASON_EXTEND, "extend" },		\
			 { BASTION_REASON_SELF_TEST, "self-test" },	\
			 { BASTION_REASON_REMOVED, "removed" })

#define bastion_trace_step(step)					\
	__print_symbolic(step,						\
			 { BASTION_TRACE_BEGIN, "begin" },		\
			 { BASTION_TRACE_QUOTE, "quote" },		\
			 { BASTION_TRACE_GRANT, "grant" })

#define bastion_trace_verb(verb)					\
	__print_symbolic(verb,						\
			 { BASTION_KEY_NEW, "new" },			\
			 { BASTION_KEY_ECDSA, "ecdsa" },		\
			 { BASTION_KEY_IMPORT, "import" },		\
			 { BASTION_KEY_LOAD, "load" },			\
			 { BASTION_KEY_REBIND, "rebind" })

#define bastion_trace_status(status)					\
	__print_symbolic(status,					\
			 { BASTION_STATUS_OK, "OK" },			\
			 { BASTION_STATUS_BAD_OPCODE, "BAD_OPCODE" },	\
			 { BASTION_STATUS_BAD_LENGTH, "BAD_LENGTH" },	\
			 { BASTION_STATUS_BAD_ARGUMENT, "BAD_ARGUMENT" }, \
			 { BASTION_STATUS_NOT_TESTED, "NOT_TESTED" },	\
			 { BASTION_STATUS_TEST_FAILED, "TEST_FAILED" },	\
			 { BASTION_STATUS_NO_GRANT, "NO_GRANT" },	\
			 { BASTION_STATUS_DENIED, "DENIED" },		\
			 { BASTION_STATUS_BAD_SIGNATURE, "BAD_SIGNATURE" }, \
			 { BASTION_STATUS_STALE_NONCE, "STALE_NONCE" },	\
			 { BASTION_STATUS_BAD_GRANT, "BAD_GRANT" },	\
			 { BASTION_STATUS_BAD_BLOB, "BAD_BLOB" },	\
			 { BASTION_STATUS_WRONG_CHIP, "WRONG_CHIP" },	\
			 { BASTION_STATUS_BAD_REGISTER, "BAD_REGISTER" }, \
			 { BASTION_STATUS_BUSY, "BUSY" },		\
			 { BASTION_STATUS_INTERNAL, "INTERNAL" },	\
			 { BASTION_STATUS_OLD_BLOB, "OLD_BLOB" },	\
			 { BASTION_TRACE_NO_STATUS, "none" })

#define bastion_trace_type(type)					\
	__print_symbolic(type,						\
			 { BASTION_TYPE_LOGON, "logon" },		\
			 { BASTION_TYPE_FSCRYPT, "fscrypt" },		\
			 { BASTION_TYPE_USER, "user" },			\
			 { 0, "none" })

/*
 * A command to a chip has ended, or could not be sent. @result is what
 * bastion_mailbox_call() returns: the output's length, or an error.
 */
TRACE_EVENT(bastion_command,
	TP_PROTO(const struct device *dev, const char *command, size_t in_len, ssize_t result,
		 u32 status, u64 duration_ns),
	TP_ARGS(dev, command, in_len, result, status, duration_ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__string(command, command)
		__field(u32, in_len)
		__field(u32, out_len)
		__field(u32, status)
		__field(int, error)
		__field(u64, duration_ns)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev_name(dev));
		compat_assign_str(command, command);
		__entry->in_len = in_len;
		__entry->out_len = result < 0 ? 0 : result;
		__entry->status = result < 0 ? BASTION_TRACE_NO_STATUS : status;
		__entry->error = result < 0 ? result : 0;
		__entry->duration_ns = duration_ns;
	),
	TP_printk("dev=%s command=%s in_len=%u out_len=%u status=%s error=%d duration_ns=%llu",
		  __get_str(dev), __get_str(command), __entry->in_len, __entry->out_len,
		  bastion_trace_status(__entry->status), __entry->error, __entry->duration_ns)
);

/* The gate has changed its state. */
TRACE_EVENT(bastion_state,
	TP_PROTO(const struct device *dev, enum bastion_state from, enum bastion_state to,
		 enum bastion_reason reason),
	TP_ARGS(dev, from, to, reason),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, from)
		__field(u32, to)
		__field(u32, reason)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev_name(dev));
		__entry->from = from;
		__entry->to = to;
		__entry->reason = reason;
	),
	TP_printk("dev=%s from=%s to=%s reason=%s", __get_str(dev),
		  bastion_trace_state(__entry->from),
		  bastion_trace_state(__entry->to),
		  bastion_trace_reason(__entry->reason))
);

/* A grant has become live. */
TRACE_EVENT(bastion_grant,
	TP_PROTO(const struct device *dev, const u8 *verifier, u64 lifetime_ms, u32 entries),
	TP_ARGS(dev, verifier, lifetime_ms, entries),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__array(u8, verifier, BASTION_TRACE_VERIFIER_SIZE)
		__field(u64, lifetime_ms)
		__field(u32, entries)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev_name(dev));
		memcpy(__entry->verifier, verifier, BASTION_TRACE_VERIFIER_SIZE);
		__entry->lifetime_ms = lifetime_ms;
		__entry->entries = entries;
	),
	TP_printk("dev=%s verifier=%s lifetime_ms=%llu entries=%u", __get_str(dev),
		  __print_hex_str(__entry->verifier, BASTION_TRACE_VERIFIER_SIZE),
		  __entry->lifetime_ms, __entry->entries)
);

/* A grant has ended, and @keys keys that were released under it with it. */
TRACE_EVENT(bastion_grant_end,
	TP_PROTO(const struct device *dev, const u8 *verifier, enum bastion_reason reason,
		 u32 keys),
	TP_ARGS(dev, verifier, reason, keys),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__array(u8, verifier, BASTION_TRACE_VERIFIER_SIZE)
		__field(u32, reason)
		__field(u32, keys)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev_name(dev));
		memcpy(__entry->verifier, verifier, BASTION_TRACE_VERIFIER_SIZE);
		__entry->reason = reason;
		__entry->keys = keys;
	),
	TP_printk("dev=%s verifier=%s reason=%s keys=%u", __get_str(dev),
		  __print_hex_str(__entry->verifier, BASTION_TRACE_VERIFIER_SIZE),
		  bastion_trace_reason(__entry->reason), __entry->keys)
);

/* A step of a round has been taken, or refused with an error. */
TRACE_EVENT(bastion_round,
	TP_PROTO(const struct device *dev, enum bastion_trace_step step, int result),
	TP_ARGS(dev, step, result),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, step)
		__field(int, result)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev_name(dev));
		__entry->step = step;
		__entry->result = result;
	),
	TP_printk("dev=%s step=%s result=%d", __get_str(dev),
		  bastion_trace_step(__entry->step), __entry->result)
);

/*
 * A sealed key was asked for. @header is parsed, or all zero when it did not
 * come to that; @waited_ns is the time spent waiting for grants.
 */
TRACE_EVENT(bastion_release,
	TP_PROTO(const struct device *dev, const struct bastion_blob_header *header, u32 type,
		 u32 requester, bool upcall, int result, u64 waited_ns),
	TP_ARGS(dev, header, type, requester, upcall, result, waited_ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__string(name, (const char *)header->name)
		__field(u32, type)
		__field(s64, owner)
		__field(s64, requester)
		__field(bool, upcall)
		__field(int, result)
		__field(u64, waited_ns)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev_name(dev));
		compat_assign_str(name, (const char *)header->name);
		__entry->type = type;
		__entry->owner = bastion_trace_owner(header);
		__entry->requester = bastion_trace_uid(requester);
		__entry->upcall = upcall;
		__entry->result = result;
		__entry->waited_ns = waited_ns;
	),
	TP_printk("dev=%s name=%s type=%s owner=%lld requester=%lld door=%s result=%d waited_ns=%llu",
		  __get_str(dev), __get_str(name), bastion_trace_type(__entry->type),
		  __entry->owner, __entry->requester,
		  __entry->upcall ? "request_key" : "ioctl", __entry->result, __entry->waited_ns)
);

/* A signature was asked for; arguments as for bastion_release. */
TRACE_EVENT(bastion_sign,
	TP_PROTO(const struct device *dev, const struct bastion_blob_header *header,
		 u32 requester, int result, u64 waited_ns),
	TP_ARGS(dev, header, requester, result, waited_ns),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__string(name, (const char *)header->name)
		__field(s64, owner)
		__field(s64, requester)
		__field(int, result)
		__field(u64, waited_ns)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev_name(dev));
		compat_assign_str(name, (const char *)header->name);
		__entry->owner = bastion_trace_owner(header);
		__entry->requester = bastion_trace_uid(requester);
		__entry->result = result;
		__entry->waited_ns = waited_ns;
	),
	TP_printk("dev=%s name=%s owner=%lld requester=%lld result=%d waited_ns=%llu",
		  __get_str(dev), __get_str(name), __entry->owner,
		  __entry->requester, __entry->result, __entry->waited_ns)
);

/*
 * A key of type bastion was made, loaded or moved, or was not: then with an
 * error. @dev is NULL when no chip was involved, @owner BASTION_TRACE_NOBODY when
 * it is not known. @name has passed bastion_name_valid().
 */
TRACE_EVENT(bastion_key,
	TP_PROTO(const struct device *dev, enum bastion_key_verb verb, const char *name,
		 u32 owner, int result),
	TP_ARGS(dev, verb, name, owner, result),
	TP_STRUCT__entry(
		__string(dev, dev ? dev_name(dev) : "none")
		__string(name, name)
		__field(u32, verb)
		__field(s64, owner)
		__field(int, result)
	),
	TP_fast_assign(
		compat_assign_str(dev, dev ? dev_name(dev) : "none");
		compat_assign_str(name, name);
		__entry->verb = verb;
		__entry->owner = bastion_trace_uid(owner);
		__entry->result = result;
	),
	TP_printk("dev=%s verb=%s name=%s owner=%lld result=%d", __get_str(dev),
		  bastion_trace_verb(__entry->verb), __get_str(name),
		  __entry->owner, __entry->result)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
