/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate as a model: rounds, grants, release, relock and revocation, with a helper that
 * does what it likes, root beside it that drives the chip behind the module's back, and a
 * chip that is reset at any time. Spin tries every order in which their steps can happen
 * (scripts/check-model); Documentation/model.rst says what is in it and what is not.
 *
 * A step is what the code does under gate->lock, or one command of the chip. The locks that
 * are held across commands (round_lock, exchange, log->lock) are locks here, too.
 *
 * BREAK is the number of a defect, each of which must be found: scripts/check-model again.
 */
#ifndef BREAK
#define BREAK	0
#endif

#define ROUNDS		2	/* that the helper begins */
#ifndef GRANTS
#define GRANTS		2	/* that it can get out of the verifier */
#endif
#define SUBMITS		2	/* of any of them */
#ifndef RELEASES
#define RELEASES	1	/* that each user asks for */
#endif
#ifndef EVENTS
#define EVENTS		2	/* root's, or a relock, a measurement, an expiry, a reset */
#endif
#define USERS		2
#define OWNER		0	/* the user whose key it is */

mtype = { SELFTEST, LOCKED, ATTESTED, FAILED };

/* What may follow what: kmod/gate.c has the same table. */
#define MAY(from, to) \
	((from == SELFTEST && (to == SELFTEST || to == LOCKED || to == FAILED)) || \
	 (from == LOCKED && (to == LOCKED || to == ATTESTED || to == SELFTEST || to == FAILED)) || \
	 (from == ATTESTED && (to == ATTESTED || to == LOCKED || to == SELFTEST || to == FAILED)) || \
	 (from == FAILED && (to == FAILED || to == SELFTEST)))

/* Values of the registers that a grant names. */
#define GOOD		0
#define BAD		1	/* something was measured that no verifier accepts */
#define UNMEASURED	2	/* since a reset */
#define GARBAGE		3	/* no log explains it */

/* A key in a keyring */
#define NONE		0
#define BOUND		1	/* it has a grant, and no payload yet */
#define LIVE		2
#define DEAD		3

/* The chip. A grant is its number, from 1; 0 is none. Its token is the same number. */
byte chip_resets;
byte chip_nonce;
byte chip_registers = GOOD;
byte chip_grant;
byte nonces;

/* The kernel */
mtype gate = LOCKED;
byte seen_resets;
byte log_registers = GOOD;	/* what the log says */
byte live;			/* the grant */
bool round_open, round_quoted, round_dead, round_dirty;
byte round_number;		/* its kernel nonce */
byte round_nonce;
byte round_registers;
byte key_state[USERS];
byte key_grant[USERS];

bool round_locked, log_locked, exchange_locked;
byte exchange_readers;

/* What the verifier has signed, all of it in the helper's hands. */
byte grants;
byte grant_round[GRANTS + 1];
byte grant_nonce[GRANTS + 1];
byte grant_resets[GRANTS + 1];
byte grant_registers[GRANTS + 1];

/* Nobody's: what the properties are about. */
bool accepted[GRANTS + 1];	/* by the kernel */
bool taken[GRANTS + 1];		/* by the chip */
bool measured[USERS];
bool closed;			/* everything was ended since the round began */

inline acquire(lock) { atomic { !lock -> lock = true } }
inline drop(lock) { lock = false }

/* Below: under gate->lock, in one step. */

inline set_state(next) { assert(MAY(gate, next)); gate = next }

inline revoke_one(user, grant)
{
	if
	:: key_grant[user] == grant && (key_state[user] == BOUND || key_state[user] == LIVE) ->
		if
		:: BREAK == 1 -> skip
		:: else -> key_state[user] = DEAD
		fi
	:: else -> skip
	fi
}

inline end_grant()
{
	if
	:: live != 0 ->
		revoke_one(0, live);
		revoke_one(1, live);
		live = 0
	:: else -> skip
	fi
}

inline settle()
{
	if
	:: gate == ATTESTED && live == 0 -> set_state(LOCKED)
	:: else -> skip
	fi
}

inline end_all()
{
	end_grant();
	closed = true;
	if
	:: BREAK == 2 -> skip
	:: else -> round_dead = true
	fi
}

inline gate_lock()
{
	d_step {
		end_all();
		if
		:: gate == ATTESTED || BREAK == 3 -> set_state(LOCKED)
		:: else -> skip
		fi
	}
}

/* The chip is told: it must not drop a grant that is live here. */
inline relock_chip() { d_step { assert(live == 0 || chip_grant == 0); chip_grant = 0 } }

/* By who has exchange */
inline gate_relock_exchanging() { gate_lock(); relock_chip() }

inline gate_relock()
{
	gate_lock();
	if
	:: BREAK == 15 -> relock_chip()
	:: else ->
		atomic { !exchange_locked && exchange_readers == 0 -> exchange_locked = true };
		gate_relock_exchanging();
		drop(exchange_locked)
	fi
}

inline begin_anew() { end_all(); set_state(SELFTEST) }

inline gate_fail() { d_step { end_all(); set_state(FAILED) } }

