/* SPDX-License-Identifier: MIT */
/* What is left to a process that has confined itself; each in a child, for there is no way back. */
#include "../cm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/landlock.h"

static char dir[] = "/tmp/tt-landlock-XXXXXX";

static void put(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
}

static int enter(void **state)
{
	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("read", 0700) < 0 ||
		mkdir("write", 0700) < 0 || mkdir("else", 0700) < 0 || mkdir("far", 0700) < 0 ||
		symlink("../far/key", "read/link") < 0)
		return -1;
	put("read/file");
	put("write/file");
	put("else/file");
	put("far/key");
	return 0;
}

static int leave(void **state)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

/* 0 or the errno of opening. */
static int reach(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600), e = errno;

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : e;
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	r = connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ? errno : 0;
	close(fd);
	return r;
}

static bool confine(void)
{
	struct landlock l;

	if (!landlock_begin(&l))
		return false;
	landlock_allow(&l, "no/such", LANDLOCK_READ);
	landlock_allow(&l, NULL, LANDLOCK_READ);
	landlock_allow_beside(&l, "read/file", LANDLOCK_READ);
	landlock_allow(&l, "write", LANDLOCK_WRITE);
	return landlock_enforce(&l);
}

/* Run @check confined, in a child: 0, or the number of the line that was not so. */
static void confined(int (*check)(void))
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(confine() ? check() : 77);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: this kernel has no Landlock, or it is off\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define WANT(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			return __LINE__ % 256;                                                     \
	} while (0)

static int reads(void)
{
	WANT(reach("read/file", O_RDONLY) == 0);
	WANT(reach("read", O_RDONLY | O_DIRECTORY) == 0);
	WANT(reach("read/file", O_WRONLY) == EACCES);
	WANT(reach("read/new", O_WRONLY | O_CREAT) == EACCES);
	WANT(reach("else/file", O_RDONLY) == EACCES);
	WANT(reach("/etc/passwd", O_RDONLY) == EACCES);
	WANT(mknod("read/socket", S_IFSOCK | 0600, 0) == 0);
	WANT(mknod("else/socket", S_IFSOCK | 0600, 0) < 0 && errno == EACCES);
	return 0;
}

static int writes(void)
{
	WANT(reach("write/file", O_RDWR | O_TRUNC) == 0);
	WANT(reach("write/new", O_WRONLY | O_CREAT) == 0);
	WANT(rename("write/new", "write/newer") == 0);
	WANT(unlink("write/newer") == 0);
	WANT(unlink("read/file") < 0 && errno == EACCES);
	WANT(rename("write/file", "else/file") < 0);
	return 0;
}

static int executes_nothing(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	WANT(errno == EACCES);
	return 0;
}

static void what_is_allowed_is_read_and_nothing_else(void **state)
{
	confined(reads);
}

static void what_is_allowed_is_written_and_nothing_else(void **state)
{
	confined(writes);
}

static void nothing_is_executed(void **state)
{
	confined(executes_nothing);
}

static int go[2]; /* the child waits for the test */

static int reads_what_came_later(void)
{
	char c;

	WANT(read(go[0], &c, 1) == 1);
	WANT(reach("read/later", O_RDONLY) == 0);
	return 0;
}

/* As an editor, or a tool for certificates, replaces files. */
static void a_file_that_is_replaced_is_still_read(void **state)
{
	int status = 0;
	pid_t child;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	child = fork();
	if (child == 0)
		_exit(confine() ? reads_what_came_later() : 77);
	put("read/later.new");
	assert_int_equal(rename("read/later.new", "read/later"), 0);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(go[0]);
	close(go[1]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static int reaches_origins(void)
{
	WANT(connect_to("else/origin") == 0);
	return 0;
}

static void unix_origins_are_reached_anywhere(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "else/origin"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	confined(reaches_origins);
	close(fd);
}

static void a_link_is_followed_to_where_it_leads(void **state)
{
	struct landlock l;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (!landlock_begin(&l))
			_exit(77);
		landlock_allow_beside(&l, "read/link", LANDLOCK_READ);
		if (!landlock_enforce(&l))
			_exit(77);
		_exit(reach("read/link", O_RDONLY) == 0 && reach("else/file", O_RDONLY) == EACCES
				? 0
				: 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_allowed_is_read_and_nothing_else),
		cmocka_unit_test(what_is_allowed_is_written_and_nothing_else),
		cmocka_unit_test(nothing_is_executed),
		cmocka_unit_test(a_file_that_is_replaced_is_still_read),
		cmocka_unit_test(unix_origins_are_reached_anywhere),
		cmocka_unit_test(a_link_is_followed_to_where_it_leads),
	};

	return cmocka_run_group_tests_name("landlock", tests, enter, leave);
}
