/* SPDX-License-Identifier: MIT */
/* test_server_env: what the Rust server's variables make of a configuration, and their mistakes. */

#include "server_test.h"

#include "server/server_env.h"

static struct server_conf conf;
static const char *const names[] = {"ALLOWED_HOSTS", "TUNNEL_HOST", "BLOCKED_SUB_DOMAINS",
	"BLOCKED_IPS", "PORT", "CTRL_PORT", "MASTER_SIG_KEY"};

static int teardown(void **state)
{
	server_conf_deinit(&conf);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unsetenv(names[i]);
	return 0;
}

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

/* Over @text; the mistakes. */
static void apply(const char *text, struct str *ret_mistakes)
{
	struct conf_report report;
	bool fine;

	sound_conf_from(&conf, text);
	report_init(&report);
	fine = server_env_apply(&conf, &report);
	assert_int_equal(fine, report_count(&report) == 0);
	report_print(&report, ret_mistakes);
	report_deinit(&report);
}

static void apply_soundly(const char *text)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(10000);

	apply(text, &mistakes);
	assert_string_equal(str_get(&mistakes), "");
}

static const char *only_listener(const struct list *l)
{
	assert_ptr_equal(l->next->next, l);
	return list_entry(l->next, struct server_conf_listener, node)->listen;
}

static void without_variables_the_file_stands(void **state)
{
	set("PORT", ""); /* empty is not set */
	assert_false(server_env_is_set());
	apply_soundly("allowed_hosts: [a.example]\npublic: [{listen: '*:80'}, {listen: '*:81'}]\n");
	assert_int_equal(conf.allowed_hosts.n, 1);
	assert_string_equal(list_entry(conf.public_listeners.prev, struct server_conf_listener,
				    node)
				    ->listen,
		"*:81");
	assert_false(conf.sig_key.is_set);
}

static void variables_win_over_the_file(void **state)
{
	set("ALLOWED_HOSTS", "A.example, b.example");
	set("BLOCKED_SUB_DOMAINS", "Admin,www");
	set("BLOCKED_IPS", "192.0.2.1,2001:db8::/32");
	set("PORT", "8080");
	set("CTRL_PORT", "5000");
	set("MASTER_SIG_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F");
	assert_true(server_env_is_set());
	apply_soundly("allowed_hosts: [c.example]\npublic: [{listen: '*:80'}, {listen: '*:81'}]\n"
		      "blocked_ips: [10.0.0.1]\n");
	assert_int_equal(conf.allowed_hosts.n, 2);
	assert_string_equal(conf.allowed_hosts.items[0], "a.example");
	assert_string_equal(conf.blocked_subdomains.items[0], "admin");
	assert_int_equal(conf.blocked_ips.n, 2);
	assert_string_equal(only_listener(&conf.public_listeners), "*:8080");
	assert_string_equal(only_listener(&conf.control_listeners), "*:5000");
	assert_true(conf.sig_key.is_set);
	assert_int_equal(conf.sig_key.bytes[31], 0x1f);
}

static void the_tunnel_host_is_the_first_of_the_allowed(void **state)
{
	set("ALLOWED_HOSTS", "a.example,b.example");
	set("TUNNEL_HOST", "B.example");
	apply_soundly("");
	assert_int_equal(conf.allowed_hosts.n, 2);
	assert_string_equal(conf.allowed_hosts.items[0], "b.example");
	assert_string_equal(conf.allowed_hosts.items[1], "a.example");
}

static void every_mistake_names_its_variable(void **state)
{
	CLEANUP(str_deinit) struct str mistakes = STR_INIT(10000);

	set("ALLOWED_HOSTS", "a..b,ok.example,host:80");
	set("TUNNEL_HOST", "a b");
	set("BLOCKED_IPS", "300.1.1.1");
	set("PORT", "65536");
	set("CTRL_PORT", "x");
	set("MASTER_SIG_KEY", "0001 secret");
	apply("", &mistakes);
	assert_string_equal(str_get(&mistakes),
		"environment: ALLOWED_HOSTS: 'a..b' is not a host name\n"
		"environment: ALLOWED_HOSTS: 'host:80' is not a host name\n"
		"environment: TUNNEL_HOST: 'a b' is not a host name\n"
		"environment: BLOCKED_IPS: '300.1.1.1' is not an IP address or a block like "
		"10.0.0.0/8\n"
		"environment: PORT: '65536' is not a port from 1 to 65535\n"
		"environment: CTRL_PORT: 'x' is not a port from 1 to 65535\n"
		"environment: MASTER_SIG_KEY: is not 64 hex digits\n");
	assert_false(conf.sig_key.is_set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_teardown(f, teardown)
		TEST(without_variables_the_file_stands),
		TEST(variables_win_over_the_file),
		TEST(the_tunnel_host_is_the_first_of_the_allowed),
		TEST(every_mistake_names_its_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