/* What the new grant covers lives on under it; what it covers is the verifier's choice. */
inline carry_over(user, old, new)
{
	if
	:: key_grant[user] == old && (key_state[user] == BOUND || key_state[user] == LIVE) ->
		key_grant[user] = new
	:: else -> skip
	fi
}

/* The chip's commands, each in one step. */

inline chip_take_nonce() { d_step { nonces++; chip_nonce = nonces } }

/* The verifier signs what the chip has quoted, if it accepts the registers. */
inline chip_quote(number)
{
	d_step {
		if
		:: chip_registers == GOOD && grants < GRANTS ->
			grants++;
			grant_round[grants] = number;
			grant_nonce[grants] = chip_nonce;
			grant_resets[grants] = chip_resets;
			grant_registers[grants] = chip_registers
		:: else -> skip
		fi
	}
}

/* G2: once. */
inline chip_take_grant(grant, ok)
{
	d_step {
		ok = (BREAK == 4 || (chip_nonce != 0 && grant_nonce[grant] == chip_nonce)) &&
		     grant_resets[grant] == chip_resets && grant_registers[grant] == chip_registers;
		if
		:: ok -> assert(!taken[grant]); taken[grant] = true; chip_grant = grant; chip_nonce = 0
		:: else -> skip
		fi
	}
}

inline chip_extend(value)
{
	d_step {
		chip_registers = (chip_registers == UNMEASURED || chip_registers == GARBAGE ->
				  GARBAGE : value);
		if
		:: BREAK == 5 -> skip
		:: else -> chip_grant = 0
		fi
	}
}

/* G1, G3: what the chip gives up, it gives up for a grant that the kernel has accepted, in the state
 * that was appraised, to whoever was measured. G8: and for its owner. */
inline chip_unseal(user, token, given)
{
	d_step {
		given = token != 0 && (chip_grant == token || BREAK == 6);
		if
		:: given ->
			assert(chip_grant == token && accepted[token]);
			assert(grant_resets[token] == chip_resets);
			assert(grant_registers[token] == chip_registers);
			assert(measured[user]);
			assert(user == OWNER)
		:: else -> skip
		fi
	}
}

/* Who asks for keys: the owner, and somebody who holds the same blob. */
proctype user(byte me)
{
	byte grant, token, times;
	bool given;

	do
	:: times == RELEASES -> break
	:: times < RELEASES && (me == OWNER || BREAK == 7) ->
		times++;
end_waiting:	atomic { live != 0 -> grant = live }
		acquire(log_locked);
		measured[me] = (BREAK != 8);
		drop(log_locked);

		atomic { !exchange_locked -> exchange_readers++ }
		d_step {
			token = (live == grant || BREAK == 9 -> grant : 0);
			assert(token == 0 || token == live)	/* G1 */
		};
		given = false;
		if
		:: token != 0 -> chip_unseal(me, token, given)
		:: else -> skip
		fi;
		exchange_readers--;

		if
		:: given ->
			d_step {
				if
				:: live == grant || BREAK == 10 ->
					key_state[me] = BOUND;
					key_grant[me] = grant
				:: else -> skip
				fi
			};
			d_step {
				if
				:: key_state[me] == BOUND -> key_state[me] = LIVE
				:: else -> skip
				fi
			}
		:: !given && token != 0 ->
			/* The chip knows nothing of a grant that is live here? */
			acquire(log_locked);
			token = (live == grant -> grant : 0);
			drop(log_locked);
			if
			:: token != 0 -> gate_relock()
			:: else -> skip
			fi
		:: else -> skip
		fi;
		grant = 0;
		token = 0
	:: times < RELEASES && me != OWNER && BREAK != 7 -> break	/* EACCES */
	od
}

/* ROUND_BEGIN */
inline round_begin()
{
	acquire(round_locked);
	if
	:: (gate == LOCKED || gate == ATTESTED) && chip_resets == seen_resets ->
		d_step {
			round_open = true;
			round_quoted = false;
			round_dead = false;
			round_dirty = false;
			round_number++;
			closed = false
		};
		chip_take_nonce();
		round_nonce = chip_nonce
	:: else -> skip
	fi;
	drop(round_locked)
}

/* QUOTE */
inline round_quote()
{
	acquire(round_locked);
	if
	:: round_open && !round_quoted && !round_dead && chip_resets == seen_resets ->
		round_quoted = true;
		acquire(log_locked);
		round_dirty = false;
		round_registers = chip_registers;
		chip_quote(round_number);
		drop(log_locked)
	:: else -> skip
	fi;
	drop(round_locked)
}

/* Does the grant fit the round? */
#define FITS(grant) \
	((grant_round[grant] == round_number || BREAK == 11) && \
	 grant_nonce[grant] == round_nonce && grant_resets[grant] == seen_resets && \
	 grant_registers[grant] == round_registers)

