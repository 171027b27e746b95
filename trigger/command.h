/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The commands of `ulp`, one file each: trigger/cmd_<name>.c.  ulp.c holds the
 * table that finds them by name.
 *
 * argv[0] is "ulp NAME", so that usage texts and getopt's messages name the
 * command; the command's own options and operands follow.  Each function
 * returns the exit status of the program: 0, or a status of the list in
 * container/err.h.  Wrong usage may also end the program with status 2 (argp).
 */
#ifndef ULP_TRIGGER_COMMAND_H
#define ULP_TRIGGER_COMMAND_H

int cmd_trigger(int argc, char **argv);
int cmd_patches(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_messages(int argc, char **argv);
int cmd_set_patchable(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_extract(int argc, char **argv);
int cmd_livepatchable(int argc, char **argv);

#endif
