/* SPDX-License-Identifier: MIT */
#pragma once

/* cli_test: run a piece of tunnelctl in a child, keep what it printed, and play its daemon. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "base/mem.h"

#define CLI_TEST_TEXT 65536
#define CLI_TEST_MS   10000 /* the deadline of every wait */

struct cli_test {
	FILE *out_file, *err_file;
	char out[CLI_TEST_TEXT], err[CLI_TEST_TEXT];
	pid_t pid;
	int code;
};

typedef int cli_test_main_f(int argc, const char *const *argv);

/* Start @main with @argv (NULL-terminated) in a child. */
static inline void cli_test_start(struct cli_test *t, cli_test_main_f *main_,
	const char *const *argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	t->out_file = tmpfile();
	t->err_file = tmpfile();
	assert_non_null(t->out_file);
	assert_non_null(t->err_file);
	(void)fflush(stdout);
	(void)fflush(stderr);
	t->pid = fork();
	if (t->pid == 0) {
		int code;

		(void)dup2(fileno(t->out_file), STDOUT_FILENO);
		(void)dup2(fileno(t->err_file), STDERR_FILENO);
		(void)alarm(CLI_TEST_MS / 1000);
		program_invocation_short_name = mem_strdup(argv[0]);
		code = main_(argc, argv);
		(void)fflush(stdout);
		exit(code); /* not _exit: a leak is to be told */
	}
	assert_true(t->pid > 0);
}

static inline void cli_test_read(FILE *f, char *ret)
{
	size_t n;

	rewind(f);
	n = fread(ret, 1, CLI_TEST_TEXT - 1, f);
	ret[n] = '\0';
	(void)fclose(f);
}

/* Its end; what it printed is in .out and .err, its status in .code. */
static inline void cli_test_end(struct cli_test *t)
{
	int status;

	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	t->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	cli_test_read(t->out_file, t->out);
	cli_test_read(t->err_file, t->err);
}

/* --- the daemon's end of the socket ---------------------------------------------------------- */

struct cli_test_daemon {
	char dir[64], path[96];
	int listener, fd;
	char call[CLI_TEST_TEXT]; /* the last one received */
};

static inline void cli_test_daemon_open(struct cli_test_daemon *d)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	(void)snprintf(d->dir, sizeof(d->dir), "/tmp/tunnelctl-test-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	(void)snprintf(d->path, sizeof(d->path), "%s/control", d->dir);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", d->path);
	d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	d->fd = -1;
	assert_int_equal(bind(d->listener, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(d->listener, 4), 0);
}

static inline void cli_test_daemon_hang_up(struct cli_test_daemon *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static inline void cli_test_daemon_close(struct cli_test_daemon *d)
{
	cli_test_daemon_hang_up(d);
	close(d->listener);
	(void)unlink(d->path);
	(void)rmdir(d->dir);
}

static inline void cli_test_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, CLI_TEST_MS), 1);
}

/* The next call, on a new connection where there is none; false when the caller closes instead. */
static inline bool cli_test_daemon_take(struct cli_test_daemon *d)
{
	size_t n = 0;

	if (d->fd < 0) {
		cli_test_wait(d->listener);
		d->fd = accept(d->listener, NULL, NULL);
		assert_true(d->fd >= 0);
	}
	for (;;) {
		ssize_t got;

		cli_test_wait(d->fd);
		got = recv(d->fd, d->call + n, 1, 0);
		assert_true(got >= 0 && n < sizeof(d->call) - 1);
		if (got == 0)
			return false;
		if (d->call[n] == '\0')
			return true;
		n++;
	}
}

static inline void cli_test_daemon_say(struct cli_test_daemon *d, const char *reply)
{
	size_t n = strlen(reply) + 1;

	assert_int_equal(send(d->fd, reply, n, MSG_NOSIGNAL), n);
}
