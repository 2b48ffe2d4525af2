/* SPDX-License-Identifier: MIT */
#pragma once

/* certs_test: the certificates of tests/data/certs.sh in a directory of one test program. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"

static char certs_dir[64];

/* The path of @name in the directory; a few may be in use at once. */
static inline const char *cert(const char *name)
{
	static char path[8][128];
	static unsigned int next;
	char *to = path[next++ % 8];

	(void)snprintf(to, sizeof(path[0]), "%s/%s", certs_dir, name);
	return to;
}

static UNUSED int certs_run(const char *program, const char *one, const char *two)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		execlp(program, program, one, two, (char *)NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 0 : -1;
}

/* Group set-up: CERTS_SH is the script's path, from the makefile. */
static UNUSED int certs_setup(void **state)
{
	(void)snprintf(certs_dir, sizeof(certs_dir), "/tmp/tunnelto-certs-XXXXXX");
	return mkdtemp(certs_dir) ? certs_run(CERTS_SH, certs_dir, NULL) : -1;
}

static UNUSED int certs_teardown(void **state)
{
	return certs_run("rm", "-rf", certs_dir);
}
