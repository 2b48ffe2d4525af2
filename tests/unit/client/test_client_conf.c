/* SPDX-License-Identifier: MIT */
/* test_client_conf: tunneltod.yaml and tunnels.d, sound and not; the words of every mistake. */

#include "../cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/client_conf.h"
#include "inspect/tap.h"

static char dir[] = "/tmp/test_client_conf.XXXXXX";
static struct client_conf conf;
static struct conf_report report;

static const char *const files[] = {
	"tunneltod.yaml", "tunnels.d/10-a.yaml", "tunnels.d/20-b.yaml", "tunnels.d/README", "key"};

static int enter(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 && mkdir("tunnels.d", 0700) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)rmdir("tunnels.d");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static int setup(void **state)
{
	client_conf_init(&conf);
	report_init(&report);
	return 0;
}

static int teardown(void **state)
{
	client_conf_deinit(&conf);
	report_deinit(&report);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlink(files[i]);
	return 0;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool load(const char *text)
{
	write_file("tunneltod.yaml", text);
	return client_conf_load(&conf, "tunneltod.yaml", &report);
}

static void assert_mistakes(const char *expected)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(100000);

	report_print(&report, &text);
	assert_string_equal(str_get(&text), expected);
}

static void an_empty_file_is_sound_and_has_the_defaults(void **state)
{
	assert_true(load(""));
	assert_null(conf.server.url);
	assert_true(conf.server.verify);
	assert_int_equal(conf.reconnect.min, 100);
	assert_int_equal(conf.reconnect.max, 30000);
	assert_int_equal(conf.drain, 5000);
	assert_int_equal(conf.log.level, 3);
	assert_int_equal(conf.inspector.requests, 500);
	assert_int_equal(conf.inspector.bytes, 64 << 20);
	assert_int_equal(conf.inspector.body, 256 << 10);
	assert_int_equal(conf.inspector.messages, 200);
	assert_int_equal(conf.inspector.redact.n, 0);
	assert_false(conf.inspector.reveal);
	assert_true(list_is_empty(&conf.tunnels));
}

static void everything_that_can_be_written_is_taken_over(void **state)
{
	const struct client_conf_tunnel *t;

	write_file("key", "secret");
	assert_int_equal(chmod("key", 0600), 0);
	assert_true(
		load("server: {url: 'https://t.example:8443', key_file: key, ca_file: ca.pem,\n"
		     "  verify: false}\n"
		     "reconnect: {min: 1s, max: 1m}\n"
		     "control_socket: /tmp/c\n"
		     "drain: 0s\n"
		     "log: {level: debug}\n"
		     "inspector: {requests: 9, bytes: 1M, body: 2K, messages: 3, reveal: true,\n"
		     "  redact: [X-Session, token]}\n"
		     "tunnels:\n"
		     "  web: {local: 'https://app:8443', subdomain: demo, host_header: app.local,\n"
		     "    tls: {ca_file: origin.pem, verify: false}, idle: 2m, max_streams: 9,\n"
		     "    inspect: headers}\n"
		     "  off: {local: 1, inspect: false}\n"
		     "  db: {proto: tcp, inspect: false, local: 5432, remote_port: 20001, "
		     "autostart: false}\n"));
	assert_string_equal(conf.server.url, "https://t.example:8443");
	assert_string_equal(conf.server.ca_file, "ca.pem");
	assert_false(conf.server.verify);
	assert_int_equal(conf.reconnect.max, 60000);
	assert_int_equal(conf.drain, 0);
	assert_int_equal(conf.log.level, 4);
	assert_int_equal(conf.inspector.requests, 9);
	assert_int_equal(conf.inspector.bytes, 1 << 20);
	assert_int_equal(conf.inspector.body, 2048);
	assert_int_equal(conf.inspector.messages, 3);
	assert_true(conf.inspector.reveal);
	assert_int_equal(conf.inspector.redact.n, 2);
	assert_string_equal(conf.inspector.redact.items[1], "token");
	t = client_conf_find(&conf, "web");
	assert_non_null(t);
	assert_int_equal(t->proto, HELLO_PROTO_HTTP);
	assert_string_equal(t->subdomain, "demo");
	assert_string_equal(t->host_header, "app.local");
	assert_true(t->target.tls);
	assert_int_equal(t->target.port, 8443);
	assert_false(t->tls.verify);
	assert_string_equal(t->tls.ca_file, "origin.pem");
	assert_int_equal(t->idle, 120000);
	assert_int_equal(t->max_streams, 9);
	assert_int_equal(t->inspect, TAP_HEADERS);
	assert_int_equal(client_conf_find(&conf, "off")->inspect, TAP_NOTHING);
	assert_true(t->autostart);
	t = client_conf_find(&conf, "db");
	assert_non_null(t);
	assert_int_equal(t->proto, HELLO_PROTO_TCP);
	assert_int_equal(t->remote_port, 20001);
	assert_string_equal(t->target.host, "localhost");
	assert_false(t->autostart);
	assert_true(t->tls.verify);
	assert_int_equal(t->max_streams, 4096);
	assert_int_equal(t->inspect, TAP_NOTHING);
	assert_null(client_conf_find(&conf, "none"));
}

