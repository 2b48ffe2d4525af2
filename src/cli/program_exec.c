/* SPDX-License-Identifier: MIT */
/*
 * program_exec: finding a daemon's program, and becoming it. The static tunnelto has it inside and
 * links an object of its own in the place of this.
 */
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
#include "cli/program.h"

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

int program_exec(struct program *p)
{
	CLEANUP(mem_cleanup) char *path = find(p->argv[0]);

	(void)execv(path, p->argv);
	print_error("cannot run %s: %s", path, strerror(errno));
	return CALL_FAILED;
}
