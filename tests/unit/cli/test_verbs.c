/* SPDX-License-Identifier: MIT */
/*
 * test_verbs: every verb against a daemon that the test plays: what it calls, what it prints, and
 * its exit status for each kind of answer.
 */

#include "../cm.h"

#include "cli_test.h"

#include "base/err.h"
#include "base/str.h"
#include "cli/verbs.h"

#define WORDS_MAX 20
#define WEB(state, rest)                                                                           \
	"{\"name\":\"web\",\"proto\":\"http\",\"local\":\"80\",\"state\":\"" state "\"" rest "}"
#define UP          WEB("up", ",\"url\":\"http://web.test/\"")
#define REFUSED     WEB("refused", ",\"url\":null,\"error\":\"may not claim\"")
#define REPLY(o)    "{\"parameters\":" o "}"
#define MORE(o)     "{\"continues\":true,\"parameters\":" o "}"
#define ERROR(n, o) "{\"error\":\"io.tunnelto.Client." n "\",\"parameters\":" o "}"

struct exchange {
	const char *line; /* words behind `tunnelctl --socket PATH` */
	const char *call; /* a piece of the call that comes */
	const char *reply;
	int code;
	const char *out, *err; /* pieces of what is printed; "" nothing at all */
};

static const struct exchange exchanges[] = {
	{"up web", "\"wait\":false", REPLY("{\"tunnels\":[" WEB("connecting", "") "]}"), 0,
		"connecting", ""},
	{"up --all", "\"names\":[]", REPLY("{\"tunnels\":[]}"), 0, "", ""},
	{"up web --wait --timeout 5s", "\"timeout_ms\":5000", REPLY("{\"tunnels\":[" UP "]}"), 0,
		"http://web.test/", ""},
	{"up web --wait", "\"wait\":true", REPLY("{\"tunnels\":[" UP "," REFUSED "]}"), 4, "web",
		"web: refused: may not claim\n"},
	{"up web --wait", "Client.Up", REPLY("{\"tunnels\":[" WEB("waiting", "") "]}"), 1,
		"waiting", "web: waiting\n"},
	{"up wep", "[\"wep\"]", ERROR("NoSuchTunnel", "{\"name\":\"wep\"}"), 1, "",
		"there is no tunnel 'wep'"},
	{"--json up web", "Client.Up", REPLY("{\"tunnels\":[" UP "],\"x\":1}"), 0, "\"x\": 1", ""},
	{"down a b", "{\"names\":[\"a\",\"b\"]}", REPLY("{\"tunnels\":[]}"), 0, "", ""},
	{"status", "io.tunnelto.Client.Status",
		REPLY("{\"version\":\"9\",\"pid\":7,\"status\":\"1 of "
		      "1\",\"server\":{\"url\":\"S\","
		      "\"state\":\"up\",\"link\":\"lane\",\"rtt_us\":1500},\"tunnels\":[" UP "]}"),
		0, "server S: up, link lane, round trip 1.5 ms", ""},
	{"status web", "Client.Tunnel", REPLY("{\"tunnel\":" UP "}"), 0,
		"url            http://web.test/", ""},
	{"--json status web", "{\"name\":\"web\"}", REPLY("{\"tunnel\":" UP "}"), 0,
		"\"tunnel\": {", ""},
	{"list --no-legend", "Client.Status",
		REPLY("{\"tunnels\":[" WEB("off", ",\"file\":\"/f.yaml\"") "]}"), 0,
		"web  http  80  /f.yaml\n", ""},
	{"url web", "Client.Tunnel", REPLY("{\"tunnel\":" UP "}"), 0, "http://web.test/\n", ""},
	{"url web", "Client.Tunnel", REPLY("{\"tunnel\":" WEB("off", ",\"url\":null") "}"), 1, "",
		"web has no address: it is off"},
	{"wait web", "Client.Wait", REPLY("{\"tunnels\":[" UP "]}"), 0, "", ""},
	{"wait web --json", "{\"names\":[\"web\"],\"timeout_ms\":30000}",
		REPLY("{\"tunnels\":[" UP "]}"), 0, "\"tunnel\": {", ""},
	{"wait web", "Client.Wait", REPLY("{\"tunnels\":[" REFUSED "]}"), 4, "", "may not claim"},
	{"wait web", "Client.Wait", REPLY("{\"tunnels\":[" WEB("off", "") "]}"), 1, "", "web: off"},
	{"wait web --timeout 1ms", "\"timeout_ms\":1}",
		REPLY("{\"tunnels\":[" WEB("waiting", "") "]}"), 1, "", "web: waiting"},
	{"reload --dry-run", "{\"dry_run\":true}",
		REPLY("{\"added\":[],\"kept\":[\"web\"],\"settings\":[\"drain\"]}"), 0,
		"kept: web\nsettings: drain\n", ""},
	{"reload", "Client.Reload",
		REPLY("{\"added\":[\"a\",\"b\"],\"changed\":[],\"removed\":[\"c\"],\"kept\":[]}"),
		0, "added: a b\nremoved: c\n", ""},
	{"reload", "Client.Reload",
		ERROR("BadConfig", "{\"mistakes\":[{\"file\":\"f\",\"line\":1,\"column\":2,"
				   "\"key\":\"k\",\"why\":\"w\"}]}"),
		1, "", "f:1:2: k: w\n"},
	{"logs web -n 3", "{\"tail\":3,\"follow\":false,\"tunnel\":\"web\"}",
		REPLY("{\"events\":[{\"time_ms\":0,\"level\":\"info\",\"message\":\"m\","
		      "\"fields\":{\"TUNNEL\":\"web\"}}]}"),
		0, "1970-01-01T00:00:00Z info m tunnel=web\n", ""},
	{"logs --json", "\"tail\":50",
		REPLY("{\"events\":[{\"message\":\"m\"},{\"message\":\"n\"}]}"), 0,
		"{\"message\":\"m\"}\n{\"message\":\"n\"}\n", ""},
	{"logs -f", "\"more\":true", REPLY("{\"events\":[{\"message\":\"m\"}]}"), 0, " m\n", ""},
	{"http nonsense:x:y", "\"local\":\"nonsense:x:y\"",
		ERROR("BadTunnel", "{\"why\":\"no such port\"}"), 1, "", ": no such port\n"},
	{"http 80", "\"bind\":true", MORE("{\"tunnel\":" REFUSED "}"), 4, "",
		"refused: may not claim"},
	{"http 80 --name n --subdomain s", "\"name\":\"n\",\"subdomain\":\"s\"},\"more\":true",
		REPLY("{\"tunnel\":" UP "}"), 0, "http://web.test/\n", ""},
	{"http 80", "Client.Open", ERROR("NoSuchTunnel", "{\"name\":\"x\"}"), 1, "",
		"the tunnel was taken down"},
	{"tcp 22 --remote-port 2222", "\"remote_port\":2222", REPLY("{\"tunnel\":" UP "}"), 0,
		"http", ""},
	{"server status", "io.tunnelto.Server.Status",
		REPLY("{\"version\":\"9\",\"status\":\"fine\",\"listeners\":[\"public 1:2\"],"
		      "\"counters\":{\"visitors\":3}}"),
		0, "listens: public 1:2\nvisitors 3\n", ""},
	{"server reload", "Server.Reload", REPLY("{}"), 0, "", ""},
	{"server logs", "Server.Logs", REPLY("{\"events\":[]}"), 0, "", ""},
	{"server key add ci --allow a,b* --tcp 5-6 --max-tunnels 2",
		"{\"name\":\"ci\",\"allow\":[\"a\",\"b*\"],\"tcp\":\"5-6\",\"max_tunnels\":2}",
		REPLY("{\"key\":{},\"secret\":\"tt_x_y\"}"), 0, "tt_x_y\n", "told only now"},
	{"server key add ci --allow a --json", "KeyAdd",
		REPLY("{\"key\":{},\"secret\":\"tt_x_y\"}"), 0, "\"secret\": \"tt_x_y\"", ""},
	{"server key add ci --allow a", "KeyAdd",
		"{\"error\":\"io.tunnelto.Server.KeyExists\",\"parameters\":{\"name\":\"ci\"}}", 1,
		"", "there is a key 'ci' already"},
	{"server key list --no-legend", "KeyList",
		REPLY("{\"keys\":[{\"id\":\"i\",\"name\":\"n\",\"allow\":[\"a\",\"b\"],\"tcp\":"
		      "null,"
		      "\"max_tunnels\":3,\"state\":\"active\",\"source\":\"state\"}]}"),
		0, "i  n  active  state  -  3  a,b\n", ""},
	{"server key revoke i", "{\"key\":\"i\"}", REPLY("{\"sessions_ended\":2}"), 0,
		"sessions ended: 2", ""},
	{"status", "Status", "{\"error\":\"org.varlink.service.PermissionDenied\"}", 4, "",
		"does not allow"},
	{"status", "Status",
		"{\"error\":\"org.varlink.service.InterfaceNotFound\","
		"\"parameters\":{\"interface\":\"I\"}}",
		1, "", "does not speak I"},
	{"status", "Status", "{\"error\":\"io.tunnelto.Client.Unheard\"}", 1, "", "Unheard"},
	{"status", "Status", "no JSON", 1, "", "Status"},
	{"status", "Status", NULL, 1, "", "closed the control connection"},
};

