/* SPDX-License-Identifier: MIT */
/* test_rebuild: a captured request as it is sent again, and what of changes is refused. */

#include "../cm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "inspect/capture.h"
#include "inspect/rebuild.h"

struct world {
	struct capture capture;
	struct exchange *e;
	struct rebuild r;
	struct err err;
};

static int setup(void **state)
{
	static struct world world;
	const struct capture_limits limits = {10, 1024 * 1024, 16, 10};

	memset(&world, 0, sizeof(world));
	capture_init(&world.capture, &limits);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	rebuild_deinit(&w->r);
	exchange_unref(w->e);
	capture_deinit(&w->capture);
	return 0;
}

/* A request of these lines (the empty one is added), and a whole body of at most 16 bytes. */
static void captured(struct world *w, const char *lines, const char *body)
{
	char head[2048];
	int n = snprintf(head, sizeof(head), "%s\r\n", lines);

	w->e = capture_begin(&w->capture, "web", "192.0.2.1:5", false);
	capture_set_head(w->e, EXCHANGE_REQUEST, head, (size_t)n);
	capture_add_body(w->e, EXCHANGE_REQUEST, body, strlen(body));
	w->e->part[EXCHANGE_REQUEST].done = true;
}

static int rebuilt(struct world *w, const struct rebuild_changes *ch)
{
	rebuild_deinit(&w->r);
	w->err.text[0] = '\0';
	return rebuild_request(&w->r, w->e, ch, &w->err);
}

static const struct rebuild_changes nothing;

