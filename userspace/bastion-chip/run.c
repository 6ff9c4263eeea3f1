// SPDX-License-Identifier: GPL-2.0
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <jansson.h>

#include "bastion-chip/audit.h"
#include "bastion-chip/bytes.h"
#include "bastion-chip/control.h"
#include "bastion-chip/engine.h"
#include "bastion-chip/ivshmem.h"
#include "bastion-chip/loop.h"
#include "bastion-chip/mailbox.h"
#include "bastion-chip/qmp.h"
#include "bastion-chip/run.h"

/** struct machine - everything that runs */
struct machine {
	const struct chip_run_options *options;
	struct chip_loop loop;
	struct chip_faults faults;
	struct chip_fuzz fuzz;
	struct chip_audit audit;
	struct chip chip;
	struct chip_mailbox mailbox;
	struct chip_ivshmem ivshmem;
	struct chip_qmp qmp;
	struct chip_control control;
	struct chip_source signals;
	bool powered;
};

static bool cycle(struct machine *machine, const char *event, const char *detail)
{
	struct complaint why;

	chip_audit_forget(&machine->audit);
	if (chip_power_on(&machine->chip, &machine->options->boot, &why)) {
		/* A boot that the platform did not measure may not look like one. */
		chip_power_off(&machine->chip);
		machine->options->complain(why.text);
		return false;
	}
	chip_audit_event(&machine->audit, event, machine->chip.memory.boot_count, detail);
	return true;
}

static bool power_on(void *data, void *memory)
{
	struct machine *machine = data;

	if (!cycle(machine, "power-on", NULL))
		return false;
	machine->powered = true;
	chip_mailbox_attach(&machine->mailbox, memory);
	chip_qmp_start(&machine->qmp);
	return true;
}

static void power_off(void *data)
{
	struct machine *machine = data;

	chip_qmp_stop(&machine->qmp);
	chip_mailbox_detach(&machine->mailbox);
	chip_power_off(&machine->chip);
	chip_audit_forget(&machine->audit);
	chip_audit_event(&machine->audit, "power-off", machine->chip.memory.boot_count, NULL);
	machine->powered = false;
}

static void reset(struct machine *machine, const char *event, const char *detail)
{
	if (!machine->powered)
		return;
	/* The host sees it at once, however long the disk takes to store the boot count. */
	chip_mailbox_reset(&machine->mailbox);
	/* Without measurements the chip is as good as gone. */
	if (!cycle(machine, event, detail))
		chip_mailbox_vanish(&machine->mailbox);
}

static void reset_by_fault(void *data)
{
	reset(data, "reset", "fault");
}

static void reset_by_guest(void *data)
{
	reset(data, "power-cycle", "qmp");
}

static void doorbell(void *data)
{
	struct machine *machine = data;

	chip_mailbox_scan(&machine->mailbox);
}

static void ring(void *data)
{
	struct machine *machine = data;

	chip_ivshmem_ring(&machine->ivshmem);
}

static void reply_json(json_t *object, char reply[CHIP_REPLY_MAX])
{
	size_t len = json_dumpb(object, reply, CHIP_REPLY_MAX - 1,
				JSON_COMPACT | JSON_PRESERVE_ORDER);

	reply[len < CHIP_REPLY_MAX ? len : 0] = 0;
	json_decref(object);
}

static void status_reply(struct machine *machine, char reply[CHIP_REPLY_MAX])
{
	const struct chip *chip = &machine->chip;
	char chip_id[2 * BASTION_DIGEST_SIZE + 1];

	chip_hex(chip->identity.spki_digest, BASTION_DIGEST_SIZE, chip_id);
	reply_json(json_pack("{s:b, s:s, s:I, s:i, s:b, s:b, s:i, s:i}", "powered",
			     machine->powered, "chip_id", chip_id, "boot_count",
			     (json_int_t)chip->memory.boot_count, "reset_generation",
			     machine->mailbox.generation, "tested", chip->now.tested, "vanished",
			     machine->mailbox.vanished, "grants",
			     chip_grants_count(&chip->now.grants), "faults",
			     (int)machine->faults.count), reply);
}

static void audit_reply(struct machine *machine, char reply[CHIP_REPLY_MAX])
{
	const struct chip_audit *audit = &machine->audit;

	reply_json(json_pack("{s:I, s:I, s:I, s:I}", "lines", (json_int_t)audit->lines, "commands",
			     (json_int_t)audit->commands, "released", (json_int_t)audit->released,
			     "ungranted", (json_int_t)audit->ungranted), reply);
}

static void fault_command(struct machine *machine, const char *spec, char reply[CHIP_REPLY_MAX])
{
	struct complaint why;

	if (chip_faults_add(&machine->faults, spec, &why)) {
		snprintf(reply, CHIP_REPLY_MAX, "error: %s", why.text);
		return;
	}
	chip_audit_event(&machine->audit, "fault", machine->chip.memory.boot_count, spec);
	strcpy(reply, "ok");
}

