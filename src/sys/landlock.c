/* SPDX-License-Identifier: MIT */
/*
 * landlock: landlock(7) by its system calls, which no library wraps.
 *
 * The daemons call this when their configuration is known and their sockets are open. Rules are on
 * directories, never on files, so that a reload finds what was replaced or added meanwhile; and
 * since a reload may name any file, all is read but what is people's own. What
 * the rules do not touch: sockets (Unix ones included: origins connect anywhere), and descriptors
 * that are open already. Everything is best effort: where a right is unknown to the kernel it is
 * left out, and where there is no Landlock the units' ProtectSystem= and the like still hold.
 */
#include "sys/landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#if WITH_LANDLOCK
#include <linux/landlock.h>

/* Newer than the headers of some systems that this is built on. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_SIGNAL (1ULL << 1)
#endif

/* Sockets may be made anywhere: a reload may add a listener. */
#define ACCESS_READ                                                                                \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define ACCESS_WRITE                                                                               \
	(ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |            \
		LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR |                      \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_TRUNCATE)

/* The kernel's struct landlock_ruleset_attr as of version 6; older ones take less of it. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* Every right of the file system that version @abi can take away. */
static uint64_t handled(int abi)
{
	uint64_t all = LANDLOCK_ACCESS_FS_REFER - 1;

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		all |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	return all;
}

bool landlock_begin(struct landlock *l)
{
	struct ruleset r = {0};
	size_t size = sizeof(r.fs);

	memset(l, 0, sizeof(*l));
	l->fd = -1;
	l->abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);
	if (l->abi < 1)
		return false;
	r.fs = handled(l->abi);
	if (l->abi >= 6) {
		r.scoped = LANDLOCK_SCOPE_SIGNAL;
		size = sizeof(r);
	}
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
	return l->fd >= 0;
}

void landlock_allow(struct landlock *l, const char *dir, enum landlock_access how)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = (how == LANDLOCK_WRITE ? ACCESS_WRITE : ACCESS_READ) &
				  handled(l->abi)};

	if (l->fd < 0 || !dir || !*dir)
		return;
	rule.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return;
	if (syscall(SYS_landlock_add_rule, l->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
		str_list_add(how == LANDLOCK_WRITE ? &l->write : &l->read, dir);
	close(rule.parent_fd);
}

static void tell(const struct str_list *dirs, const char *what)
{
	CLEANUP(str_deinit) struct str line = STR_INIT(4096);

	for (size_t i = 0; i < dirs->n; i++)
		str_addf(&line, " %s", dirs->items[i]);
	log_debug("Landlock: %s below:%s", what, str_get(&line));
}

bool landlock_enforce(struct landlock *l)
{
	bool holds = l->fd >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		     syscall(SYS_landlock_restrict_self, l->fd, 0) == 0;

	if (holds) {
		tell(&l->read, "files are read");
		tell(&l->write, "files are written");
	} else {
		log_debug("Landlock does not hold (version %d), ignoring", l->abi);
	}
	if (l->fd >= 0)
		close(TAKE_FD(l->fd));
	str_list_deinit(&l->read);
	str_list_deinit(&l->write);
	return holds;
}
#else
bool landlock_begin(struct landlock *l)
{
	memset(l, 0, sizeof(*l));
	l->fd = -1;
	return false;
}

void landlock_allow(struct landlock *l, const char *dir, enum landlock_access how)
{
}

bool landlock_enforce(struct landlock *l)
{
	return false;
}
#endif

static void allow_dir_of(struct landlock *l, const char *path, enum landlock_access how)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(mem_cleanup)
	char *dir = !slash          ? mem_strdup(".")
		    : slash == path ? mem_strdup("/")
				    : mem_printf("%.*s", (int)(slash - path), path);

	landlock_allow(l, dir, how);
}

void landlock_allow_beside(struct landlock *l, const char *path, enum landlock_access how)
{
	char real[PATH_MAX];

	if (!path || !*path)
		return;
	allow_dir_of(l, path, how);
	if (realpath(path, real) && strcmp(real, path) != 0)
		allow_dir_of(l, real, how);
}

/* Where people keep their own, and what says much about the machine. */
static bool is_private(const char *name)
{
	static const char *const names[] = {".", "..", "boot", "home", "lost+found", "root", "sys"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(name, names[i]))
			return true;
	}
	return false;
}

void landlock_allow_system(struct landlock *l)
{
	const struct dirent *e;
	DIR *top = l->fd >= 0 ? opendir("/") : NULL;

	while (top && (e = readdir(top)) != NULL) {
		CLEANUP(mem_cleanup) char *dir = mem_printf("/%s", e->d_name);

		if (!is_private(e->d_name))
			landlock_allow(l, dir, LANDLOCK_READ);
	}
	if (top)
		closedir(top);
	landlock_allow_beside(l, "/proc/self/exe", LANDLOCK_READ); /* debuggers read the program */
	landlock_allow(l, getenv("CREDENTIALS_DIRECTORY"), LANDLOCK_READ);
}
