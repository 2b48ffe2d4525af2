/* SPDX-License-Identifier: MIT */
/*
 * whole_file: what ends this program half-way must leave nothing behind, for nobody would look for
 * it, and it holds what its reader was to have alone. So the file has no name while it is written
 * (O_TMPFILE, open(2)): the kernel drops it with us, whatever ends us. Where the file system knows
 * no such files it has one beside its place, and the signals that end programs take it away first;
 * only SIGKILL leaves it there.
 */
#include "cli/whole_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"

#define FDS         "/proc/self/fd"
#define NAME_TRIES  100
#define FD_PATH_MAX 32

static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/* --- a file with a name beside its place ----------------------------------------------------- */

static const char *volatile doomed; /* what a signal takes away */

static void on_signal(int number)
{
	if (doomed)
		(void)unlink(doomed);
	(void)raise(number); /* once we return, as if we had not been here */
}

/* Who ignores a signal, or has other plans with it, goes on doing so. */
static void take_signals(void)
{
	const struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	struct sigaction now;

	for (size_t i = 0; i < ARRAY_SIZE(ending); i++) {
		if (sigaction(ending[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
			(void)sigaction(ending[i], &act, NULL);
	}
}

static void block_signals(sigset_t *before)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, before);
}

static int create_beside(struct whole_file *w)
{
	sigset_t before;
	int fd, error;

	w->beside = mem_printf("%s.XXXXXX", w->path);
	block_signals(&before);
	fd = mkostemp(w->beside, O_CLOEXEC);
	error = errno;
	if (fd >= 0) {
		doomed = w->beside;
		take_signals();
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return fd < 0 ? -error : fd;
}

/* --- a file without a name ------------------------------------------------------------------- */

static int create_nameless(const struct whole_file *w)
{
	const char *slash = strrchr(w->path, '/');
	CLEANUP(mem_cleanup)
	char *dir = slash ? mem_strndup(w->path, (size_t)(slash - w->path) + 1) : mem_strdup(".");
	int fd;

	if (access(FDS, X_OK) < 0)
		return -errno; /* it could not be named later on */
	fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int link_as(const char *from, const char *path)
{
	return linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* A name cannot be taken over by a link, but by a rename: it has one in between. */
static int replace(const struct whole_file *w, const char *from)
{
	int r = -EEXIST;

	for (int i = 0; i < NAME_TRIES && r == -EEXIST; i++) {
		CLEANUP(mem_cleanup) char *beside = NULL;
		unsigned int number = 0;

		if (getrandom(&number, sizeof(number), 0) < 0)
			return -errno;
		beside = mem_printf("%s.%08x", w->path, number);
		r = link_as(from, beside);
		if (r == 0 && rename(beside, w->path) < 0) {
			r = -errno;
			(void)unlink(beside);
		}
	}
	return r;
}

static int give_name(const struct whole_file *w)
{
	char from[FD_PATH_MAX];
	sigset_t before;
	int r;

	(void)snprintf(from, sizeof(from), FDS "/%d", fileno(w->file));
	r = link_as(from, w->path);
	if (r != -EEXIST)
		return r;
	block_signals(&before);
	r = replace(w, from);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* --- both ------------------------------------------------------------------------------------ */

static void forget(struct whole_file *w)
{
	if (w->beside)
		doomed = NULL;
	mem_replace(&w->beside, NULL);
	mem_replace(&w->path, NULL);
}

static int open_file(struct whole_file *w, const char *path, bool nameless)
{
	int fd = -EOPNOTSUPP;

	assert(!doomed);
	*w = (struct whole_file){.path = mem_strdup(path)};
	if (nameless)
		fd = create_nameless(w);
	if (fd < 0)
		fd = create_beside(w);
	if (fd < 0) {
		forget(w);
		return fd;
	}
	w->file = fdopen(fd, "w");
	if (!w->file)
		abort(); /* only without memory */
	return 0;
}

int whole_file_open(struct whole_file *w, const char *path)
{
	return open_file(w, path, /* nameless= */ true);
}

int whole_file_open_beside(struct whole_file *w, const char *path)
{
	return open_file(w, path, /* nameless= */ false);
}

/* Everything that was written is there, and stays there. */
static int sync_file(FILE *file)
{
	errno = 0;
	if (!ferror(file) && fflush(file) == 0 && fsync(fileno(file)) == 0)
		return 0;
	return errno ? -errno : -EIO;
}

int whole_file_commit(struct whole_file *w)
{
	int r = sync_file(w->file);

	if (r == 0 && !w->beside)
		r = give_name(w);
	else if (r == 0 && rename(w->beside, w->path) < 0)
		r = -errno;
	if (r < 0) {
		whole_file_drop(w);
		return r;
	}
	(void)fclose(w->file); /* it has nothing to write any more */
	w->file = NULL;
	forget(w);
	return 0;
}

void whole_file_drop(struct whole_file *w)
{
	(void)fclose(w->file);
	w->file = NULL;
	if (w->beside)
		(void)unlink(w->beside);
	forget(w);
}
