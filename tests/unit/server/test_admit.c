/* SPDX-License-Identifier: MIT */
/* test_admit: who may have which name and port, as a table of requests and verdicts. */

#include "server_test.h"

#include "io/addr.h"
#include "server/admit.h"

static const char conf_text[] = "allowed_hosts: [Example.com, eu.example.com, other.test]\n"
				"blocked_subdomains: ['EVIL*', '*.evil']\n"
				"blocked_ips: [192.0.2.0/24, '2001:db8::/32', 198.51.100.7]\n"
				"trusted_proxies: [203.0.113.0/24, '2001:db8:f::7', unix]\n"
				"tcp: {ports: 20000-20100}\n"
				"anonymous_limits: {allow: ['a-*'], max_tunnels: 3}\n"
				"keys:\n"
				"  - name: k\n"
				"    hash: " HASH "\n"
				"    allow: [web, 'CI-*', '*.deep', only.other.test]\n"
				"    tcp: 20050-30000\n"
				"    max_tunnels: 7\n";

static struct server_conf conf;
static struct admit_rights rights;

static int setup(void **state)
{
	sound_conf_from(&conf, conf_text);
	admit_rights_of_key(&rights, list_entry(conf.keys.next, struct server_conf_key, node));
	return 0;
}

static int teardown(void **state)
{
	server_conf_deinit(&conf);
	return 0;
}

static const struct {
	const char *subdomain, *hostname;
	int refusal; /* -1: granted */
	const char *host;
} names[] = {
	{"web", "", -1, "web.example.com"},
	{"WEB", "", -1, "web.example.com"},
	{"ci-1", "", -1, "ci-1.example.com"},
	{"a.deep", "", -1, "a.deep.example.com"},
	{"", "web.example.com", -1, "web.example.com"},
	{"", "Web.Other.Test.", -1, "web.other.test"},
	{"", "only.other.test", -1, "only.other.test"},
	{"", "", -1, "assigned.example.com"},
	{"only", "", HELLO_REFUSAL_NOT_ALLOWED, NULL},
	{"webs", "", HELLO_REFUSAL_NOT_ALLOWED, NULL},
	{"xci-1", "", HELLO_REFUSAL_NOT_ALLOWED, NULL},
	{"www", "", HELLO_REFUSAL_RESERVED, NULL},
	{"WwW", "", HELLO_REFUSAL_RESERVED, NULL},
	{"", "www.eu.example.com", HELLO_REFUSAL_RESERVED, NULL},
	{"", "www.other.test", HELLO_REFUSAL_RESERVED, NULL},
	{"evil-twin", "", HELLO_REFUSAL_RESERVED, NULL},
	{"very.evil", "", HELLO_REFUSAL_RESERVED, NULL},
	{"eu", "", HELLO_REFUSAL_RESERVED, NULL},
	{"", "eu.example.com", HELLO_REFUSAL_RESERVED, NULL},
	{"", "example.com", HELLO_REFUSAL_RESERVED, NULL},
	{"", "web.example.org", HELLO_REFUSAL_NO_HOST, NULL},
	{"", "notexample.com", HELLO_REFUSAL_NO_HOST, NULL},
	{"", "com", HELLO_REFUSAL_NO_HOST, NULL},
	{"web", "web.example.com", HELLO_REFUSAL_BAD_REQUEST, NULL},
	{"we b", "", HELLO_REFUSAL_BAD_NAME, NULL},
	{"-web", "", HELLO_REFUSAL_BAD_NAME, NULL},
	{"web-", "", HELLO_REFUSAL_BAD_NAME, NULL},
	{"we_b", "", HELLO_REFUSAL_BAD_NAME, NULL},
	{".web", "", HELLO_REFUSAL_BAD_NAME, NULL},
	{"web.", "", HELLO_REFUSAL_BAD_NAME, NULL},
	{"w\303\244b", "", HELLO_REFUSAL_BAD_NAME, NULL},
	{"", "web.example.com:80", HELLO_REFUSAL_BAD_NAME, NULL},
	{"", "[::1]", HELLO_REFUSAL_BAD_NAME, NULL},
	{"a234567890123456789012345678901234567890123456789012345678901234", "",
		HELLO_REFUSAL_BAD_NAME, NULL},
};

static void every_name_gets_its_verdict(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct hello_register rq = {.name = "n"};
		char host[HOSTNAME_MAX] = "";
		int refusal;

		(void)snprintf(rq.subdomain, sizeof(rq.subdomain), "%s", names[i].subdomain);
		(void)snprintf(rq.hostname, sizeof(rq.hostname), "%s", names[i].hostname);
		refusal = admit_host(host, &conf, &rights, &rq, "assigned");
		if (refusal != names[i].refusal)
			fail_msg("'%s' '%s': %d", rq.subdomain, rq.hostname, refusal);
		if (refusal < 0)
			assert_string_equal(host, names[i].host);
	}
}

static void a_key_without_globs_gets_assigned_names_only(void **state)
{
	const struct str_list nothing = {0};
	struct hello_register rq = {.name = "n"};
	char host[HOSTNAME_MAX];

	rights.allow = &nothing;
	assert_int_equal(admit_host(host, &conf, &rights, &rq, "assigned"), -1);
	memcpy(rq.subdomain, "web", 4);
	assert_int_equal(admit_host(host, &conf, &rights, &rq, "assigned"),
		HELLO_REFUSAL_NOT_ALLOWED);
}