static void fuzz_command(struct machine *machine, const char *spec, char reply[CHIP_REPLY_MAX])
{
	struct complaint why;

	if (chip_fuzz_set(&machine->fuzz, spec, &why)) {
		snprintf(reply, CHIP_REPLY_MAX, "error: %s", why.text);
		return;
	}
	chip_audit_event(&machine->audit, "fuzz", machine->chip.memory.boot_count, spec);
	strcpy(reply, "ok");
}

static void control_command(void *data, char *line, char reply[CHIP_REPLY_MAX])
{
	struct machine *machine = data;

	strcpy(reply, "ok");
	if (!strncmp(line, "fault ", 6))
		fault_command(machine, line + 6, reply);
	else if (!strncmp(line, "fuzz ", 5))
		fuzz_command(machine, line + 5, reply);
	else if (!strcmp(line, "status"))
		status_reply(machine, reply);
	else if (!strcmp(line, "audit"))
		audit_reply(machine, reply);
	else if (!strcmp(line, "vanish"))
		chip_mailbox_vanish(&machine->mailbox);
	else if (!strcmp(line, "reset"))
		reset(machine, "reset", "control");
	else if (!strcmp(line, "power-cycle"))
		reset(machine, "power-cycle", "control");
	else
		strcpy(reply, "error: commands are status, audit, reset, power-cycle, vanish, "
			      "fault SPEC, fuzz SPEC");
}

static void signal_ready(void *data)
{
	struct machine *machine = data;

	chip_loop_stop(&machine->loop);
}

static int watch_signals(struct machine *machine, struct complaint *why)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	machine->signals = (struct chip_source){
		.fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC),
		.ready = signal_ready,
		.data = machine,
	};
	if (machine->signals.fd < 0)
		return complain(why, "signalfd: %s", strerror(errno));
	chip_loop_add(&machine->loop, &machine->signals);
	return 0;
}

static void connect_parts(struct machine *machine)
{
	const struct chip_run_options *options = machine->options;

	machine->faults = options->faults;
	machine->mailbox.chip = &machine->chip;
	machine->mailbox.loop = &machine->loop;
	machine->fuzz.ring = ring;
	machine->fuzz.data = machine;
	machine->mailbox.faults = &machine->faults;
	machine->mailbox.fuzz = &machine->fuzz;
	machine->mailbox.audit = &machine->audit;
	machine->mailbox.latency_ns = options->latency_us * 1000;
	machine->mailbox.ring = ring;
	machine->mailbox.reset = reset_by_fault;
	machine->mailbox.data = machine;
	machine->ivshmem.loop = &machine->loop;
	machine->ivshmem.power_on = power_on;
	machine->ivshmem.power_off = power_off;
	machine->ivshmem.doorbell = doorbell;
	machine->ivshmem.data = machine;
	machine->ivshmem.interrupts = options->interrupts;
	machine->qmp.loop = &machine->loop;
	machine->qmp.path = options->qmp;
	machine->qmp.reset = reset_by_guest;
	machine->qmp.data = machine;
	machine->control.loop = &machine->loop;
	machine->control.command = control_command;
	machine->control.data = machine;
	chip_mailbox_init(&machine->mailbox);
	chip_qmp_init(&machine->qmp);
}

/* The sockets come last, and QEMU's after the control's: who sees it can use both. */
static int serve(struct machine *machine, struct complaint *why)
{
	const struct chip_run_options *options = machine->options;
	int error = -1;

	if (watch_signals(machine, why))
		return -1;
	if (options->control && chip_control_listen(&machine->control, options->control, why))
		goto close_signals;
	if (chip_ivshmem_listen(&machine->ivshmem, options->socket, why))
		goto close_control;
	error = chip_loop_run(&machine->loop);
	if (error)
		complain(why, "poll: %s", strerror(-error));
	chip_ivshmem_close(&machine->ivshmem);
	unlink(options->socket);
close_control:
	if (options->control) {
		chip_control_close(&machine->control);
		unlink(options->control);
	}
close_signals:
	close(machine->signals.fd);
	return error ? -1 : 0;
}

int chip_run(const struct chip_run_options *options, struct complaint *why)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	int error = -1;

	if (!machine)
		return complain(why, "out of memory");
	/* Latencies of microseconds are meant. */
	prctl(PR_SET_TIMERSLACK, 1);
	machine->options = options;
	connect_parts(machine);
	if (options->fuzz && chip_fuzz_set(&machine->fuzz, options->fuzz, why))
		goto free_machine;
	if (chip_open(&machine->chip, options->chip, why))
		goto free_machine;
	error = chip_audit_open(&machine->audit, options->audit);
	if (error) {
		error = complain(why, "%s: %s", options->audit, strerror(-error));
		goto close_chip;
	}
	error = serve(machine, why);
	chip_audit_close(&machine->audit);
close_chip:
	chip_close(&machine->chip);
free_machine:
	free(machine);
	return error;
}
