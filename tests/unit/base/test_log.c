/* SPDX-License-Identifier: MIT */
/* test_log: one message is one line, whatever a stranger put into it. */

#include "../cm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static char seen[10000];

/* What the stderr sink writes for one message. */
static const char *logged(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	int saved = dup(STDERR_FILENO), pipes[2];
	ssize_t r;

	assert_true(saved >= 0);
	assert_int_equal(pipe(pipes), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	log_sink_stderr(level, message, fields, n);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(pipes[1]);
	r = read(pipes[0], seen, sizeof(seen) - 1);
	assert_true(r > 0);
	seen[r] = '\0';
	close(pipes[0]);
	return seen;
}

static void fields_follow_the_sentence(void **state)
{
	const struct log_field f[] = {
		{"TUNNEL", "web"}, {"MISSING", NULL}, {"MESSAGE_ID", "1e4c"}, {"VISITOR", "::1"}};

	assert_string_equal(logged(LOG_LV_INFO, "tunnel is up", f, ARRAY_SIZE(f)),
		"info: tunnel is up tunnel=web visitor=::1\n");
}

static void levels_have_names(void **state)
{
	assert_string_equal(logged(LOG_LV_ERR, "x", NULL, 0), "error: x\n");
	assert_string_equal(logged(LOG_LV_WARNING, "x", NULL, 0), "warning: x\n");
	assert_string_equal(logged(LOG_LV_NOTICE, "x", NULL, 0), "notice: x\n");
	assert_string_equal(logged(LOG_LV_DEBUG, "x", NULL, 0), "debug: x\n");
}

static void values_are_quoted_where_they_would_be_misread(void **state)
{
	const struct log_field f[] = {{"A", "two words"}, {"B", ""}, {"C", "say \"hi\""},
		{"D", "back\\slash"}, {"E", "k=v"}, {"F", "/path-1.x"}};

	assert_string_equal(logged(LOG_LV_INFO, "m", f, 6),
		"info: m a=\"two words\" b=\"\" c=\"say \\\"hi\\\"\" d=\"back\\\\slash\" e=\"k=v\" "
		"f=/path-1.x\n");
}

static void nobody_can_forge_a_second_line(void **state)
{
	const struct log_field f[] = {{"PATH", "/x\nerror: forged"}, {"T", "\x1b[2J"}};

	assert_string_equal(logged(LOG_LV_INFO, "bad\r\nhost", f, 2),
		"info: bad\\x0d\\x0ahost path=\"/x\\x0aerror: forged\" t=\"\\x1b[2J\"\n");
}

static void utf8_passes_and_stray_bytes_do_not(void **state)
{
	/* a letter, a C1 control, a lone byte, an overlong slash, a surrogate, beyond Unicode */
	assert_string_equal(logged(LOG_LV_INFO,
				    "\xc3\xa9 \xc2\x9b \xff \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80",
				    NULL, 0),
		"info: \xc3\xa9 \\xc2\\x9b \\xff \\xc0\\xaf \\xed\\xa0\\x80 "
		"\\xf4\\x90\\x80\\x80\n");
	assert_string_equal(logged(LOG_LV_INFO, "cut \xe2\x82", NULL, 0), "info: cut \\xe2\\x82\n");
}

static void plain_mode_is_the_message_and_why(void **state)
{
	const struct log_field f[] = {{"A", "b"}, {"ERROR", "\x1bno\""}, {"ERROR", NULL}};

	log_set_plain(true);
	assert_string_equal(logged(LOG_LV_ERR, "hello", f, 1), "hello\n");
	assert_string_equal(logged(LOG_LV_ERR, "hello", f, 3), "hello: \\x1bno\"\n");
	log_set_plain(false);
}

static void timestamps_are_utc_and_in_front(void **state)
{
	const char *line;

	log_set_timestamps(true);
	line = logged(LOG_LV_INFO, "hello", NULL, 0);
	log_set_timestamps(false);
	assert_int_equal(strlen(line), strlen("2026-01-31T12:00:00Z info: hello\n"));
	assert_int_equal(line[10], 'T');
	assert_string_equal(line + 19, "Z info: hello\n");
}

static void a_monster_is_cut_but_still_one_line(void **state)
{
	char *big = malloc(20000);

	memset(big, 'a', 19999);
	big[19999] = '\0';
	(void)logged(LOG_LV_INFO, big, NULL, 0);
	free(big);
	assert_int_equal(strlen(seen), 8192);
	assert_ptr_equal(strchr(seen, '\n'), seen + 8191);
}

static unsigned int calls;
static char last[3000];
static size_t last_n;

static void lines_that_are_held_leave_together_and_in_order(void **state)
{
	int saved = dup(STDERR_FILENO), pipes[2];
	char text[256] = "";

	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	log_hold(true);
	log_sink_stderr(LOG_LV_INFO, "one", NULL, 0);
	assert_int_equal(read(pipes[0], text, sizeof(text)), -1);
	log_flush();
	assert_int_equal(read(pipes[0], text, sizeof(text)), 10);
	log_sink_stderr(LOG_LV_INFO, "two", NULL, 0);
	log_sink_stderr(LOG_LV_WARNING, "three", NULL, 0); /* waits for nobody */
	memset(text, 0, sizeof(text));
	assert_true(read(pipes[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "info: two\nwarning: three\n");
	log_sink_stderr(LOG_LV_INFO, "four", NULL, 0);
	log_hold(false);
	assert_int_equal(read(pipes[0], text, sizeof(text)), 11);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
}

static void more_than_can_be_held_is_written_at_once(void **state)
{
	int saved = dup(STDERR_FILENO), pipes[2];
	char text[4000], all[200000];
	size_t have = 0;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
	log_hold(true);
	for (int i = 0; i < 30; i++) {
		ssize_t n;

		log_sink_stderr(LOG_LV_INFO, text, NULL, 0);
		n = read(pipes[0], all + have, sizeof(all) - have);
		have += n > 0 ? (size_t)n : 0;
	}
	assert_in_range(have, 60000, 30 * 4006);
	log_hold(false);
	have += (size_t)read(pipes[0], all + have, sizeof(all) - have);
	assert_int_equal(have, 30 * 4006);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(pipes[0]);
	close(pipes[1]);
}

static void catch_sink(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	calls++;
	(void)snprintf(last, sizeof(last), "%d %s", (int)level, message);
	last_n = n;
}

static int start_catching(void **state)
{
	calls = 0;
	log_set_sink(catch_sink);
	log_set_level(LOG_LV_INFO);
	return 0;
}

static int stop_catching(void **state)
{
	log_set_sink(NULL);
	return 0;
}

static void the_level_decides_what_is_said(void **state)
{
	log_debug("%d", 1);
	assert_int_equal(calls, 0);
	log_info("%d", 2);
	assert_int_equal(calls, 1);
	assert_string_equal(last, "6 2");
	log_set_level(LOG_LV_DEBUG);
	assert_true(log_enabled(LOG_LV_DEBUG));
	log_debug("%d", 3);
	assert_string_equal(last, "7 3");
	log_set_level(LOG_LV_ERR);
	assert_int_equal(log_get_level(), LOG_LV_ERR);
	log_warn("no");
	log_err_errno(-EPIPE, "write");
	assert_int_equal(calls, 3);
	assert_string_equal(last, "3 write: Broken pipe");
}

static void fields_reach_the_sink_and_messages_are_no_formats(void **state)
{
	log_with(LOG_LV_NOTICE, "100%s", {"A", "1"}, {"B", "2"});
	assert_string_equal(last, "5 100%s");
	assert_int_equal(last_n, 2);
}

static void a_flood_is_limited_and_accounted_for(void **state)
{
	struct log_limit l = {0};
	unsigned int passed = 0;

	for (int i = 0; i < 50; i++)
		passed += log_limit_pass(&l, 1000, 5);
	assert_int_equal(passed, 5);
	assert_int_equal(calls, 0);
	assert_false(log_limit_pass(&l, 10999, 5));
	assert_true(log_limit_pass(&l, 11000, 5));
	assert_int_equal(calls, 1);
	assert_string_equal(last, "5 46 similar messages were not shown");
	assert_true(log_limit_pass(&l, 22000, 5));
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_follow_the_sentence),
		cmocka_unit_test(levels_have_names),
		cmocka_unit_test(values_are_quoted_where_they_would_be_misread),
		cmocka_unit_test(nobody_can_forge_a_second_line),
		cmocka_unit_test(utf8_passes_and_stray_bytes_do_not),
		cmocka_unit_test(plain_mode_is_the_message_and_why),
		cmocka_unit_test(timestamps_are_utc_and_in_front),
		cmocka_unit_test(a_monster_is_cut_but_still_one_line),
		cmocka_unit_test(lines_that_are_held_leave_together_and_in_order),
		cmocka_unit_test(more_than_can_be_held_is_written_at_once),
		cmocka_unit_test_setup_teardown(the_level_decides_what_is_said, start_catching,
			stop_catching),
		cmocka_unit_test_setup_teardown(fields_reach_the_sink_and_messages_are_no_formats,
			start_catching, stop_catching),
		cmocka_unit_test_setup_teardown(a_flood_is_limited_and_accounted_for,
			start_catching, stop_catching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
