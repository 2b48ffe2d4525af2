/* SPDX-License-Identifier: MIT */
#pragma once

/* command: tunneltod from its command line to its exit status, see tunneltod(8). */

int command_main(int argc, char **argv);
