/* SPDX-License-Identifier: MIT */
/*
 * program: verbs that need no daemon on the socket (check, one-shot tunnels) become the daemon's
 * program. Secrets never pass here: a key travels as the name of its file.
 */
#include "cli/program.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/paths.h"
#include "base/str.h"
#include "cli/call.h"
#include "cli/print.h"

/* The directory this program runs from, or NULL. */
static char *own_directory(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return mem_strdup(path);
}

/* @name in one of the places where it may stand beside us, or NULL. */
static char *beside(const char *name)
{
	static const char *const places[] = {"", "/../sbin"};
	CLEANUP(mem_cleanup) char *directory = own_directory();

	for (size_t i = 0; directory && i < ARRAY_SIZE(places); i++) {
		char *path = mem_printf("%s%s/%s", directory, places[i], name);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static char *find(const char *name)
{
	const char *given = str_eq(name, "tunneltod") ? getenv("TUNNELTO_DAEMON") : NULL;
	char *path;

	if (given && *given)
		return mem_strdup(given);
	path = beside(name);
	return path ? path : mem_printf("%s/%s", PATH_SBIN, name);
}

void program_init(struct program *p, const char *name)
{
	memset(p, 0, sizeof(*p));
	p->path = find(name);
	program_add(p, name);
}

void program_deinit(struct program *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(TAKE_PTR(p->argv[i]));
	free(TAKE_PTR(p->path));
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

int program_exec(struct program *p)
{
	(void)execv(p->path, p->argv);
	print_error("cannot run %s: %s", p->path, strerror(errno));
	return CALL_FAILED;
}
