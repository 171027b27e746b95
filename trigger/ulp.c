/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp`: finds the command in one table and hands over to it.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/report.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct command {
	const char *name;
	const char *summary; /* one line, for `ulp --help` */
	int (*run)(int argc, char **argv);
};

static const struct argp main_argp;
static int cmd_help(int argc, char **argv);

/* In the order of `ulp --help` and ulp(1). */
static const struct command commands[] = {
	{"trigger", N_("Apply live patches to running processes, or revert them"), cmd_trigger},
	{"patches", N_("List the live patches of running processes"), cmd_patches},
	{"check", N_("Tell whether a process has a live patch applied"), cmd_check},
	{"messages", N_("Print the messages of a process's runtime"), cmd_messages},
	{"set_patchable", N_("Tell processes whether to let themselves be patched"),
	 cmd_set_patchable},
	{"dump", N_("Describe container files"), cmd_dump},
	{"livepatchable", N_("Tell whether libraries can be live patched"), cmd_livepatchable},
	{"extract", N_("Keep what a later patch needs of a library's build"), cmd_extract},
	{"help", N_("Explain a command"), cmd_help},
};
#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* No command is as long; longer words are near to none. */
#define WORD_MAX 24

/* How many characters have to be put in, left out or exchanged to get b from a (Levenshtein). */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1];
	size_t len = strlen(b);

	if (strlen(a) > WORD_MAX || len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = (unsigned)j;
	for (unsigned i = 1; *a; i++, a++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (*a != b[j - 1]));
			diagonal = above;
		}
	}
	return row[len];
}

/* The command that `name` was probably meant to be: it begins so, or differs little; or NULL. */
static const struct command *near_command(const char *name)
{
	const struct command *best = NULL;
	unsigned best_distance = 3; /* more than two slips are another word */

	for (size_t i = 0; i < NR_COMMANDS; i++) {
		unsigned d = distance(name, commands[i].name);

		if (strlen(name) >= 2 && strncmp(name, commands[i].name, strlen(name)) == 0)
			d = 1;
		if (d < best_distance) {
			best_distance = d;
			best = &commands[i];
		}
	}
	return best;
}

/* Complains about a word that is no command.  Returns the exit status. */
static int unknown_command(const char *name)
{
	const struct command *near = near_command(name);
	struct report r;
	struct ulp_err err;

	report_init(&r);
	if (near)
		(void)ulp_fail(&err, ULP_EUSAGE,
			       "unknown command, did you mean '%s'?; 'ulp --help' lists all",
			       near->name);
	else
		(void)ulp_fail(&err, ULP_EUSAGE, "unknown command; 'ulp --help' lists all");
	(void)ulp_err_at(&err, "%s", name);
	return report_error(&r, &err);
}

/* argv[0] is the word given by the user; becomes "ulp NAME" (see command.h). */
static int run_command(int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	char name[8 + WORD_MAX];

	if (!command)
		return unknown_command(argv[0]);
	snprintf(name, sizeof(name), "ulp %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

static error_t parse_help(int key, char *arg, struct argp_state *state)
{
	char **command = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (*command)
			argp_error(state, _("one command at a time"));
		*command = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int cmd_help(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_help,
		.args_doc = N_("[COMMAND]"),
		.doc = N_("Prints the help of COMMAND, or the list of all commands."),
	};
	char program[] = "ulp";
	char help[] = "--help";
	char *command = NULL;
	char *args[] = {NULL, help, NULL};

	if (argp_parse(&argp, argc, argv, 0, NULL, &command) != 0)
		return ulp_code_status(ULP_EUSAGE);
	args[0] = command ? command : program;
	/* argp prints the help of the program and exits. */
	if (!command)
		return argp_parse(&main_argp, 2, args, 0, NULL, NULL);
	return run_command(2, args);
}

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	int *first = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARG:
		/* The command; what follows is its own. */
		*first = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, _("a command is missing"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Adds the table of commands to `ulp --help`.  argp frees what differs from text. */
static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t len = 0;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	f = open_memstream(&list, &len);
	if (!f)
		return NULL;
	fputs(_("Commands:\n"), f);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(f, "  %-15s %s\n", commands[i].name, _(commands[i].summary));
	fputs(_("\n'ulp help COMMAND' explains a command; ulp(1) says more."), f);
	if (fclose(f) != 0)
		return NULL;
	return list;
}

static const struct argp main_argp = {
	.parser = parse_global,
	.args_doc = N_("COMMAND [ARG...]"),
	.doc = N_("Applies live patches to running processes, reverts and lists them."),
	.help_filter = list_commands,
};

/* A full disk must not look like success: also after argp's own --help. */
static void close_stdout(void)
{
	int failed = ferror(stdout);

	if (fclose(stdout) == 0 && !failed)
		return;
	fprintf(stderr, "ulp: %s: %s\n", _("standard output"),
		errno ? strerror(errno) : _("write error"));
	_exit(ulp_code_status(ULP_ESYS));
}

/*
 * A file opened later must not get the number of a standard stream that the caller has closed:
 * what is printed would go into it, and it might be the memory of a process.  The modes are the
 * contrary ones, so that to print is an error still.
 */
static void keep_standard_streams(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", modes[fd]) != fd)
			_exit(ulp_code_status(ULP_ESYS));
}

int main(int argc, char **argv)
{
	int first = 0;

	keep_standard_streams();
	i18n_init();
	atexit(close_stdout);
	/* getopt(3) tells of wrong options by this name. */
	if (argc > 0)
		argv[0] = program_invocation_short_name;
	argp_program_version = PACKAGE_NAME " " PACKAGE_VERSION;
	argp_err_exit_status = ulp_code_status(ULP_EUSAGE);
	if (argp_parse(&main_argp, argc, argv, ARGP_IN_ORDER, NULL, &first) != 0 || first == 0)
		return ulp_code_status(ULP_EUSAGE);
	return run_command(argc - first, argv + first);
}
