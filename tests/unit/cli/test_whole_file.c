/* SPDX-License-Identifier: MIT */
/* test_whole_file: it appears whole or not at all, whatever ends the program. */

#include "../cm.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/whole_file.h"

typedef int open_f(struct whole_file *w, const char *path);

static char dir[64], path[128];
static open_f *const ways[] = {whole_file_open, whole_file_open_beside};

static int make_dir(void **state)
{
	(void)snprintf(dir, sizeof(dir), "%s", "/tmp/whole_file.XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/a.har", dir);
	return 0;
}

/* How many files there are. */
static int files(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d))
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

static int remove_dir(void **state)
{
	(void)unlink(path);
	return rmdir(dir);
}

static void expect_text(const char *wanted)
{
	char text[64] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), strlen(wanted));
	(void)fclose(f);
	assert_string_equal(text, wanted);
}

static void it_appears_when_it_is_whole_and_takes_the_place_of_another(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		static const char *const texts[] = {"first", "second"};
		struct stat s;

		for (size_t t = 0; t < ARRAY_SIZE(texts); t++) {
			struct whole_file w;

			assert_int_equal(ways[i](&w, path), 0);
			(void)fputs(texts[t], w.file);
			(void)fflush(w.file);
			assert_int_equal(access(path, F_OK), t ? 0 : -1);
			assert_int_equal(whole_file_commit(&w), 0);
			expect_text(texts[t]);
			assert_int_equal(files(), 1);
		}
		assert_int_equal(stat(path, &s), 0);
		assert_int_equal(s.st_mode & 0777, 0600);
		assert_int_equal(unlink(path), 0);
	}
}

static void what_is_dropped_leaves_nothing(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct whole_file w;

		assert_int_equal(ways[i](&w, path), 0);
		(void)fputs("half", w.file);
		whole_file_drop(&w);
		assert_int_equal(files(), 0);
	}
}

static void what_cannot_be_is_said(void **state)
{
	char no[160];
	struct whole_file w;

	(void)snprintf(no, sizeof(no), "%s/none/a", dir);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		assert_int_equal(ways[i](&w, no), -ENOENT);
		assert_int_equal(ways[i](&w, path), 0);
		assert_int_equal(mkdir(path, 0700), 0); /* no file gives way to it */
		assert_int_equal(whole_file_commit(&w), -EISDIR);
		assert_int_equal(files(), 1);
		assert_int_equal(rmdir(path), 0);
	}
}

/* The status of a child that @number came to while it wrote. */
static int signalled(open_f *open_way, int number)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct whole_file w;

		if (open_way(&w, path) < 0)
			_exit(1);
		(void)fputs("half", w.file);
		(void)fflush(w.file);
		(void)raise(number);
		_exit(whole_file_commit(&w) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void a_signal_leaves_nothing_behind(void **state)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

	for (size_t i = 0; i < ARRAY_SIZE(ways) * ARRAY_SIZE(numbers); i++) {
		int number = numbers[i / 2], status;

		(void)signal(number, SIG_DFL);
		status = signalled(ways[i % 2], number);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == number);
		assert_int_equal(files(), 0);
	}
}

static void a_signal_that_is_ignored_stays_so(void **state)
{
	(void)signal(SIGHUP, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		assert_int_equal(signalled(ways[i], SIGHUP), 0);
		expect_text("half");
	}
	(void)signal(SIGHUP, SIG_DFL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
	const struct CMUnitTest tests[] = {
		T(it_appears_when_it_is_whole_and_takes_the_place_of_another),
		T(what_is_dropped_leaves_nothing),
		T(what_cannot_be_is_said),
		T(a_signal_leaves_nothing_behind),
		T(a_signal_that_is_ignored_stays_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
