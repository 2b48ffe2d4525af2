/* SPDX-License-Identifier: MIT */
/*
 * main of the static tunnelto: the command line of tunnelto, and the daemon that it would become in
 * the same program, for containers and CI runners that have neither libraries nor packages. It
 * differs from the installed one in what it is linked with: program_exec() here, ws_poll for
 * ws_guest, and no libsystemd.
 */
#include "cli/one_shot.h"
#include "cli/program.h"
#include "client/command.h"

int program_exec(struct program *p)
{
	return command_main((int)p->n, p->argv);
}

int main(int argc, char **argv)
{
	return one_shot_main(argc, (const char *const *)argv);
}
