// SPDX-License-Identifier: GPL-2.0
/* bastion-verifier: judges machines and signs grants. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "verifier.h"

static const struct verifier_command commands[] = {
	{ "keygen", "--out DIR\n"
	  "\tMake the grant key and the key for results.", verifier_keygen },
	{ "digest", "FILE.pem\n"
	  "\tPrint the digest by which machines know a verifier's public grant key.",
	  verifier_digest },
	{ "reference", "--kernel FILE [--initrd FILE] --cmdline TEXT [--name NAME] [--firmware HEX]\n"
	  "\tPrint a policy's \"reference\" for booting these.\n"
	  "reference --evidence FILE [--name NAME]\n"
	  "\tPrint one from a TPM's evidence, of a machine that is known to be good.",
	  verifier_reference },
	{ "enroll", "--machines DIR --request FILE --name NAME {--roots DIR | --chip HEX}\n"
	  "\t\t[--valid SECONDS] [--credential FILE]\n"
	  "\tJudge a machine's request, and wrap a secret for its TPM.\n"
	  "enroll --machines DIR --response FILE [--again]\n"
	  "\tPut the machine on record if the secret came back.\n"
	  "enroll --machines DIR --evidence FILE --name NAME --policy FILE --keys DIR --nonce HEX\n"
	  "\t\t[--chip HEX]\n"
	  "\tPut a machine with a Bastionchip on record.\n"
	  "enroll --machines DIR --from FILE [--name NAME] [--again]\n"
	  "\tBelieve a record, without any proof.", verifier_enroll },
	{ "machines", "--machines DIR [--json]\n"
	  "\tList the machines that were enrolled.", verifier_machines },
	{ "policy", "check FILE [--json]\n"
	  "\tSay whether a policy can be used, and what it allows and leaves open.\n"
	  "policy learn --name NAME [--log FILE] [--ima FILE] [--add FILE]\n"
	  "\tPrint reference values from the logs of a machine that is known to be good.\n"
	  "policy diff OLD NEW [--json]\n"
	  "\tSay what changes between two policies, or two files of reference values.\n"
	  "policy simulate --policy FILE {--log FILE [--boot-log FILE] [--ima FILE] |\n"
	  "\t\t--evidence FILE} [--kernel FILE] [--initrd FILE] [--cmdline TEXT] [--verifier HEX] [--json]\n"
	  "\tSay what a policy would make of logs, or of the next boot.", verifier_policy },
	{ "inspect", "quote FILE [--roots FILE.pem] [--evidence] [--json]\n"
	  "\tShow what a chip signed, and check the signature and the certificates.\n"
	  "inspect {boot-log|ima-log|log} FILE [--bank NAME]... [--hash NAME] [--expect FILE]\n"
	  "\t\t[--json]\n"
	  "\tReplay a log and show the registers that it leads to, or compare them.\n"
	  "inspect tpm-quote --attest FILE --signature FILE --key FILE [--qualifying-data HEX]\n"
	  "\t\t[--pcrs FILE] [--json]\n"
	  "\tCheck a quote that a TPM made, and show what it covers.\n"
	  "inspect ek-cert FILE --roots DIR [--at TIME] [--json]\n"
	  "\tCheck a TPM's endorsement certificate, and show whose make the TPM is.",
	  verifier_inspect },
	{ "challenge", "\n\tPrint a fresh nonce.", verifier_challenge },
	{ "verify", "--policy FILE --keys DIR --nonce HEX [--grant FILE] [--token FILE] [--ear FILE]\n"
	  "\t\t[--result FILE] [--policies FILE] [--machines DIR] [--audience TEXT] [--json] EVIDENCE\n"
	  "\tJudge evidence from a file, or from the standard input (-).", verifier_verify },
	{ "serve", "--policy FILE --keys DIR --socket PATH [--state DIR]\n"
	  "\t\t[--machines DIR [--enroll FILE [--roots DIR]]] [--audience TEXT] [--once]\n"
	  "\tJudge the evidence of those who connect; --state keeps what they brought.\n"
	  "\tWhom FILE expects may enroll.", verifier_serve },
};

int verifier_usage(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("bastion-verifier: ", stderr);
	vfprintf(stderr, fmt, args);
	fputs("\nTry 'bastion-verifier --help'.\n", stderr);
	va_end(args);
	return VERIFIER_USAGE;
}

int verifier_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("bastion-verifier: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return VERIFIER_REFUSED;
}

static int help(void)
{
	puts("Usage: bastion-verifier COMMAND ...\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		printf("%s %s\n", commands[i].name, commands[i].help);
	puts("\nExit status: 0 done or granted, 1 refused or failed, 2 wrong usage.\n"
	     "See bastion-verifier(1).");
	return VERIFIER_OK;
}

/* Wherever it stands, but for file names after "--". */
static bool wants_help(char *const *args)
{
	for (; *args && strcmp(*args, "--"); args++)
		if (!strcmp(*args, "--help"))
			return true;
	return false;
}

/* Keys and tokens are in memory: no core dump, no debugger of the same user. */
static void stay_private(void)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return verifier_usage("which command?");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return help();
	if (!strcmp(argv[1], "--version")) {
		puts(VERIFIER_BUILD);
		return VERIFIER_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		if (wants_help(argv + 2)) {
			printf("bastion-verifier %s %s\n", commands[i].name, commands[i].help);
			return VERIFIER_OK;
		}
		return commands[i].run(argc - 1, argv + 1);
	}
	return verifier_usage("no command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	int code;

	stay_private();
	code = run(argc, argv);
	/* Output that did not arrive is no success. */
	if (fflush(stdout) || ferror(stdout))
		return verifier_fail("cannot write the output");
	return code;
}
