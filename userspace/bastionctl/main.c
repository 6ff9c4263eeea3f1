// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bastionctl/ctl.h"
#include "bastionctl/report.h"

#define VERSION "0.1"

static const struct ctl_command commands[] = {
	{ "status", "", "show the gate, the chip, its registers and verifiers",
	  "What only root may see is left out for others. The exit code says nothing of the\n"
	  "gate's state; use --json and look at \"state\".\n",
	  ctl_status },
	{ "verifier", "add NAME FILE.pem | list | remove NAME|DIGEST | load",
	  "say whose grants open the gate",
	  "add     register the grant key in FILE.pem and keep it as verifiers.d/NAME.pem\n"
	  "list    what is registered or has a name\n"
	  "remove  take it from the kernel and drop its name; ends all grants\n"
	  "load    register every verifier that has a name; for use at boot\n",
	  ctl_verifier },
	{ "attest", "--socket PATH [--verifier NAME|DIGEST] [--on-demand] [--renew] "
		    "[--evidence-out FILE] [--tcti TCTI]",
	  "run a round with a verifier, which opens the gate",
	  "--socket PATH        where bastion-verifier serve listens\n"
	  "--verifier NAME      whose grant is wanted; not needed if only one is registered\n"
	  "--on-demand          stay, and run a round whenever a request waits\n"
	  "--renew              stay, and renew the grant when three quarters of it have passed\n"
	  "--evidence-out FILE  keep what was sent\n"
	  "--tcti TCTI          how to reach the TPM that is the chip; device:/dev/tpmrmN by default\n"
	  "SIGTERM ends --on-demand and --renew with 0.\n",
	  ctl_attest },
	{ "enroll", "{--socket PATH | --request FILE | --credential FILE --response FILE}\n"
		    "\t[--name NAME] [--certificate FILE] [--verifier NAME|DIGEST] [--tcti TCTI]",
	  "prove to a verifier which chip this machine has",
	  "--socket PATH        where bastion-verifier serve --enroll listens\n"
	  "--request FILE       write a request for somebody to carry to the verifier\n"
	  "--credential FILE    what the verifier made of it, to which ...\n"
	  "--response FILE      ... this is the answer, to be carried back\n"
	  "--name NAME          the machine's; its host name by default\n"
	  "--certificate FILE   of the TPM's endorsement key, in DER, where the TPM does not have it\n"
	  "--verifier NAME      whose verifier a Bastionchip's quote is for, if several are registered\n"
	  "--tcti TCTI          a TPM that need not be the kernel's chip yet\n",
	  ctl_enroll },
	{ "evidence", "--verifier NAME|DIGEST --nonce HEX [-o FILE] [--grant-from FILE|-] "
		      "[--tcti TCTI]",
	  "run a round whose messages somebody carries",
	  "--nonce HEX          the verifier's, 8 to 64 bytes\n"
	  "-o, --output FILE    where the evidence goes; the standard output by default\n"
	  "--grant-from FILE|-  hold the round open, wait for the verifier's result to appear\n"
	  "                     in FILE (or on the standard input) and pass its grant on\n"
	  "--tcti TCTI          how to reach the TPM that is the chip; device:/dev/tpmrmN by default\n"
	  "The result must come within 60 seconds. Without --grant-from the round ends at once.\n",
	  ctl_evidence },
	{ "key", "new|import|rebind|public|csr|sign|load|save|show|list ...",
	  "make, move, keep and use sealed keys",
	  "new     have the chip make a secret, derive one, or make a key pair that stays there\n"
	  "import  seal a secret that there is\n"
	  "rebind  move a key to another verifier or policy\n"
	  "public  print the public key of a key pair\n"
	  "csr     make a certification request for it\n"
	  "sign    sign a file with it\n"
	  "load    put a saved key into the keyring; works while the gate is locked\n"
	  "save    write a key's blob as hex, mode 0600\n"
	  "show    what the header of a key or file says\n"
	  "list    the keys that can be seen\n"
	  "bastionctl key VERB --help says more.\n",
	  ctl_key },
	{ "release", "NAME|SERIAL|--blob FILE [--type TYPE] [--keyring K] "
		     "[--timeout S|--nowait|--forever] [-- COMMAND...]",
	  "wait for a grant and release a key into a keyring",
	  "--blob FILE    a saved key instead of one in a keyring\n"
	  "--type TYPE    logon (default), user or fscrypt\n"
	  "--keyring K    @s (default), @u, @t, @p or a serial\n"
	  "--timeout S    wait at most S seconds; by default as long as release_timeout says\n"
	  "--nowait       fail at once when the gate is locked\n"
	  "--forever      wait without limit\n"
	  "With COMMAND it goes into a new session keyring that only COMMAND has, which is\n"
	  "then run. Prints the serial otherwise.\n",
	  ctl_release },
	{ "log", "[--binary] [--register N]", "show what was measured",
	  "--binary      the records as they are, for IMA's tools\n"
	  "--register N  of one register only\n",
	  ctl_log },
	{ "extend", "INDEX NAME FILE|-", "measure an event of the operator's",
	  "INDEX is 5, 6 or 7; ends grants that name the register.\n", ctl_extend },
	{ "relock", "", "lock the gate and revoke what was released", "", ctl_relock },
	{ "watch", "[--events]", "print every change of the gate",
	  "--events  also what the kernel's trace has: commands to the chip, rounds, grants,\n"
	  "          releases; in a tracing instance that exists as long as this runs\n"
	  "One line a change; with --json one object a line, whose \"event\" says of what kind.\n",
	  ctl_watch },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char shared_help[] =
	"Options of every command:\n"
	"  --device NODE       /dev/bastionN; the first by default\n"
	"  --config-dir DIR    instead of BASTION_CONFIG_DIR or " CTL_CONFIG_DIR "\n"
	"  --json              print JSON\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 done; 1 failed; 2 wrong usage; 3 the gate is locked; 4 refused by verifier,\n"
	"grant, chip or key; 5 timed out; 6 the chip is gone or failed.\n";

void ctl_help(const struct ctl_command *command)
{
	size_t i;

	if (command) {
		printf("Usage: bastionctl %s %s\n%s\n\n%s%s%s", command->name, command->synopsis,
		       command->summary, command->help, *command->help ? "\n" : "", shared_help);
		return;
	}
	printf("Usage: bastionctl [options] COMMAND ...\n"
	       "Keys that exist only while a verifier vouches for this machine.\n\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	printf("\nbastionctl COMMAND --help says more.\n\n%s", shared_help);
}

/* Output that did not arrive is no success. */
static int finish(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	fputs("bastionctl: cannot write the output\n", stderr);
	return code ? code : BASTION_CLASS_FAILED;
}

/* A key is made by the chip that was registered first, whatever anybody names. */
static bool has_device(const struct ctl *ctl)
{
	if (!ctl->command || strncmp(ctl->command->name, "key", 3))
		return true;
	report_usage("--device is not for keys: they belong to the chip that was registered first");
	return false;
}

int ctl_getopt(struct ctl *ctl, int argc, char **argv, const char *shorts,
	       const struct option *longs)
{
	for (;;) {
		int c = getopt_long(argc, argv, shorts, longs, NULL);

		switch (c) {
		case CTL_OPT_DEVICE:
			if (!has_device(ctl))
				return '?';
			ctl->device = optarg;
			continue;
		case CTL_OPT_CONFIG_DIR:
			ctl->config_dir = optarg;
			continue;
		case CTL_OPT_JSON:
			ctl->json = true;
			continue;
		case CTL_OPT_HELP:
			ctl_help(ctl->command);
			exit(finish(0));
		case CTL_OPT_VERSION:
			puts("bastionctl " VERSION);
			exit(finish(0));
		}
		return c;
	}
}

int ctl_open(const struct ctl *ctl, struct bastion_device *dev, struct bastion_error *err)
{
	return bastion_device_open(dev, ctl->device, err);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = { CTL_OPTIONS };
	struct ctl ctl = { .config_dir = getenv("BASTION_CONFIG_DIR") };
	char **args;
	size_t i;
	int count;

	/* tpm2-tss would write to the standard error what is told below. */
	setenv("TSS2_LOG", "all+none", 0);
	if (!ctl.config_dir || !*ctl.config_dir)
		ctl.config_dir = CTL_CONFIG_DIR;
	if (ctl_getopt(&ctl, argc, argv, "+", options) != -1)
		return BASTION_CLASS_USAGE;
	if (optind == argc)
		return report_usage("a command is missing");
	args = argv + optind;
	count = argc - optind;
	for (i = 0; i < COMMANDS; i++) {
		if (strcmp(args[0], commands[i].name))
			continue;
		ctl.command = &commands[i];
		if (ctl.device && !has_device(&ctl))
			return BASTION_CLASS_USAGE;
		optind = 0;	/* glibc: begin anew */
		return commands[i].run(&ctl, count, args);
	}
	return report_usage("no such command: %s", args[0]);
}

int main(int argc, char **argv)
{
	return finish(run(argc, argv));
}