static void a_request_is_sent_as_it_was_but_for_what_is_for_one_hop(void **state)
{
	struct world *w = *state;

	captured(w,
		"POST /hook?a=1 HTTP/1.1\r\nHost: web.example\r\nX-One: 1\r\nConnection: X-Hop\r\n"
		"X-Hop: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nTE: trailers\r\n"
		"X-Empty:\r\nX-One: 2\r\nContent-Type: text/plain\r\n",
		"hello");
	assert_int_equal(rebuilt(w, &nothing), 0);
	assert_string_equal(str_get(&w->r.head),
		"POST /hook?a=1 HTTP/1.1\r\nHost: web.example\r\nX-One: 1\r\nX-Empty: \r\nX-One: "
		"2\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
	assert_int_equal(w->r.body_len, 5);
	assert_memory_equal(w->r.body, "hello", 5);
	assert_int_equal(w->r.omitted.n, 0);
	assert_false(w->r.is_head);
}

static void a_length_is_told_where_one_is_expected(void **state)
{
	static const struct {
		const char *method, *field;
		bool told;
	} rows[] = {
		{"GET", "", false},
		{"HEAD", "", false},
		{"DELETE", "", false},
		{"DELETE", "Content-Length: 0\r\n", true},
		{"POST", "", true},
		{"PUT", "", true},
		{"PATCH", "", true},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char lines[128];

		(void)snprintf(lines, sizeof(lines), "%s / HTTP/1.1\r\nHost: a\r\n%s",
			rows[i].method, rows[i].field);
		captured(w, lines, "");
		assert_int_equal(rebuilt(w, &nothing), 0);
		assert_int_equal(strstr(str_get(&w->r.head), "Content-Length: 0\r\n") != NULL,
			rows[i].told);
		assert_int_equal(w->r.is_head, strcmp(rows[i].method, "HEAD") == 0);
		exchange_unref(TAKE_PTR(w->e));
	}
}

static void changes_replace_remove_and_add(void **state)
{
	static const struct rebuild_field fields[] = {{"x-one", "new"}, {"X-Two", ""},
		{"X-Three", "a"}, {"X-Three", "b"}, {"X-None", ""}};
	const struct rebuild_changes ch = {.method = "PUT",
		.target = "/other?b=2",
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
		.body = (const uint8_t *)"a longer body than may be kept",
		.body_len = 30};
	struct world *w = *state;

	captured(w,
		"POST /hook HTTP/1.1\r\nX-One: 1\r\nHost: a\r\nX-Two: 2\r\nX-One: 3\r\nContent-"
		"Length: 5\r\n",
		"hello");
	assert_int_equal(rebuilt(w, &ch), 0);
	assert_string_equal(str_get(&w->r.head),
		"PUT /other?b=2 HTTP/1.1\r\nx-one: new\r\nHost: a\r\nX-Three: a\r\nX-Three: b\r\n"
		"Content-Length: 30\r\nConnection: close\r\n\r\n");
	assert_int_equal(w->r.body_len, 30);
}

static void another_origin_s_host_takes_the_place_of_the_first_unless_one_is_given(void **state)
{
	static const struct rebuild_field field = {"Host", "mine"};
	struct rebuild_changes ch = {.host = "inner.local"};
	struct world *w = *state;

	captured(w, "GET / HTTP/1.1\r\nHost: a\r\n", "");
	assert_int_equal(rebuilt(w, &ch), 0);
	assert_non_null(strstr(str_get(&w->r.head), "Host: inner.local\r\n"));
	ch.fields = &field;
	ch.n_fields = 1;
	assert_int_equal(rebuilt(w, &ch), 0);
	assert_non_null(strstr(str_get(&w->r.head), "Host: mine\r\n"));
	assert_null(strstr(str_get(&w->r.head), "inner.local"));
}

static void what_was_redacted_is_left_out_and_named(void **state)
{
	static const struct rebuild_field field = {"authorization", "Bearer mine"};
	const struct rebuild_changes given = {
		.target = "/?token=t&key=[redacted]", .fields = &field, .n_fields = 1};
	struct world *w = *state;

	captured(w,
		"GET /a?x=1&token=[redacted]&y=2&key=[redacted] HTTP/1.1\r\nHost: a\r\n"
		"Authorization: [redacted]\r\nCookie: [redacted]\r\nCookie: [redacted]\r\n"
		"Referer: http://b/?token=[redacted]&x=1\r\n",
		"");
	assert_int_equal(rebuilt(w, &nothing), 0);
	assert_string_equal(str_get(&w->r.head),
		"GET /a?x=1&y=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	assert_int_equal(w->r.omitted.n, 5);
	assert_true(str_list_has(&w->r.omitted, "?token"));
	assert_true(str_list_has(&w->r.omitted, "?key"));
	assert_true(str_list_has(&w->r.omitted, "Authorization"));
	assert_true(str_list_has(&w->r.omitted, "Cookie"));
	assert_true(str_list_has(&w->r.omitted, "Referer"));

	assert_int_equal(rebuilt(w, &given), 0);
	assert_non_null(strstr(str_get(&w->r.head), "GET /?token=t HTTP/1.1\r\n"));
	assert_non_null(strstr(str_get(&w->r.head), "authorization: Bearer mine\r\n"));
	assert_int_equal(w->r.omitted.n, 3);
}

static void a_query_of_redacted_values_alone_goes_whole(void **state)
{
	struct world *w = *state;

	captured(w, "GET /a?token=[redacted] HTTP/1.1\r\nHost: a\r\n", "");
	assert_int_equal(rebuilt(w, &nothing), 0);
	assert_non_null(strstr(str_get(&w->r.head), "GET /a HTTP/1.1\r\n"));
	exchange_unref(TAKE_PTR(w->e));
	captured(w, "GET /a? HTTP/1.1\r\nHost: a\r\n", "");
	assert_int_equal(rebuilt(w, &nothing), 0);
	assert_non_null(strstr(str_get(&w->r.head), "GET /a? HTTP/1.1\r\n"));
}

static void semicolons_divide_a_query_too(void **state)
{
	struct world *w = *state;

	captured(w, "GET /;v=1?key=[redacted];a=1;token=[redacted]&b;c HTTP/1.1\r\nHost: a\r\n",
		"");
	assert_int_equal(rebuilt(w, &nothing), 0);
	assert_non_null(strstr(str_get(&w->r.head), "GET /;v=1?a=1&b;c HTTP/1.1\r\n"));
	assert_true(str_list_has(&w->r.omitted, "?key"));
	assert_true(str_list_has(&w->r.omitted, "?token"));
}

static void what_is_not_there_whole_is_not_sent(void **state)
{
	const struct rebuild_changes body = {.body = (const uint8_t *)"", .body_len = 0};
	struct world *w = *state;

	captured(w, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n", "twenty bytes, twenty");
	assert_int_equal(rebuilt(w, &nothing), -ENODATA);
	assert_non_null(strstr(w->err.text, "of 20 bytes only 16 were kept"));
	assert_int_equal(rebuilt(w, &body), 0);

	w->e->part[EXCHANGE_REQUEST].done = false;
	w->e->part[EXCHANGE_REQUEST].kept = w->e->part[EXCHANGE_REQUEST].size = 0;
	assert_int_equal(rebuilt(w, &nothing), -ENODATA);
	assert_non_null(strstr(w->err.text, "has not come to its end"));
	exchange_unref(TAKE_PTR(w->e));

	captured(w, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
		"");
	assert_int_equal(rebuilt(w, &body), -ENODATA);
	assert_non_null(strstr(w->err.text, "upgrade"));
	exchange_unref(TAKE_PTR(w->e));

	w->e = capture_begin(&w->capture, "web", "", false);
	assert_int_equal(rebuilt(w, &nothing), -ENODATA);
	assert_non_null(strstr(w->err.text, "head"));
}

static void changes_that_http_cannot_say_are_refused(void **state)
{
	static const struct {
		struct rebuild_changes ch;
		struct rebuild_field field;
		const char *says;
	} rows[] = {
		{{.method = ""}, {NULL, NULL}, "method"},
		{{.method = "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET"}, {NULL, NULL}, "method"},
		{{.method = "G T"}, {NULL, NULL}, "method"},
		{{.target = ""}, {NULL, NULL}, "path"},
		{{.target = "hook"}, {NULL, NULL}, "path"},
		{{.target = "/a b"}, {NULL, NULL}, "path"},
		{{.target = "/a HTTP/1.1\r\nX: y"}, {NULL, NULL}, "path"},
		{{.target = "/\xc3\xa4"}, {NULL, NULL}, "path"},
		{{.target = "/a#b"}, {NULL, NULL}, "no request"},
		{{.target = "*"}, {NULL, NULL}, "no request"},
		{{.host = "a/b"}, {NULL, NULL}, "no request"},
		{{0}, {"", "a"}, "no name"},
		{{0}, {"A B", "a"}, "no name"},
		{{0}, {"A:", "a"}, "no name"},
		{{0}, {"A\r\nB", "a"}, "no name"},
		{{0}, {"X", "a\r\nHost: b"}, "value of 'X'"},
		{{0}, {"X", "a\nb"}, "value of 'X'"},
		{{0}, {"X", "a\x7f"}, "value of 'X'"},
		{{0}, {"Content-Length", "5"}, "written by the replay"},
		{{0}, {"transfer-encoding", "chunked"}, "written by the replay"},
		{{0}, {"Connection", "X-One"}, "written by the replay"},
		{{0}, {"Upgrade", "h2c"}, "written by the replay"},
		{{0}, {"Host", "a b"}, "no request"},
	};
	struct world *w = *state;

	captured(w, "GET / HTTP/1.1\r\nHost: a\r\n", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rebuild_changes ch = rows[i].ch;

		if (rows[i].field.name) {
			ch.fields = &rows[i].field;
			ch.n_fields = 1;
		}
		assert_int_equal(rebuilt(w, &ch), -EINVAL);
		if (!strstr(w->err.text, rows[i].says))
			fail_msg("row %zu: %s", i, w->err.text);
	}
}

static void a_head_has_its_bound(void **state)
{
	static char value[REBUILD_HEAD_MAX];
	const struct rebuild_field field = {"X", value};
	const struct rebuild_changes ch = {.fields = &field, .n_fields = 1};
	struct world *w = *state;

	memset(value, 'a', sizeof(value) - 1);
	captured(w, "GET / HTTP/1.1\r\nHost: a\r\n", "");
	assert_int_equal(rebuilt(w, &ch), -EINVAL);
	assert_non_null(strstr(w->err.text, "longer"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_is_sent_as_it_was_but_for_what_is_for_one_hop),
		TEST(a_length_is_told_where_one_is_expected),
		TEST(changes_replace_remove_and_add),
		TEST(another_origin_s_host_takes_the_place_of_the_first_unless_one_is_given),
		TEST(what_was_redacted_is_left_out_and_named),
		TEST(a_query_of_redacted_values_alone_goes_whole),
		TEST(semicolons_divide_a_query_too),
		TEST(what_is_not_there_whole_is_not_sent),
		TEST(changes_that_http_cannot_say_are_refused),
		TEST(a_head_has_its_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