static void each_mistake_says_where_and_why(void **state)
{
	static const struct {
		const char *text, *mistakes;
	} table[] = {
		{"sever: {}\n", "tunneltod.yaml:1:1: sever: unknown key, did you mean 'server'?\n"},
		{"server: {url: t.example}\n", "tunneltod.yaml:1:15: server.url: 't.example' is "
					       "not http(s)://HOST[:PORT]\n"},
		{"tunnels: {web: {}}\n", "tunneltod.yaml:1:16: tunnels.web.local: is required\n"},
		{"tunnels: {web: {local: 65536}}\n",
			"tunneltod.yaml:1:24: tunnels.web.local: '65536' is not PORT (1 to 65535), "
			"HOST:PORT, http(s)://HOST[:PORT] or unix:/path\n"},
		{"tunnels: {web: {local: 80, subdomain: a, hostname: b.c}}\n",
			"tunneltod.yaml:1:16: tunnels.web: 'subdomain' and 'hostname' exclude each "
			"other\n"},
		{"tunnels: {web: {local: 80, proto: tcp, subdomain: a}}\n",
			"tunneltod.yaml:1:16: tunnels.web: 'subdomain', 'hostname' and "
			"'host_header' "
			"are for proto http, this one is tcp\n"},
		{"tunnels: {web: {local: 80, remote_port: 99}}\n",
			"tunneltod.yaml:1:16: tunnels.web: 'remote_port' is for proto tcp, this "
			"one "
			"is http\n"},
		{"tunnels: {'a b': {local: 80}}\n",
			"tunneltod.yaml:1:18: tunnels.a b: a tunnel's name has 1 to 64 of a-z A-Z "
			"0-9 . _ -\n"},
		{"server: {key_file: nowhere}\n", "tunneltod.yaml:1:20: server.key_file: "
						  "nowhere: cannot be opened: No such file or "
						  "directory\n"},
		{"tunnels: {web: {local: 80, proto: udp}}\n",
			"tunneltod.yaml:1:35: tunnels.web.proto: expected one of http, tcp, tls, "
			"found "
			"'udp'\n"},
		{"tunnels: {web: {local: 80, proto: tcp, inspect: full}}\n",
			"tunneltod.yaml:1:49: tunnels.web: 'inspect' is for proto http, what "
			"passes "
			"here is not read\n"},
		{"tunnels: {web: {local: 80, inspect: all}}\n",
			"tunneltod.yaml:1:37: tunnels.web.inspect: expected one of false, headers, "
			"full, found 'all'\n"},
		{"inspector: {redact: [ok, 'a b']}\n",
			"tunneltod.yaml:1:21: inspector.redact: 'a b' is no name of a header "
			"field\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		setup(state);
		assert_false(load(table[i].text));
		assert_mistakes(table[i].mistakes);
		teardown(state);
	}
	setup(state);
}

static void a_key_that_others_can_read_is_no_key(void **state)
{
	const struct conf_mistake *m;

	write_file("key", "hunter2");
	assert_int_equal(chmod("key", 0644), 0);
	assert_false(load("server: {key_file: key}\n"));
	m = report_get(&report, 0);
	assert_non_null(m);
	assert_non_null(strstr(m->why, "0644"));
	assert_null(strstr(m->why, "hunter2"));
}

static void all_mistakes_of_all_files_come_in_one_pass(void **state)
{
	write_file("tunnels.d/20-b.yaml", "tunnels: {b: {locl: 80}}\n");
	write_file("tunnels.d/10-a.yaml", "server: {}\n");
	assert_false(load("drain: soon\ntunnels: {a: {local: x}}\n"));
	assert_mistakes(
		"tunneltod.yaml:1:8: drain: expected a duration such as 500ms, 10s or 5m, found "
		"'soon'\n"
		"tunneltod.yaml:2:22: tunnels.a.local: 'x' is not PORT (1 to 65535), HOST:PORT, "
		"http(s)://HOST[:PORT] or unix:/path\n"
		"tunnels.d/10-a.yaml:1:1: server: unknown key\n"
		"tunnels.d/20-b.yaml:1:14: tunnels.b.local: is required\n"
		"tunnels.d/20-b.yaml:1:15: tunnels.b.locl: unknown key, did you mean 'local'?\n");
}

static void drop_ins_are_read_in_the_order_of_their_names_and_only_yaml(void **state)
{
	const struct client_conf_tunnel *first, *second, *third;

	write_file("tunnels.d/20-b.yaml", "tunnels: {c: {local: 3}}\n");
	write_file("tunnels.d/10-a.yaml", "tunnels: {b: {local: 2}}\n");
	write_file("tunnels.d/README", "no: yaml [\n");
	assert_true(load("tunnels: {a: {local: 1}}\n"));
	first = list_entry(conf.tunnels.next, struct client_conf_tunnel, node);
	second = list_entry(first->node.next, struct client_conf_tunnel, node);
	third = list_entry(second->node.next, struct client_conf_tunnel, node);
	assert_string_equal(first->name, "a");
	assert_string_equal(second->name, "b");
	assert_string_equal(third->name, "c");
	assert_string_equal(third->file, "tunnels.d/20-b.yaml");
	assert_ptr_equal(third->node.next, &conf.tunnels);
}

static void two_tunnels_of_one_name_are_a_mistake_that_names_both_places(void **state)
{
	write_file("tunnels.d/10-a.yaml", "# one line more\ntunnels: {web: {local: 2}}\n");
	assert_false(load("tunnels:\n  web: {local: 1}\n"));
	assert_mistakes("tunnels.d/10-a.yaml:2:11: web: a tunnel of this name stands at "
			"tunneltod.yaml:2 already\n");
}

static void a_copy_is_the_same_and_its_own(void **state)
{
	struct client_conf_tunnel *copy;
	const struct client_conf_tunnel *t;

	assert_true(load("tunnels: {web: {local: 80, subdomain: s, host_header: h,\n"
			 "  tls: {ca_file: f}}}\n"));
	t = client_conf_find(&conf, "web");
	copy = client_conf_copy_tunnel(t);
	assert_true(client_conf_same_tunnel(t, copy));
	assert_ptr_not_equal(copy->subdomain, t->subdomain);
	assert_int_equal(copy->target.port, 80);
	client_conf_free_tunnel(copy);
	client_conf_free_tunnel(NULL);
}

static void every_key_of_a_tunnel_makes_a_difference(void **state)
{
	static const char *const variants[] = {
		"local: 80",
		"local: 81",
		"local: 80, proto: tcp",
		"local: 80, proto: tcp, remote_port: 5",
		"local: 80, subdomain: a",
		"local: 80, subdomain: b",
		"local: 80, hostname: a",
		"local: 80, host_header: a",
		"local: 80, autostart: false",
		"local: 80, tls: {verify: false}",
		"local: 80, tls: {ca_file: a}",
		"local: 80, idle: 1s",
		"local: 80, max_streams: 1",
		"local: 80, proto: tls",
		"local: 80, proxy_protocol: v2",
		"local: 80, verify: {provider: github, secret: a}",
		"local: 80, verify: {provider: github, secret: a, enforce: false}",
	};
	struct client_conf_tunnel *t[ARRAY_SIZE(variants)];

	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		CLEANUP(mem_cleanup) char *text = mem_printf("tunnels: {x: {%s}}\n", variants[i]);

		setup(state);
		assert_true(load(text));
		t[i] = client_conf_copy_tunnel(client_conf_find(&conf, "x"));
		teardown(state);
	}
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(variants); j++)
			assert_int_equal(client_conf_same_tunnel(t[i], t[j]), i == j);
	}
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		client_conf_free_tunnel(t[i]);
	setup(state);
}

