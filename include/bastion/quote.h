/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The native chip's quote: an Entity Attestation Token (RFC 9711) as a CWT
 * claims set (RFC 8392) in a tagged COSE_Sign1 (RFC 9052), deterministic CBOR
 * (RFC 8949, 4.2.1).
 *
 *	18([ protected bstr, {}, payload bstr, signature bstr (96) ])
 *	protected: { 1: -35 (ES384), 33: x5chain (RFC 9360) }
 *
 * x5chain is an array of DER certificates, leaf first, root left out. The
 * unprotected map is empty. payload is the map of exactly these claims:
 */
#ifndef BASTION_QUOTE_H
#define BASTION_QUOTE_H

#include <bastion/chip.h>

#define BASTION_EAT_PROFILE	"tag:bastion.example,2026:quote/1"

/* COSE */
#define BASTION_COSE_SIGN1_TAG	18
#define BASTION_COSE_ALG	1
#define BASTION_COSE_ES384	(-35)
#define BASTION_COSE_X5CHAIN	33

/* Claims that RFC 9711 names (IANA CWT claims registry) */
#define BASTION_EAT_NONCE	10	/* bstr: the 48-byte qualifying data */
#define BASTION_EAT_UEID	256	/* bstr (33): 0x01 || first 32 bytes of the chip id */
#define BASTION_EAT_HWMODEL	259	/* bstr: the model's ASCII */
#define BASTION_EAT_HWVERSION	260	/* [tstr]: decimal */
#define BASTION_EAT_UPTIME	261	/* uint: whole seconds since power on */
#define BASTION_EAT_DBGSTAT	263	/* uint: 0 enabled, 1 disabled, 2 since boot, 3 permanently */
#define BASTION_EAT_PROFILE_CLAIM 265	/* tstr: BASTION_EAT_PROFILE */
#define BASTION_EAT_BOOTCOUNT	267	/* uint */
#define BASTION_EAT_SWNAME	270	/* tstr: "bastion-firmware" */
#define BASTION_EAT_SWVERSION	271	/* [tstr] */

#define BASTION_DBGSTAT_ENABLED		0
#define BASTION_DBGSTAT_DISABLED	1

/* Claims of ours, private use (less than -65536) */
#define BASTION_EAT_CHIP_ID	(-70001)	/* bstr (48) */
#define BASTION_EAT_CHIP_NONCE	(-70002)	/* bstr (48) */
#define BASTION_EAT_SVN		(-70003)	/* uint */
#define BASTION_EAT_REGISTERS	(-70004)	/* array of 8 bstr (48) */
#define BASTION_EAT_EXTENSIONS	(-70005)	/* bstr (48): SHA-384(mr5 || mr6 || mr7) */
#define BASTION_EAT_LIFECYCLE	(-70006)	/* uint: BASTION_LIFECYCLE_* */
#define BASTION_EAT_UPTIME_MS	(-70007)	/* uint: milliseconds since power on */

#endif
