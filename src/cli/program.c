/* SPDX-License-Identifier: MIT */
/*
 * program: verbs that need no daemon on the socket (check, one-shot tunnels) become the daemon's
 * program. Secrets never pass here: a key travels as the name of its file.
 */
#include "cli/program.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void program_init(struct program *p, const char *name)
{
	memset(p, 0, sizeof(*p));
	program_add(p, name);
}

void program_deinit(struct program *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(TAKE_PTR(p->argv[i]));
	p->n = 0;
}

void program_add(struct program *p, const char *arg)
{
	assert(p->n < PROGRAM_ARGS_MAX);
	p->argv[p->n++] = mem_strdup(arg);
}

void program_add_option(struct program *p, const char *option, const char *value)
{
	if (!value)
		return;
	program_add(p, option);
	program_add(p, value);
}