static void what_is_inspected_makes_none(void **state)
{
	struct client_conf_tunnel *t;

	(void)state;
	assert_true(load("tunnels: {x: {local: 80}, y: {local: 80, inspect: false},\n"
			 "  z: {local: 80, proto: tcp}}\n"));
	assert_int_equal(client_conf_find(&conf, "z")->inspect, TAP_NOTHING);
	t = client_conf_find(&conf, "x");
	assert_int_equal(t->inspect, TAP_FULL);
	assert_true(client_conf_same_tunnel(t, client_conf_find(&conf, "y")));
}

static void a_name_is_short_and_plain(void **state)
{
	char name[HELLO_NAME_MAX + 2];

	memset(name, 'x', sizeof(name));
	name[HELLO_NAME_MAX] = '\0';
	assert_true(client_conf_is_name(name));
	name[HELLO_NAME_MAX] = 'x';
	name[HELLO_NAME_MAX + 1] = '\0';
	assert_false(client_conf_is_name(name));
	assert_true(client_conf_is_name("A-z.0_9"));
	assert_false(client_conf_is_name(""));
	assert_false(client_conf_is_name(NULL));
	assert_false(client_conf_is_name("a/b"));
	assert_false(client_conf_is_name("a\n"));
}

static void only_http_is_checked_for_signatures(void **state)
{
	struct client_conf_tunnel *t = client_conf_new_tunnel("x");
	struct secret text = {0};

	assert_int_equal(secret_set(&text, "sesame", 6), 0);
	assert_int_equal(verify_conf_set(&t->verify, "github", &text, NULL), 0);
	assert_null(client_conf_check_tunnel(t));
	t->proto = HELLO_PROTO_TCP;
	assert_string_equal(client_conf_check_tunnel(t),
		"'verify' is for proto http, what passes here is not read");
	client_conf_free_tunnel(t);
	secret_deinit(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(an_empty_file_is_sound_and_has_the_defaults),
		TEST(everything_that_can_be_written_is_taken_over),
		TEST(each_mistake_says_where_and_why),
		TEST(a_key_that_others_can_read_is_no_key),
		TEST(all_mistakes_of_all_files_come_in_one_pass),
		TEST(drop_ins_are_read_in_the_order_of_their_names_and_only_yaml),
		TEST(two_tunnels_of_one_name_are_a_mistake_that_names_both_places),
		TEST(a_copy_is_the_same_and_its_own),
		TEST(every_key_of_a_tunnel_makes_a_difference),
		TEST(what_is_inspected_makes_none),
		TEST(a_name_is_short_and_plain),
		TEST(only_http_is_checked_for_signatures),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