static void split(char *text, const char **argv)
{
	size_t n = 3;

	for (char *p = text; *p && n < WORDS_MAX; p++) {
		if (p == text || p[-1] == '\0')
			argv[n++] = p;
		if (*p == ' ')
			*p = '\0';
	}
	argv[n] = NULL;
}

static void expect(const char *what, const char *is, const char *wanted, const struct exchange *x)
{
	if (*wanted ? !strstr(is, wanted) : *is != '\0')
		fail_msg("'%s': %s is '%s', wanted '%s'", x->line, what, is, wanted);
}

static void every_answer_has_its_output_and_exit_status(void **state)
{
	static struct cli_test_daemon d;
	static struct cli_test t;

	cli_test_daemon_open(&d);
	for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
		const struct exchange *x = &exchanges[i];
		char line[256];
		const char *argv[WORDS_MAX + 1] = {"tunnelctl", "--socket", d.path};

		(void)snprintf(line, sizeof(line), "%s", x->line);
		split(line, argv);
		cli_test_start(&t, verbs_main, argv);
		assert_true(cli_test_daemon_take(&d));
		if (!strstr(d.call, x->call))
			fail_msg("'%s': called %s, wanted %s", x->line, d.call, x->call);
		if (x->reply)
			cli_test_daemon_say(&d, x->reply);
		else
			cli_test_daemon_hang_up(&d);
		/* it may look again while it waits */
		while (d.fd >= 0 && cli_test_daemon_take(&d))
			cli_test_daemon_say(&d, x->reply);
		cli_test_daemon_hang_up(&d);
		cli_test_end(&t);
		expect("stdout", t.out, x->out, x);
		expect("stderr", t.err, x->err, x);
		if (t.code != x->code)
			fail_msg("'%s': exit status %d, wanted %d", x->line, t.code, x->code);
	}
	cli_test_daemon_close(&d);
}

