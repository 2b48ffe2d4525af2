/* SPDX-License-Identifier: MIT */
/* test_bind: a file into a struct, and the exact words for everything that is wrong with it. */

#include "../cm.h"

#include "sample.h"

static struct sample s;

static int setup(void **state)
{
	sample_init(&s);
	return 0;
}

static int teardown(void **state)
{
	sample_deinit(&s);
	return 0;
}

/* Bind @text into s and compare the printed mistakes. */
static void assert_mistakes(const char *text, const char *expected)
{
	CLEANUP(str_deinit) struct str printed = STR_INIT(100000);
	struct conf_report report;
	bool sound;

	report_init(&report);
	sound = bind_text(&sample_table, "t", text, &s, &report);
	report_print(&report, &printed);
	report_deinit(&report);
	assert_string_equal(str_get(&printed), expected);
	assert_int_equal(sound, *expected == '\0');
}

static const struct sample_item *item(struct list *l, size_t i)
{
	list_each (it, l, struct sample_item, node)
		if (i-- == 0)
			return it;
	return NULL;
}

static void every_type_is_set_from_the_file(void **state)
{
	assert_mistakes("title: hello\n"
			"token: s3cret\n"
			"open: yes\n"
			"workers: 8\n"
			"port: \"9000\"\n"
			"ports: 20000-20100\n"
			"cache: 64KiB\n"
			"proto: http\n"
			"hosts: [a.example, b.example]\n"
			"even: abcdef\n"
			"limits:\n"
			"  idle: 30s\n"
			"  note: \"a b\"\n"
			"named:\n"
			"  web: {proto: tcp, port: 80}\n"
			"  api:\n"
			"listed:\n"
			"  - proto: http\n"
			"  - port: 22\n"
			"    proto: tcp\n",
		"");
	assert_string_equal(s.title, "hello");
	assert_string_equal(s.token, "s3cret");
	assert_true(s.open);
	assert_int_equal(s.workers, 8);
	assert_int_equal(s.port, 9000);
	assert_int_equal(s.ports.low, 20000);
	assert_int_equal(s.ports.high, 20100);
	assert_int_equal(s.cache, 65536);
	assert_int_equal(s.proto, SAMPLE_HTTP);
	assert_int_equal(s.hosts.n, 2);
	assert_string_equal(s.hosts.items[1], "b.example");
	assert_int_equal(s.even, 6);
	assert_int_equal(s.limits.idle_ms, 30000);
	assert_string_equal(s.limits.note, "a b");
	assert_string_equal(item(&s.named, 0)->name, "web");
	assert_int_equal(item(&s.named, 0)->port, 80);
	assert_int_equal(item(&s.named, 0)->proto, SAMPLE_TCP);
	assert_string_equal(item(&s.named, 1)->name, "api");
	assert_int_equal(item(&s.named, 1)->proto, SAMPLE_HTTP);
	assert_null(item(&s.named, 2));
	assert_null(item(&s.listed, 0)->name);
	assert_int_equal(item(&s.listed, 1)->port, 22);
	assert_null(item(&s.listed, 2));
}

static void assert_defaults(void)
{
	assert_false(s.open);
	assert_int_equal(s.workers, 4);
	assert_int_equal(s.port, 8080);
	assert_int_equal(s.ports.low, 0);
	assert_int_equal(s.cache, 16 << 20);
	assert_int_equal(s.proto, SAMPLE_TCP);
	assert_int_equal(s.hosts.n, 2);
	assert_string_equal(s.hosts.items[1], "::1");
	assert_int_equal(s.even, 4);
	assert_int_equal(s.limits.idle_ms, 90000);
	assert_null(s.limits.note);
	assert_null(s.token);
}

static void what_is_absent_gets_its_default(void **state)
{
	assert_mistakes("title: x\n", "");
	assert_defaults();
	assert_true(list_is_empty(&s.named));
}

