/* SPDX-License-Identifier: MIT */
/* test_secret: where secrets may come from, and that nobody else could have read them there. */

#include "../cm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/secret.h"

static char dir[] = "/tmp/test_secret.XXXXXX";
static char *path;
static struct secret s;
static struct err err;

static int setup(void **state)
{
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(dir));
	path = mem_printf("%s/key", dir);
	err = (struct err){0};
	return 0;
}

static int teardown(void **state)
{
	(void)unlink(path);
	(void)rmdir(dir);
	free(path);
	secret_deinit(&s);
	secret_deinit(&s);
	return 0;
}

static void put(const void *bytes, size_t n, mode_t mode)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Load, expecting @r and an error that ends in @why after the path. */
static void refused(int r, const char *why)
{
	CLEANUP(mem_cleanup) char *text = mem_printf("%s: %s", path, why);

	assert_int_equal(secret_load_file(&s, path, &err), r);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, r);
	assert_false(secret_is_set(&s));
}

static void a_private_file_is_read_and_its_newline_dropped(void **state)
{
	put("s3cret\n", 7, 0600);
	assert_int_equal(secret_load_file(&s, path, &err), 0);
	assert_string_equal(secret_text(&s), "s3cret");
	assert_int_equal(s.len, 6);
}

static void the_group_may_read(void **state)
{
	put("a b \t\r\n\n", 8, 0640);
	assert_int_equal(secret_load_file(&s, path, &err), 0);
	assert_string_equal(secret_text(&s), "a b");
}

static void a_file_others_can_touch_is_refused_with_its_mode(void **state)
{
	put("s3cret\n", 7, 0644);
	refused(-EPERM, "mode 0644 lets everybody at a secret; use chmod o-rwx");
	assert_int_equal(chmod(path, 0602), 0);
	refused(-EPERM, "mode 0602 lets everybody at a secret; use chmod o-rwx");
	assert_null(strstr(err.text, "s3cret"));
}

static void what_is_no_file_is_refused(void **state)
{
	refused(-ENOENT, "cannot be opened: No such file or directory");
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(-EINVAL, "is not a regular file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(-EINVAL, "is not a regular file");
	assert_int_equal(rmdir(path), 0);
}

static void an_empty_file_is_no_secret(void **state)
{
	put("", 0, 0600);
	refused(-ENODATA, "is empty");
	put(" \n", 2, 0600);
	refused(-ENODATA, "is empty");
}

static void binary_and_oversize_files_are_refused(void **state)
{
	CLEANUP(mem_cleanup) char *big = mem_zalloc(SECRET_MAX + 10);

	put("a\0b", 3, 0600);
	refused(-EINVAL, "holds a NUL character");
	memset(big, 'x', SECRET_MAX + 10);
	put(big, SECRET_MAX + 1, 0600);
	refused(-EMSGSIZE, "holds more than 4096 bytes");
	put(big, SECRET_MAX + 10, 0600);
	refused(-EMSGSIZE, "holds more than 4096 bytes");
	put(big, SECRET_MAX, 0600);
	assert_int_equal(secret_load_file(&s, path, &err), 0);
	assert_int_equal(s.len, SECRET_MAX);
}

static void a_failed_load_keeps_the_old_secret(void **state)
{
	assert_int_equal(secret_set(&s, "old", 3), 0);
	assert_int_equal(secret_load_file(&s, path, NULL), -ENOENT);
	assert_string_equal(secret_text(&s), "old");
}

static void the_environment_is_read_once_and_cleaned(void **state)
{
	assert_int_equal(setenv("TEST_SECRET", "from-env\n", 1), 0);
	assert_int_equal(secret_load_env(&s, "TEST_SECRET", &err), 0);
	assert_string_equal(secret_text(&s), "from-env");
	assert_null(getenv("TEST_SECRET"));
	assert_int_equal(secret_load_env(&s, "TEST_SECRET", &err), -ENOENT);
	assert_string_equal(err.text, "environment variable TEST_SECRET is not set");
	assert_string_equal(secret_text(&s), "from-env");
	assert_int_equal(setenv("TEST_SECRET", "", 1), 0);
	assert_int_equal(secret_load_env(&s, "TEST_SECRET", &err), -ENODATA);
	assert_string_equal(err.text, "TEST_SECRET: is empty");
}

static void unset_secrets_equal_nothing(void **state)
{
	struct secret a = {0}, b = {0};

	assert_false(secret_equal(&a, &b));
	assert_int_equal(secret_set(&a, "abc", 3), 0);
	assert_false(secret_equal(&a, &b));
	assert_int_equal(secret_set(&b, "abc", 3), 0);
	assert_true(secret_equal(&a, &b));
	assert_int_equal(secret_set(&b, "abd", 3), 0);
	assert_false(secret_equal(&a, &b));
	assert_int_equal(secret_set(&b, "ab", 2), 0);
	assert_false(secret_equal(&a, &b));
	secret_deinit(&a);
	secret_deinit(&b);
	assert_string_equal(secret_text(&a), "");
	assert_false(secret_is_set(&a));
}

static void setting_may_use_a_piece_of_itself_and_has_a_limit(void **state)
{
	CLEANUP(mem_cleanup) char *big = mem_zalloc(SECRET_MAX + 1);

	assert_int_equal(secret_set(&s, "tt_id_rest", 10), 0);
	assert_int_equal(secret_set(&s, s.data + 6, 4), 0);
	assert_string_equal(secret_text(&s), "rest");
	assert_int_equal(secret_set(&s, big, SECRET_MAX + 1), -EMSGSIZE);
	assert_string_equal(secret_text(&s), "rest");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_private_file_is_read_and_its_newline_dropped),
		TEST(the_group_may_read),
		TEST(a_file_others_can_touch_is_refused_with_its_mode),
		TEST(what_is_no_file_is_refused),
		TEST(an_empty_file_is_no_secret),
		TEST(binary_and_oversize_files_are_refused),
		TEST(a_failed_load_keeps_the_old_secret),
		TEST(the_environment_is_read_once_and_cleaned),
		TEST(unset_secrets_equal_nothing),
		TEST(setting_may_use_a_piece_of_itself_and_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