static void a_wrong_command_line_calls_nobody(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"statsu", "did you mean 'status'"},
		{"server statsu", "did you mean 'server status'"},
		{"server", "needs a verb behind it"},
		{"server key", "needs a verb behind it"},
		{"xyzzyxyzzy", "'tunnelctl help' lists them"},
		{"up", "NAME... or --all"},
		{"up web --all", "not both"},
		{"up web --timeout never", "'--timeout never'"},
		{"up web --timeout 0", "'--timeout 0'"},
		{"up web --timeout 100d", "'--timeout 100d'"},
		{"url", "needs NAME"},
		{"url a b", "'b'"},
		{"status --wait", "'--wait' does not belong here"},
		{"tcp 22 --subdomain x", "'--subdomain' does not belong here"},
		{"tcp 22 --remote-port 0", "1 to 65535"},
		{"logs -n many", "--lines is a number"},
		{"server key add x", "--allow"},
		{"server key add x --tcp 9-1", "--tcp"},
		{"server key add x --allow a --max-tunnels 0", "--max-tunnels"},
		{"completion tcsh", "bash, zsh, fish"},
		{"help nothing", "there is no verb 'nothing'"},
	};
	static struct cli_test t;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char line[256];
		const char *argv[WORDS_MAX + 1] = {"tunnelctl", "--socket", "/nonexistent/x"};

		(void)snprintf(line, sizeof(line), "%s", cases[i].line);
		split(line, argv);
		cli_test_start(&t, verbs_main, argv);
		cli_test_end(&t);
		if (t.code != 2 || !strstr(t.err, cases[i].says) || t.out[0])
			fail_msg("'%s': %d '%s'", cases[i].line, t.code, t.err);
		assert_ptr_equal(strchr(t.err, '\n'), t.err + strlen(t.err) - 1);
	}
}