static void defaults_can_be_had_without_a_file(void **state)
{
	bind_defaults(&sample_table, &s);
	assert_defaults();
	assert_null(s.title);
}

static void a_wrong_value_leaves_its_default_behind(void **state)
{
	assert_mistakes("title: x\nopen: 2\nworkers: 0\nport: x\ncache: 1\nproto: x\n"
			"hosts: [a, [b]]\neven: abc\nlimits: {idle: 2h}\n",
		"t:2:7: open: expected true or false, found '2'\n"
		"t:3:10: workers: '0' is out of range, allowed: 1 to 64\n"
		"t:4:7: port: expected a port from 1 to 65535, found 'x'\n"
		"t:5:8: cache: '1' is out of range, allowed: at least 4KiB\n"
		"t:6:8: proto: expected one of http, tcp, found 'x'\n"
		"t:7:12: hosts[1]: expected text, found a list\n"
		"t:8:7: even: expected an even number of characters\n"
		"t:9:16: limits.idle: '2h' is out of range, allowed: 1s to 1h\n");
	assert_defaults();
}

/* Everything but title, which every row needs: it stands in line 1. */
static const struct {
	const char *text, *mistakes;
} bad_values[] = {
	{"opne: yes", "t:2:1: opne: unknown key, did you mean 'open'?\n"},
	{"zebra: yes", "t:2:1: zebra: unknown key\n"},
	{"limits: {idel: 1s}", "t:2:10: limits.idel: unknown key, did you mean 'idle'?\n"},
	{"named: {web: {prot: tcp}}",
		"t:2:15: named.web.prot: unknown key, did you mean 'proto'?\n"},
	{"listed: [{x: 1}]", "t:2:11: listed[0].x: unknown key\n"},
	{"title: y", "t:2:1: title: appears twice, first on line 1\n"},
	{"open:", "t:2:6: open: expected true or false, found nothing\n"},
	{"open: [yes]", "t:2:7: open: expected true or false, found a list\n"},
	{"workers: many", "t:2:10: workers: expected a number, found 'many'\n"},
	{"workers: -1", "t:2:10: workers: expected a number, found '-1'\n"},
	{"workers: 1.5", "t:2:10: workers: expected a number, found '1.5'\n"},
	{"workers: 65", "t:2:10: workers: '65' is out of range, allowed: 1 to 64\n"},
	{"workers: 99999999999999999999",
		"t:2:10: workers: '99999999999999999999' is out of range, allowed: 1 to 64\n"},
	{"workers: {a: 1}", "t:2:10: workers: expected a number, found a mapping\n"},
	{"port: 70000", "t:2:7: port: expected a port from 1 to 65535, found '70000'\n"},
	{"port: 0", "t:2:7: port: expected a port from 1 to 65535, found '0'\n"},
	{"ports: 9-8", "t:2:8: ports: expected a port range such as 20000-20100, found '9-8'\n"},
	{"cache: 12x",
		"t:2:8: cache: expected a size such as 65536, 64KiB or 16MiB, found '12x'\n"},
	{"limits: {idle: soon}", "t:2:16: limits.idle: expected a duration such as 500ms, 10s or "
				 "5m, found 'soon'\n"},
	{"limits: {idle: 10ms}",
		"t:2:16: limits.idle: '10ms' is out of range, allowed: 1s to 1h\n"},
	{"limits: []", "t:2:9: limits: expected a mapping, found a list\n"},
	{"limits: 5", "t:2:9: limits: expected a mapping, found text\n"},
	{"proto: htpp",
		"t:2:8: proto: expected one of http, tcp, found 'htpp'; did you mean 'http'?\n"},
	{"proto: HTTP",
		"t:2:8: proto: expected one of http, tcp, found 'HTTP'; did you mean 'http'?\n"},
	{"proto:", "t:2:7: proto: expected one of http, tcp, found nothing\n"},
	{"hosts: {a: 1}", "t:2:8: hosts: expected a text or a list of texts, found a mapping\n"},
	{"hosts: [a, '', c]", "t:2:12: hosts[1]: is empty\n"},
	{"hosts: [a, b, c, d]", "t:2:8: hosts: has 4 entries, allowed: at most 3\n"},
	{"hosts: [~]", "t:2:9: hosts[0]: expected text, found nothing\n"},
	{"token: abc", "t:2:8: token: has 3 characters, allowed: 4 to 100\n"},
	{"token: [se, cret]", "t:2:8: token: expected text, found a list\n"},
	{"token: \"sec\\nret\"", "t:2:8: token: holds a control character\n"},
	{"named: [web]", "t:2:8: named: expected a mapping, found a list\n"},
	{"named: {web: 80}", "t:2:14: named.web: expected a mapping, found text\n"},
	{"named: {a b: {}}", "t:2:14: named.a b: a name holds no blanks\n"},
	{"named: {web: {proto: tcp}}", "t:2:14: named.web.port: is needed with proto tcp\n"},
	{"listed: {web: 1}", "t:2:9: listed: expected a list, found a mapping\n"},
	{"listed: [{}, {}, {}]", "t:2:9: listed: has 3 entries, allowed: at most 2\n"},
	{"listed: [{}, 5]", "t:2:14: listed[1]: expected a mapping, found text\n"},
	{"open: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"t:2:7: open: expected true or false, found "
		"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'\n"},
};

