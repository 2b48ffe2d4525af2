/* SPDX-License-Identifier: MIT */
/* test_one_shot: what tunnelto makes of its command line; the daemon's program is echo here. */

#include "../cm.h"

#include "cli_test.h"

#include <sys/stat.h>

#include "cli/one_shot.h"
#include "cli/verbs.h"

static void becomes(const char *const *argv, const char *wanted)
{
	struct cli_test t;

	cli_test_start(&t, one_shot_main, argv);
	cli_test_end(&t);
	assert_string_equal(t.err, "");
	assert_string_equal(t.out, wanted);
	assert_int_equal(t.code, 0);
}

static void every_option_reaches_the_daemons_program(void **state)
{
#define ARGV(...) ((const char *const[]){"tunnelto", __VA_ARGS__, NULL})
	becomes(ARGV("--port", "3000"), "--one-shot --proto http --local 3000\n");
	becomes(ARGV("-p", "3000", "-s", "x"),
		"--one-shot --proto http --local 3000 --subdomain x\n");
	becomes(ARGV("--host", "box"), "--one-shot --proto http --local box:8000\n");
	becomes(ARGV("--host", "::1", "--port=1"), "--one-shot --proto http --local [::1]:1\n");
	becomes(ARGV("--host", "[::1]", "--port=1"), "--one-shot --proto http --local [::1]:1\n");
	becomes(ARGV("--tls"), "--one-shot --proto http --local https://localhost:8000\n");
	becomes(ARGV("-t"), "--one-shot --proto http --local https://localhost:8000\n");
	becomes(ARGV("--use-tls"), "--one-shot --proto http --local https://localhost:8000\n");
	becomes(ARGV("--server", "http://s:1", "--key-file", "k", "--ca-file", "c", "--hostname",
			"h.example", "--json", "--verbose"),
		"--one-shot --proto http --local 8000 --hostname h.example --server http://s:1 "
		"--key-file k --ca-file c --json --verbose\n");
}