static void down_all_names_what_is_not_off(void **state)
{
	static struct cli_test_daemon d;
	static struct cli_test t;

	cli_test_daemon_open(&d);
	cli_test_start(&t, verbs_main,
		(const char *const[]){"tunnelctl", "--socket", d.path, "down", "--all", NULL});
	assert_true(cli_test_daemon_take(&d));
	cli_test_daemon_say(&d, REPLY("{\"tunnels\":[" UP ",{\"name\":\"b\",\"state\":\"off\"}]}"));
	assert_false(cli_test_daemon_take(&d));
	cli_test_daemon_hang_up(&d);
	assert_true(cli_test_daemon_take(&d));
	assert_non_null(strstr(d.call, "Down"));
	assert_non_null(strstr(d.call, "[\"web\"]"));
	cli_test_daemon_say(&d, REPLY("{}"));
	cli_test_end(&t);
	assert_int_equal(t.code, 0);
	cli_test_daemon_close(&d);
}

static void a_detached_tunnel_is_opened_unbound_then_waited_for(void **state)
{
	static struct cli_test_daemon d;
	static struct cli_test t;

	cli_test_daemon_open(&d);
	cli_test_start(&t, verbs_main,
		(const char *const[]){
			"tunnelctl", "--socket", d.path, "http", "80", "--detach", NULL});
	assert_true(cli_test_daemon_take(&d));
	assert_non_null(strstr(d.call, "\"bind\":false"));
	assert_null(strstr(d.call, "more"));
	cli_test_daemon_say(&d, REPLY("{\"tunnel\":" WEB("connecting", "") "}"));
	assert_true(cli_test_daemon_take(&d));
	assert_non_null(strstr(d.call, "Client.Up"));
	assert_non_null(strstr(d.call, "\"wait\":true"));
	cli_test_daemon_say(&d, REPLY("{\"tunnels\":[" UP "]}"));
	cli_test_end(&t);
	assert_int_equal(t.code, 0);
	assert_string_equal(t.out, "http://web.test/\n");
	cli_test_daemon_close(&d);
}

static void an_ad_hoc_tunnel_lives_until_a_signal_and_prints_its_url_once(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM};
	static struct cli_test_daemon d;
	static struct cli_test t;

	cli_test_daemon_open(&d);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		cli_test_start(&t, verbs_main,
			(const char *const[]){"tunnelctl", "--socket", d.path, "http", "80", NULL});
		assert_true(cli_test_daemon_take(&d));
		cli_test_daemon_say(&d, MORE("{\"tunnel\":" WEB("connecting", "") "}"));
		cli_test_daemon_say(&d, MORE("{\"tunnel\":" UP "}"));
		cli_test_daemon_say(&d,
			MORE("{\"tunnel\":" WEB("waiting", ",\"error\":\"lost\"") "}"));
		cli_test_daemon_say(&d, MORE("{\"tunnel\":" UP "}"));
		assert_int_equal(kill(t.pid, signals[i]), 0);
		assert_false(cli_test_daemon_take(&d)); /* it closes */
		cli_test_daemon_hang_up(&d);
		cli_test_end(&t);
		assert_int_equal(t.code, 0);
		/* what had not been read when the signal came is not printed */
		assert_true(t.out[0] == '\0' || strcmp(t.out, "http://web.test/\n") == 0);
	}
	cli_test_daemon_close(&d);
}

