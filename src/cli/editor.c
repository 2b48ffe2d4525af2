/* SPDX-License-Identifier: MIT */
/*
 * editor: runs one as git and kubectl do: its command through the shell, as it may have options.
 *
 * The text may hold what nobody else is to read. A directory of mode 0700 also keeps what editors
 * leave beside a file: backups, and new files that take the place of the first one.
 */
#include "cli/editor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

static volatile sig_atomic_t ended_by; /* the signal that ends this program */
static volatile sig_atomic_t child;    /* the editor, while it runs */

static void on_signal(int number)
{
	ended_by = number;
	if (child > 0)
		(void)kill((pid_t)child, SIGTERM);
}

/* How signals were taken before. */
struct manners {
	struct sigaction interrupt, quit, term, hangup;
};

/* ^C is the editor's business; an end waits for the file's. */
static void take_signals(struct manners *before)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, note = {.sa_handler = on_signal};

	ended_by = 0;
	(void)sigaction(SIGINT, &ignore, &before->interrupt);
	(void)sigaction(SIGQUIT, &ignore, &before->quit);
	(void)sigaction(SIGTERM, &note, &before->term);
	(void)sigaction(SIGHUP, &note, &before->hangup);
}

static void give_signals_back(const struct manners *before)
{
	(void)sigaction(SIGINT, &before->interrupt, NULL);
	(void)sigaction(SIGQUIT, &before->quit, NULL);
	(void)sigaction(SIGTERM, &before->term, NULL);
	(void)sigaction(SIGHUP, &before->hangup, NULL);
	if (ended_by)
		(void)raise(ended_by);
}

/* --- the file -------------------------------------------------------------------------------- */

static char *make_directory(struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = mem_printf("%s/tunnelctl-XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (mkdtemp(dir))
		return dir;
	(void)err_set_errno(err, -errno, "'%s'", dir);
	free(dir);
	return NULL;
}

static void remove_directory(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	while (d && (entry = readdir(d)) != NULL) {
		/* "." and ".." are refused, and so is a directory that an editor made */
		(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		(void)closedir(d);
	(void)rmdir(dir);
}

static int write_file(const char *path, const struct str *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	size_t n;

	if (!f) {
		(void)err_set_errno(err, -errno, "'%s'", path);
		if (fd >= 0)
			(void)close(fd);
		return -EIO;
	}
	n = fwrite(str_get(text), 1, text->len, f);
	if (fclose(f) != 0 || n < text->len)
		return err_set(err, -EIO, "'%s' cannot be written", path);
	return 0;
}

static int read_file(const char *path, struct str *text, struct err *err)
{
	FILE *f = fopen(path, "re");
	char piece[4096];
	size_t n;

	if (!f)
		return err_set_errno(err, -errno, "'%s'", path);
	str_clear(text);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		str_add_n(text, piece, n);
	(void)fclose(f);
	if (text->failed)
		return err_set(err, -EFBIG, "this is longer than %zu bytes", text->max);
	return 0;
}

/* --- the program ----------------------------------------------------------------------------- */

static const char *command(void)
{
	const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");

	if (visual && *visual)
		return visual;
	return editor && *editor ? editor : "vi";
}

static NORETURN void become_editor(const char *path)
{
	/* the shell makes way, so that a signal reaches the editor, unless it has more to do */
	bool plain = !strpbrk(command(), "|&;<>()$`=");
	CLEANUP(mem_cleanup)
	char *line = mem_printf("%s%s \"$@\"", plain ? "exec " : "", command());

	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)execl("/bin/sh", "sh", "-c", line, command(), path, (char *)NULL);
	_exit(127);
}

static int wait_for(pid_t pid, struct err *err)
{
	int status = 0;

	child = pid;
	if (ended_by) /* before it could be passed on */
		(void)kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	child = 0;
	if (ended_by)
		return err_set(err, -EINTR, "interrupted");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, -ECANCELED, "the editor '%s' did not end well", command());
	return 0;
}

static int edit(const char *path, struct str *text, struct err *err)
{
	int r = write_file(path, text, err);
	pid_t pid;

	if (r < 0)
		return r;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0)
		become_editor(path);
	if (pid < 0)
		return err_set_errno(err, -errno, "the editor cannot be started");
	r = wait_for(pid, err);
	return r < 0 ? r : read_file(path, text, err);
}

int editor_run(struct str *text, const char *name, struct err *err)
{
	CLEANUP(mem_cleanup) char *dir = NULL;
	CLEANUP(mem_cleanup) char *path = NULL;
	struct manners before;
	int r = -EIO;

	take_signals(&before);
	dir = make_directory(err);
	if (dir) {
		path = mem_printf("%s/%s", dir, name);
		r = edit(path, text, err);
		remove_directory(dir);
	}
	give_signals_back(&before);
	return r;
}