static void every_mistake_has_its_exact_words(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_values); i++) {
		CLEANUP(mem_cleanup) char *text = mem_printf("title: x\n%s\n", bad_values[i].text);

		print_message("  %s\n", bad_values[i].text);
		sample_deinit(&s);
		sample_init(&s);
		assert_mistakes(text, bad_values[i].mistakes);
	}
}

static void title_is_required_and_checked(void **state)
{
	assert_mistakes("open: no\n", "t:1:1: title: is required\n");
	assert_mistakes("", "t:1:1: title: is required\n");
	assert_mistakes("title:\n", "t:1:7: title: expected text, found nothing\n");
	assert_mistakes("title: forbidden\n", "t:1:8: title: is taken\n");
	assert_mistakes("title: a title of more than 20\n",
		"t:1:8: title: has 23 characters, allowed: 1 to 20\n");
}

static void a_file_that_is_no_mapping_is_said_so_once(void **state)
{
	assert_mistakes("[a]\n", "t:1:1: expected a mapping, found a list\n");
	assert_mistakes("a: [\n", "t:2:1: did not find expected node content "
				  "(while parsing a flow node)\n");
	assert_defaults();
}

static void mistakes_of_all_kinds_come_in_one_pass(void **state)
{
	assert_mistakes("titel: x\nworkers: 0\nnamed:\n  web: {proto: tcp, port: 0}\n"
			"  web: {}\nlimits: {idle: x}\n",
		"t:1:1: titel: unknown key, did you mean 'title'?\n"
		"t:1:1: title: is required\n"
		"t:2:10: workers: '0' is out of range, allowed: 1 to 64\n"
		"t:4:27: named.web.port: expected a port from 1 to 65535, found '0'\n"
		"t:5:3: web: appears twice, first on line 4\n"
		"t:6:16: limits.idle: expected a duration such as 500ms, 10s or 5m, found 'x'\n");
}

static void empty_sections_are_as_good_as_none(void **state)
{
	assert_mistakes("title: x\nhosts:\nlimits:\nnamed: ~\nlisted:\n", "");
	assert_int_equal(s.hosts.n, 0); /* an empty list was asked for */
	assert_int_equal(s.limits.idle_ms, 90000);
}

static void one_text_is_a_list_of_one(void **state)
{
	assert_mistakes("title: x\nhosts: one\n", "");
	assert_int_equal(s.hosts.n, 1);
	assert_string_equal(s.hosts.items[0], "one");
}

