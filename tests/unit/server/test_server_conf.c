/* SPDX-License-Identifier: MIT */
/* test_server_conf: defaults, and the exact words for every mistake, all in one pass. */

#include "server_test.h"

#include "../certs_test.h"
#include "io/tls_certs.h"

static struct server_conf conf;

static int teardown(void **state)
{
	server_conf_deinit(&conf);
	return 0;
}

static void an_empty_file_is_sound_and_closed(void **state)
{
	sound_conf_from(&conf, "");
	assert_false(conf.anonymous);
	assert_true(list_is_empty(&conf.keys));
	assert_int_equal(conf.allowed_hosts.n, 0);
	assert_int_equal(conf.tcp.ports.low, 0);
	assert_true(str_list_has(&conf.reserved_subdomains, "www"));
	assert_string_equal(conf.tcp.listen, "::");
	assert_int_equal(conf.limits.session_memory, 64 << 20);
	assert_int_equal(conf.timeouts.grace, 30000);
	assert_int_equal(conf.timeouts.drain, 5000);
	assert_true(conf.log.access);
}

static void a_whole_file_is_read(void **state)
{
	const struct server_conf_listener *l;
	const struct server_conf_key *k;

	sound_conf_from(&conf, "public: [{listen: '*:8080'}, {listen: '127.0.0.1:0'}]\n"
			       "control: [{listen: 'unix:/run/c'}]\n"
			       "allowed_hosts: [Example.COM.]\n"
			       "keys: [{name: a, hash: " HASH ", allow: [web], tcp: 20000-20001}]\n"
			       "public_scheme: https\n"
			       "public_port: 443\n"
			       "log: {level: debug, access: false}\n");
	l = list_entry(conf.public_listeners.prev, struct server_conf_listener, node);
	assert_string_equal(l->listen, "127.0.0.1:0");
	assert_null(l->tls.certs);
	assert_string_equal(conf.allowed_hosts.items[0], "example.com");
	k = list_entry(conf.keys.next, struct server_conf_key, node);
	assert_string_equal(k->name, "a");
	assert_int_equal(k->max_tunnels, 100);
	assert_int_equal(k->tcp.high, 20001);
	assert_int_equal(conf.public_scheme, SERVER_CONF_SCHEME_HTTPS);
}

static struct server_conf_listener *last_public(void)
{
	return list_entry(conf.public_listeners.prev, struct server_conf_listener, node);
}

static void certificates_are_loaded_with_the_file(void **state)
{
	CLEANUP(mem_cleanup)
	char *text = mem_printf("public:\n"
				"  - listen: '*:443'\n"
				"    tls:\n"
				"      certificate: %s\n"
				"      key: %s\n"
				"      certificates: [{certificate: %s, key: %s}]\n",
		cert("server.crt"), cert("server.key"), cert("rsa.crt"), cert("rsa.key"));

	sound_conf_from(&conf, text);
	assert_non_null(last_public()->tls.certs);
	assert_int_equal(tls_certs_count(last_public()->tls.certs), 2);
}

static void assert_mistakes(const char *text, const char *expected)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(100000);

	conf_from(&conf, text, &mistakes);
	assert_string_equal(str_get(&mistakes), expected);
}

static void every_mistake_is_told_at_once(void **state)
{
	assert_mistakes("public:\n"
			"  - listen: nowhere\n"
			"  - listen: '*:80'\n"
			"    tls: {certificate: /c}\n"
			"allowed_host: [x]\n"
			"allowed_hosts: ['a b', 'c:80']\n"
			"blocked_ips: [300.1.1.1]\n"
			"trusted_proxies: [unix, 10.0.0.0/33]\n"
			"tcp: {listen: localhost}\n"
			"keys: [{name: a, hash: md5}]\n",
		"t:2:13: public[0].listen: 'nowhere' is not ADDRESS:PORT, *:PORT, [V6]:PORT or "
		"unix:/path\n"
		"t:4:10: public[1].tls: 'certificate' and 'key' go together\n"
		"t:5:1: allowed_host: unknown key, did you mean 'allowed_hosts'?\n"
		"t:6:16: allowed_hosts: 'a b' is not a host name\n"
		"t:6:16: allowed_hosts: 'c:80' is not a host name\n"
		"t:7:14: blocked_ips: '300.1.1.1' is neither an IP address nor a block like "
		"10.0.0.0/8\n"
		"t:8:18: trusted_proxies: '10.0.0.0/33' is neither an IP address, nor a block like "
		"10.0.0.0/8, nor 'unix'\n"
		"t:9:15: tcp.listen: 'localhost' is not an IP address\n"
		"t:10:24: keys[0].hash: not a hash: 'sha256:' and 64 hex digits are expected\n");
}

static void every_file_that_cannot_be_used_is_named(void **state)
{
	CLEANUP(mem_cleanup)
	char *text = mem_printf("public:\n"
				"  - listen: '*:443'\n"
				"    tls: {certificate: %s, key: %s}\n"
				"control:\n"
				"  - listen: '*:1'\n"
				"    tls:\n"
				"      certificates:\n"
				"        - {certificate: /nonexistent, key: /k}\n"
				"      directory: /nonexistent.d\n"
				"  - listen: '*:2'\n"
				"    tls: {}\n",
		cert("server.crt"), cert("other.key"));
	CLEANUP(mem_cleanup)
	char *mistakes = mem_printf(
		"t:3:10: public[0].tls: private key '%s' does not belong to certificate '%s', or "
		"that is not the first one in its file\n"
		"t:7:7: control[0].tls.directory: certificate directory '/nonexistent.d': No such "
		"file or directory\n"
		"t:8:11: control[0].tls: certificate '/nonexistent': No such file or directory\n"
		"t:11:10: control[1].tls: 'certificate' and 'key', or 'certificates', or "
		"'directory' are needed\n",
		cert("other.key"), cert("server.crt"));

	assert_mistakes(text, mistakes);
}

static void keys_do_not_share_a_name_or_an_id(void **state)
{
	assert_mistakes("keys:\n"
			"  - {name: a, id: x, hash: " HASH "}\n"
			"  - {name: b, id: y, hash: " HASH "}\n"
			"  - {name: a, id: y, hash: " HASH "}\n",
		"t:4:12: keys: the key of line 2 has the name 'a' too\n"
		"t:4:19: keys: the key of line 3 has the id 'y' too\n");
}

static void a_key_needs_a_name_and_a_hash(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(100000);

	conf_from(&conf, "keys: [{allow: [a]}]\n", &mistakes);
	assert_non_null(strstr(str_get(&mistakes), "keys[0].name: "));
	assert_non_null(strstr(str_get(&mistakes), "keys[0].hash: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
		TEST(an_empty_file_is_sound_and_closed),
		TEST(a_whole_file_is_read),
		TEST(certificates_are_loaded_with_the_file),
		TEST(every_mistake_is_told_at_once),
		TEST(every_file_that_cannot_be_used_is_named),
		TEST(keys_do_not_share_a_name_or_an_id),
		TEST(a_key_needs_a_name_and_a_hash),
	};

	return cmocka_run_group_tests(tests, certs_setup, certs_teardown);
}