/* G2, G6: once, for the round that it was made for, and for none that began before the gate closed. */
inline gate_install(grant, ok)
{
	d_step {
		ok = (!round_dead || BREAK == 12) && (!round_dirty || BREAK == 13) &&
		     (gate == LOCKED || gate == ATTESTED);
		if
		:: ok ->
			assert(!accepted[grant]);
			assert(grant_round[grant] == round_number);
			assert(!closed);
			assert(grant_registers[grant] == log_registers || log_locked);
			accepted[grant] = true;
			if
			:: live != 0 && carries ->
				carry_over(0, live, grant);
				carry_over(1, live, grant)
			:: else -> skip
			fi;
			end_grant();
			live = grant;
			set_state(ATTESTED)
		:: else -> skip
		fi
	}
}

/* GRANT */
inline round_grant(grant)
{
	acquire(round_locked);
	if
	:: round_open && round_quoted && !round_dead && chip_resets == seen_resets && FITS(grant) ->
		atomic { !exchange_locked && exchange_readers == 0 -> exchange_locked = true };
		chip_take_grant(grant, ok);
		if
		:: ok && chip_resets == seen_resets -> gate_install(grant, ok)
		:: else -> ok = false
		fi;
		if
		:: !ok -> gate_relock_exchanging()
		:: else -> skip
		fi;
		drop(exchange_locked)
	:: else -> skip
	fi;
	round_open = false;
	drop(round_locked)
}

/* Carries bytes, any of them, in any order. */
proctype helper()
{
	byte rounds, submits, which;
	bool ok, carries;

	do
	:: rounds < ROUNDS -> rounds++; round_begin()
	:: round_open && !round_quoted -> round_quote()
	:: submits < SUBMITS && grants > 0 ->
		submits++;
		if
		:: which = 1
		:: grants > 1 -> which = 2
#if GRANTS > 2
		:: grants > 2 -> which = 3
#endif
		fi;
		if
		:: carries = true
		:: carries = false
		fi;
		round_grant(which);
		which = 0;
		ok = false;
		carries = false
	:: break
	od
}

/* Maps the BARs: a round of its own, of which the kernel knows nothing. It has no token. */
proctype root()
{
	bool ok;

	if
	:: chip_take_nonce()
	:: skip
	fi;
	if
	:: chip_registers == UNMEASURED -> chip_registers = GOOD	/* the log is public */
	:: skip
	fi;
	if
	:: chip_quote(0)
	:: skip
	fi;
	if
	:: grants > 0 -> chip_take_grant(1, ok)
	:: grants > 1 -> chip_take_grant(2, ok)
	:: skip
	fi
}

proctype relocks()
{
	gate_relock()
}

/* Something is measured into a register that grants name; or the chip does not take it. */
proctype measures()
{
	acquire(log_locked);
	if
	:: chip_resets == seen_resets ->
		if
		:: chip_extend(BAD);
		   log_registers = BAD;
		   d_step {
			round_dirty = true;
			if
			:: BREAK == 14 -> skip
			:: else -> end_grant(); settle()
			fi
		   }
		:: gate_fail()
		fi
	:: else -> skip
	fi;
	drop(log_locked)
}

proctype expires()
{
	if
	:: d_step { live != 0 -> end_grant(); settle() }
	:: skip
	fi
}

/* Power is cut, and comes back. */
proctype resets()
{
	d_step {
		chip_resets++;
		chip_nonce = 0;
		chip_grant = 0;
		chip_registers = UNMEASURED
	}
}

/* The work item that a reset or a failure starts. */
proctype recovers()
{
	byte resets_now;

end:	do
	:: chip_resets != seen_resets ->
		d_step { begin_anew() };
		acquire(round_locked);
		resets_now = chip_resets;
		acquire(log_locked);
		d_step {
			seen_resets = resets_now;
			begin_anew()
		};
		/* Who was there before the log cannot have been the kernel. */
		d_step {
			if
			:: chip_registers == UNMEASURED -> chip_registers = log_registers
			:: else -> end_all(); set_state(FAILED)
			fi;
			chip_grant = 0
		};
		drop(log_locked);
		d_step {
			if
			:: gate == SELFTEST -> set_state(LOCKED)
			:: else -> skip
			fi
		};
		resets_now = 0;
		drop(round_locked)
	od
}

/*
 * G4: a key that can be used has a grant that is live, in the state that was appraised (but for
 * the moment in which the one who measures tells the gate). And the state says what is.
 */
#define KEY_GOOD(user) \
	(key_state[user] != LIVE || \
	 (live == key_grant[user] && (log_locked || grant_registers[live] == log_registers)))

active proctype monitor()
{
end:	atomic {
		!KEY_GOOD(0) || !KEY_GOOD(1) || (live != 0) != (gate == ATTESTED) ||
		key_state[1 - OWNER] == LIVE ->
		assert(false)
	}
}

/* Of what else happens, any EVENTS of the five in one run. */
#define MAYBE(event) if :: events < EVENTS -> events++; run event() :: skip fi

init {
	byte events;

	atomic {
		run user(0);
		run user(1);
		run helper();
		run recovers();
		MAYBE(root);
		MAYBE(relocks);
		MAYBE(measures);
		MAYBE(expires);
		MAYBE(resets);
		events = 0
	}
}