static void a_wrong_call_starts_nothing(void **state)
{
	static const struct {
		const char *arg, *says;
	} cases[] = {
		{"--port=0", "1 to 65535"},
		{"--port=x", "1 to 65535"},
		{"8000", "--port PORT"},
		{"--wait", "--wait"},
		{"--socket=x", "--socket"},
		{"--prot=1", "--port"},
		{"--key", "--key KEY"},
		{"-k", "--key KEY"},
		{"set_auth", "--port PORT"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char arg[64];
		struct cli_test t;

		(void)snprintf(arg, sizeof(arg), "%s", cases[i].arg);
		cli_test_start(&t, one_shot_main, ARGV(arg));
		cli_test_end(&t);
		assert_int_equal(t.code, 2);
		assert_string_equal(t.out, "");
		assert_non_null(strstr(t.err, cases[i].says));
		assert_null(strstr(t.err, "tt_x_y"));
	}
}

static void a_key_of_the_command_line_goes_on_in_a_file_of_no_name(void **state)
{
	struct cli_test t;

	cli_test_start(&t, one_shot_main, ARGV("-k", "tt_x_y"));
	cli_test_end(&t);
	assert_int_equal(t.code, 0);
	assert_non_null(strstr(t.out, "--key-file /proc/self/fd/"));
	assert_null(strstr(t.out, "tt_x_y"));
	assert_non_null(strstr(t.err, "everybody on this machine"));
	assert_null(strstr(t.err, "tt_x_y"));
	cli_test_start(&t, one_shot_main, ARGV("-k", "tt_x_y", "--key-file", "f"));
	cli_test_end(&t);
	assert_int_equal(t.code, 2);
	assert_non_null(strstr(t.err, "exclude each other"));
}

static void where_the_dashboard_is_goes_on(void **state)
{
	struct cli_test t;

	cli_test_start(&t, one_shot_main, ARGV("--dashboard-port", "4040"));
	cli_test_end(&t);
	assert_int_equal(t.code, 0);
	assert_string_equal(t.out, "--one-shot --proto http --local 8000 --dashboard-port 4040\n");
	cli_test_start(&t, one_shot_main, ARGV("--no-dashboard"));
	cli_test_end(&t);
	assert_string_equal(t.out, "--one-shot --proto http --local 8000 --no-dashboard\n");
	cli_test_start(&t, one_shot_main, ARGV("--no-dashboard", "--dashboard-port", "0"));
	cli_test_end(&t);
	assert_int_equal(t.code, 2);
	assert_non_null(strstr(t.err, "exclude each other"));
}

/* The mode of @path's file, its contents into @ret. */
static unsigned int stored(const char *path, char *ret, size_t size)
{
	struct stat st;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	ret[fread(ret, 1, size - 1, f)] = '\0';
	(void)fclose(f);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void set_auth_stores_the_key_for_its_owner_alone(void **state)
{
	char home[] = "/tmp/tunnelto-home-XXXXXX", dir[64], path[80], text[64];
	struct cli_test t;

	assert_non_null(mkdtemp(home));
	(void)snprintf(dir, sizeof(dir), "%s/.tunnelto", home);
	(void)snprintf(path, sizeof(path), "%s/key.token", dir);
	assert_int_equal(setenv("HOME", home, 1), 0);
	cli_test_start(&t, one_shot_main, ARGV("set-auth", "--key", "tt_a_b"));
	cli_test_end(&t);
	assert_int_equal(t.code, 0);
	assert_non_null(strstr(t.err, "Authentication key stored successfully!"));
	assert_int_equal(stored(path, text, sizeof(text)), 0600);
	assert_string_equal(text, "tt_a_b");
	/* again, over a file that was left open to all */
	assert_int_equal(chmod(path, 0644), 0);
	cli_test_start(&t, one_shot_main, ARGV("-k", "tt_c_d", "set-auth"));
	cli_test_end(&t);
	assert_int_equal(stored(path, text, sizeof(text)), 0600);
	assert_string_equal(text, "tt_c_d");
	cli_test_start(&t, one_shot_main, ARGV("set-auth", "--key", ""));
	cli_test_end(&t);
	assert_int_equal(t.code, 2);
	cli_test_start(&t, one_shot_main, ARGV("set-auth", "--port", "1"));
	cli_test_end(&t);
	assert_int_equal(t.code, 2);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0); /* nothing else was left there */
	assert_int_equal(rmdir(home), 0);
}

static void help_and_version_need_no_daemon(void **state)
{
	struct cli_test t;

	cli_test_start(&t, one_shot_main, ARGV("--help"));
	cli_test_end(&t);
	assert_int_equal(t.code, 0);
	assert_non_null(strstr(t.out, "--key-file FILE"));
	assert_null(strstr(t.out, "--socket"));
	cli_test_start(&t, one_shot_main, ARGV("--version"));
	cli_test_end(&t);
	assert_string_equal(t.out, "tunnelto " PACKAGE_VERSION "\n");
}

static void without_a_daemon_an_ad_hoc_tunnel_is_one_shot(void **state)
{
	struct cli_test t;

	cli_test_start(&t, verbs_main,
		(const char *const[]){"tunnelctl", "--socket", "/nonexistent/control", "tcp", "22",
			"--remote-port", "2222", NULL});
	cli_test_end(&t);
	assert_string_equal(t.out, "--one-shot --proto tcp --local 22 --remote-port 2222\n");
	cli_test_start(&t, verbs_main,
		(const char *const[]){"tunnelctl", "--socket", "/nonexistent/control", "http", "80",
			"--detach", NULL});
	cli_test_end(&t);
	assert_int_equal(t.code, 3);
	assert_string_equal(t.out, "");
}

static void a_daemon_that_cannot_be_run_is_a_failure(void **state)
{
	struct cli_test t;

	assert_int_equal(setenv("TUNNELTO_DAEMON", "/nonexistent/tunneltod", 1), 0);
	cli_test_start(&t, one_shot_main, ARGV("--port", "1"));
	cli_test_end(&t);
	assert_int_equal(t.code, 1);
	assert_non_null(strstr(t.err, "/nonexistent/tunneltod"));
	assert_int_equal(setenv("TUNNELTO_DAEMON", "/bin/echo", 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_reaches_the_daemons_program),
		cmocka_unit_test(a_wrong_call_starts_nothing),
		cmocka_unit_test(a_key_of_the_command_line_goes_on_in_a_file_of_no_name),
		cmocka_unit_test(where_the_dashboard_is_goes_on),
		cmocka_unit_test(set_auth_stores_the_key_for_its_owner_alone),
		cmocka_unit_test(help_and_version_need_no_daemon),
		cmocka_unit_test(without_a_daemon_an_ad_hoc_tunnel_is_one_shot),
		cmocka_unit_test(a_daemon_that_cannot_be_run_is_a_failure),
	};

	(void)setenv("TUNNELTO_DAEMON", "/bin/echo", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
