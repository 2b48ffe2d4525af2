/* SPDX-License-Identifier: MIT */
/* main of tunneltod; all of it is command, which the static tunnelto runs, too. */
#include "client/command.h"

int main(int argc, char **argv)
{
	return command_main(argc, argv);
}
