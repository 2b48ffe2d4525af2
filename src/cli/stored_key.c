/* SPDX-License-Identifier: MIT */
/*
 * stored_key: the key that `tunnelto set-auth` leaves for later calls, where the Rust tunnelto
 * leaves its own. It is only written here; who reads it is the daemon's program
 * (client/old_ways.c), so that the key never passes a command line.
 */
#include "cli/stored_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/paths.h"
#include "base/str.h"
#include "cli/call.h"
#include "cli/print.h"

#define KEY_MAX 4096

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* Beside it first: an old key is not lost to a full disk. */
static int store(const char *path, const char *key)
{
	CLEANUP(mem_cleanup) char *beside = mem_printf("%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), r;

	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0600) < 0 ? -errno : write_all(fd, key);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	(void)close(fd);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(beside);
	return r;
}

/* One line of standard input, without echo where somebody types it. */
static bool read_line(char *ret, size_t size)
{
	struct termios before, quiet;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0, got;

	if (terminal) {
		quiet = before;
		quiet.c_lflag &= (tcflag_t)~ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
		(void)fputs("key: ", stderr);
	}
	got = fgets(ret, (int)size, stdin) != NULL;
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		(void)fputs("\n", stderr);
	}
	ret[got ? strcspn(ret, "\r\n") : 0] = '\0';
	return got && ret[0];
}

static int keep(const char *key)
{
	const char *home = getenv("HOME");
	CLEANUP(mem_cleanup) char *dir = NULL;
	CLEANUP(mem_cleanup) char *path = NULL;
	int r = 0;

	if (!home || !*home) {
		print_error("set-auth: HOME is not set");
		return CALL_FAILED;
	}
	dir = mem_printf("%s/%s", home, PATHS_STORED_KEY_DIR);
	path = mem_printf("%s/%s", home, PATHS_STORED_KEY);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = store(path, key);
	if (r < 0) {
		print_error("set-auth: %s: %s", path, strerror(-r));
		return CALL_FAILED;
	}
	print_error("Authentication key stored successfully!");
	return CALL_DONE;
}

int stored_key_set(const char *key)
{
	char line[KEY_MAX];
	int code;

	if (key)
		print_error("warning: everybody on this machine can read a key in a command line; "
			    "without --key it is read from standard input");
	if (key ? !*key || strlen(key) >= KEY_MAX : !read_line(line, sizeof(line))) {
		print_error("set-auth: no key was given");
		return CALL_USAGE;
	}
	code = keep(key ? key : line);
	mem_wipe(line, sizeof(line));
	return code;
}

int stored_key_pass(const char *key, char ret[static STORED_KEY_FD_PATH])
{
	int fd = memfd_create("tunnelto-key", 0), r; /* no MFD_CLOEXEC: it is to survive exec */

	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0600) < 0 ? -errno : write_all(fd, key);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	(void)snprintf(ret, STORED_KEY_FD_PATH, "/proc/self/fd/%d", fd);
	return 0;
}