/* Clients connect to it, and say their keys there. */
static void the_clients_own_name_is_nobodys_whatever_is_reserved(void **state)
{
	static const char *const hosts[] = {
		"wormhole.example.com", "Wormhole.eu.example.com.", "wormhole.other.test"};
	struct server_conf open;
	char host[HOSTNAME_MAX];

	sound_conf_from(&open, "allowed_hosts: [example.com, eu.example.com, other.test]\n"
			       "reserved_subdomains: [admin]\n"
			       "anonymous_limits: {allow: ['*']}\n");
	admit_rights_of_anonymous(&rights, &open);
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct hello_register rq = {.name = "n", .proto = HELLO_PROTO_TLS};

		(void)snprintf(rq.hostname, sizeof(rq.hostname), "%s", hosts[i]);
		assert_int_equal(admit_host(host, &open, &rights, &rq, "x"),
			HELLO_REFUSAL_RESERVED);
		memcpy(rq.hostname, "a.", 2); /* "a.rmhole…" */
		assert_int_equal(admit_host(host, &open, &rights, &rq, "x"), -1);
	}
	server_conf_deinit(&open);
}

static void a_server_without_domains_has_no_names(void **state)
{
	struct hello_register rq = {.subdomain = "web"};
	char host[HOSTNAME_MAX];
	struct server_conf none;

	sound_conf_from(&none, "");
	assert_int_equal(admit_host(host, &none, &rights, &rq, "x"), HELLO_REFUSAL_NO_HOST);
	server_conf_deinit(&none);
}

static void ports_are_those_that_server_and_key_both_allow(void **state)
{
	struct hello_register rq = {.proto = HELLO_PROTO_TCP};
	struct conf_port_range r;

	assert_int_equal(admit_ports(&r, &conf, &rights, &rq), -1);
	assert_int_equal(r.low, 20050);
	assert_int_equal(r.high, 20100);
	rq.remote_port = 20050;
	assert_int_equal(admit_ports(&r, &conf, &rights, &rq), -1);
	assert_int_equal(r.low, 20050);
	assert_int_equal(r.high, 20050);
	rq.remote_port = 20049; /* the server's, not the key's */
	assert_int_equal(admit_ports(&r, &conf, &rights, &rq), HELLO_REFUSAL_NO_PORT);
	rq.remote_port = 20101; /* the key's, not the server's */
	assert_int_equal(admit_ports(&r, &conf, &rights, &rq), HELLO_REFUSAL_NO_PORT);
}

static void without_a_range_on_either_side_there_is_no_port(void **state)
{
	struct hello_register rq = {.proto = HELLO_PROTO_TCP};
	struct conf_port_range r;

	rights.tcp = (struct conf_port_range){0};
	assert_int_equal(admit_ports(&r, &conf, &rights, &rq), HELLO_REFUSAL_NO_PORT);
	rights.tcp = (struct conf_port_range){1, 65535};
	conf.tcp.ports = (struct conf_port_range){0};
	assert_int_equal(admit_ports(&r, &conf, &rights, &rq), HELLO_REFUSAL_NO_PORT);
	conf.tcp.ports = (struct conf_port_range){40000, 40001};
	rights.tcp = (struct conf_port_range){20000, 20001}; /* they do not meet */
	assert_int_equal(admit_ports(&r, &conf, &rights, &rq), HELLO_REFUSAL_NO_PORT);
}

static void rights_come_from_the_key_or_from_the_anonymous_limits(void **state)
{
	struct admit_rights anonymous;

	assert_int_equal(rights.max_tunnels, 7);
	admit_rights_of_anonymous(&anonymous, &conf);
	assert_int_equal(anonymous.max_tunnels, 3);
	assert_string_equal(anonymous.allow->items[0], "a-*");
	assert_int_equal(anonymous.tcp.low, 0);
}

static void a_blocked_address_is_told_from_its_neighbours(void **state)
{
	static const struct {
		const char *ip;
		bool fine;
	} rows[] = {
		{"192.0.2.0", false},
		{"192.0.2.255", false},
		{"192.0.3.0", true},
		{"::ffff:192.0.2.9", false},
		{"198.51.100.7", false},
		{"198.51.100.8", true},
		{"2001:db8::1", false},
		{"2001:db9::1", true},
		{"127.0.0.1", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct addr a;

		assert_int_equal(addr_parse_ip(&a, rows[i].ip, 1), 0);
		if (admit_address(&conf, &a) != rows[i].fine)
			fail_msg("%s", rows[i].ip);
	}
}

static void a_trusted_proxy_is_one_that_is_listed(void **state)
{
	static const struct {
		const char *at;
		bool trusted;
	} rows[] = {
		{"203.0.113.9:1", true},
		{"203.0.114.9:1", false},
		{"[2001:db8:f::7]:1", true},
		{"[2001:db8:f::8]:1", false},
		{"127.0.0.1:1", false},
		{"unix:/run/x", true},
	};
	struct server_conf nobody;
	struct addr a;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(addr_parse(&a, rows[i].at), 0);
		if (admit_trusts(&conf, &a) != rows[i].trusted)
			fail_msg("%s", rows[i].at);
	}
	sound_conf_from(&nobody, "allowed_hosts: [example.com]\n");
	assert_false(admit_trusts(&nobody, &a));
	server_conf_deinit(&nobody);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(every_name_gets_its_verdict),
		TEST(a_key_without_globs_gets_assigned_names_only),
		TEST(the_clients_own_name_is_nobodys_whatever_is_reserved),
		TEST(a_server_without_domains_has_no_names),
		TEST(ports_are_those_that_server_and_key_both_allow),
		TEST(without_a_range_on_either_side_there_is_no_port),
		TEST(rights_come_from_the_key_or_from_the_anonymous_limits),
		TEST(a_blocked_address_is_told_from_its_neighbours),
		TEST(a_trusted_proxy_is_one_that_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