static void a_file_that_is_missing_leaves_defaults_and_a_reason(void **state)
{
	CLEANUP(str_deinit) struct str printed = STR_INIT(1000);
	struct conf_report report;

	report_init(&report);
	assert_false(bind_file(&sample_table, "/nonexistent.yaml", &s, &report));
	report_print(&report, &printed);
	report_deinit(&report);
	assert_string_equal(str_get(&printed),
		"/nonexistent.yaml: cannot be read: No such file or directory\n");
	assert_defaults();
}

static void changes_are_named_by_path_and_flag(void **state)
{
	CLEANUP(str_list_deinit) struct str_list paths = {0};
	struct sample other;
	struct conf_report report;

	report_init(&report);
	sample_init(&other);
	assert_mistakes("title: x\n", "");
	assert_true(bind_text(&sample_table, "o",
		"title: other\nopen: yes\nworkers: 5\nport: 1\nports: 1-2\ncache: 8K\nhosts: a\n"
		"even: ab\nlimits: {idle: 1s, note: n}\nproto: http\n",
		&other, &report));
	bind_changes(&sample_table, &s, &other, CONF_NO_RELOAD, &paths);
	assert_int_equal(paths.n, 7);
	assert_string_equal(paths.items[0], "workers");
	assert_string_equal(paths.items[1], "port");
	assert_string_equal(paths.items[2], "ports");
	assert_string_equal(paths.items[3], "cache");
	assert_string_equal(paths.items[4], "hosts");
	assert_string_equal(paths.items[5], "even");
	assert_string_equal(paths.items[6], "limits.idle");
	bind_changes(&sample_table, &other, &other, CONF_NO_RELOAD, &paths);
	assert_int_equal(paths.n, 7);
	bind_changes(&sample_table, &s, &other, CONF_SECRET, &paths); /* no token in either */
	assert_int_equal(paths.n, 7);
	bind_changes(&sample_table, &s, &other, CONF_REQUIRED, &paths);
	assert_string_equal(paths.items[7], "title");
	sample_deinit(&other);
	report_deinit(&report);
}

static void rows_can_be_listed_for_the_manual(void **state)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(10000);

	bind_describe(&sample_table, &text);
	assert_string_equal(str_get(&text),
		"title\ttext, at most 20 characters\trequired\tshown to people\n"
		"token\ttext, 4 to 100 characters\t\t\n"
		"open\ttrue or false\tno\t\n"
		"workers\ta number, 1 to 64\t4\t\n"
		"port\ta port\t8080\t\n"
		"ports\ta port range\t\t\n"
		"cache\ta size, at least 4KiB\t16MiB\t\n"
		"proto\tone of http, tcp\ttcp\t\n"
		"hosts\ta list of texts, at most 3\t[localhost, '::1']\t\n"
		"even\tan even text\tfour\t\n"
		"limits.idle\ta duration, 1s to 1h\t90s\tlongest silence\n"
		"limits.note\ttext\t\t\n"
		"named.*.proto\tone of http, tcp\thttp\twhat is tunnelled\n"
		"named.*.port\ta port\t\t\n"
		"listed[].proto\tone of http, tcp\thttp\twhat is tunnelled\n"
		"listed[].port\ta port\t\t\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_type_is_set_from_the_file),
		TEST(what_is_absent_gets_its_default),
		TEST(defaults_can_be_had_without_a_file),
		TEST(a_wrong_value_leaves_its_default_behind),
		TEST(every_mistake_has_its_exact_words),
		TEST(title_is_required_and_checked),
		TEST(a_file_that_is_no_mapping_is_said_so_once),
		TEST(mistakes_of_all_kinds_come_in_one_pass),
		TEST(empty_sections_are_as_good_as_none),
		TEST(one_text_is_a_list_of_one),
		TEST(a_file_that_is_missing_leaves_defaults_and_a_reason),
		TEST(changes_are_named_by_path_and_flag),
		TEST(rows_can_be_listed_for_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