static void nobody_there_is_status_3_and_a_shut_socket_4(void **state)
{
	static struct cli_test t;

	cli_test_start(&t, verbs_main,
		(const char *const[]){"tunnelctl", "--socket", "/nonexistent/x", "status", NULL});
	cli_test_end(&t);
	assert_int_equal(t.code, 3);
	assert_non_null(strstr(t.err, "tunneltod is not running"));
	cli_test_start(&t, verbs_main,
		(const char *const[]){
			"tunnelctl", "--socket", "/nonexistent/x", "server", "status", NULL});
	cli_test_end(&t);
	assert_int_equal(t.code, 3);
	assert_non_null(strstr(t.err, "tunnelto-server is not running"));
}

static void the_environment_and_user_choose_the_socket(void **state)
{
	static struct cli_test t;

	assert_int_equal(setenv("TUNNELTO_SOCKET", "/nonexistent/env", 1), 0);
	assert_int_equal(setenv("XDG_RUNTIME_DIR", "/nonexistent/run", 1), 0);
	cli_test_start(&t, verbs_main, (const char *const[]){"tunnelctl", "status", NULL});
	cli_test_end(&t);
	assert_non_null(strstr(t.err, "/nonexistent/env"));
	cli_test_start(&t, verbs_main,
		(const char *const[]){"tunnelctl", "--user", "status", NULL});
	cli_test_end(&t);
	assert_non_null(strstr(t.err, "/nonexistent/run/tunnelto/control"));
	assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
	cli_test_start(&t, verbs_main,
		(const char *const[]){"tunnelctl", "--user", "status", NULL});
	cli_test_end(&t);
	assert_int_equal(t.code, 1);
	assert_non_null(strstr(t.err, "XDG_RUNTIME_DIR"));
	assert_int_equal(unsetenv("TUNNELTO_SOCKET"), 0);
}

static void help_tells_every_verb_and_its_own_options(void **state)
{
	static struct cli_test t;
	const struct verbs_row *row;

	cli_test_start(&t, verbs_main, (const char *const[]){"tunnelctl", "--help", NULL});
	cli_test_end(&t);
	assert_int_equal(t.code, 0);
	for (size_t i = 0; (row = verbs_row(i)) != NULL; i++)
		assert_non_null(strstr(t.out, row->name));
	cli_test_start(&t, verbs_main, (const char *const[]){"tunnelctl", "up", "--help", NULL});
	cli_test_end(&t);
	assert_non_null(strstr(t.out, "--timeout TIME"));
	assert_null(strstr(t.out, "--follow"));
	cli_test_start(&t, verbs_main,
		(const char *const[]){"tunnelctl", "help", "server", "key", NULL});
	cli_test_end(&t);
	assert_non_null(strstr(t.out, "server key revoke"));
	cli_test_start(&t, verbs_main, (const char *const[]){"tunnelctl", "help", "list", NULL});
	cli_test_end(&t);
	assert_null(strstr(t.out, "\nOptions:\n")); /* it has none of its own */
	cli_test_start(&t, verbs_main, (const char *const[]){"tunnelctl", "--version", NULL});
	cli_test_end(&t);
	assert_string_equal(t.out, "tunnelctl " PACKAGE_VERSION "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_its_output_and_exit_status),
		cmocka_unit_test(a_wrong_command_line_calls_nobody),
		cmocka_unit_test(down_all_names_what_is_not_off),
		cmocka_unit_test(a_detached_tunnel_is_opened_unbound_then_waited_for),
		cmocka_unit_test(an_ad_hoc_tunnel_lives_until_a_signal_and_prints_its_url_once),
		cmocka_unit_test(nobody_there_is_status_3_and_a_shut_socket_4),
		cmocka_unit_test(the_environment_and_user_choose_the_socket),
		cmocka_unit_test(help_tells_every_verb_and_its_own_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
