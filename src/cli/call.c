/* SPDX-License-Identifier: MIT */
/*
 * call: between a verb and ctl_client. Finds the socket (option, environment, own daemon, system
 * daemon), names the method's interface, turns every failure into one line and an exit status.
 *
 * A call that lasts ends with SIGINT or SIGTERM. The handler shuts the connection down: the wait in
 * ctl_client sees that whenever the signal comes, so that none is lost between a check and a poll.
 */
#include "cli/call.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/paths.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "ctl/ctl_client.h"

#define TIMEOUT_MAX_MS 86400000 /* a day */

/* What the errors of both interfaces mean; %s is the named parameter. */
static const struct {
	const char *name, *parameter, *words;
} errors[] = {
	{"NoSuchTunnel", "name", "there is no tunnel '%s' ('tunnelctl list' names them)"},
	{"NameTaken", "name", "there is a tunnel '%s' already"},
	{"BadTunnel", "why", "%s"},
	{"NoSuchRequest", "id",
		"there is no request %s, or not any more ('tunnelctl requests' lists them)"},
	{"CannotReplay", "why", "the replay failed: %s"},
	{"NoSuchKey", "key", "there is no key '%s' ('tunnelctl server key list' names them)"},
	{"KeyExists", "name", "there is a key '%s' already"},
	{"BadKey", "why", "%s"},
	{"InvalidParameter", "parameter", "the daemon does not accept this '%s'"},
	{"MethodNotFound", "method",
		"the daemon does not know the method %s: is it of this version?"},
	{"InterfaceNotFound", "interface",
		"this socket does not speak %s: is it the other daemon's?"},
};

/* --- the socket ------------------------------------------------------------------------------ */

/* A path of the caller's own daemon. False without $XDG_RUNTIME_DIR. */
static bool own_socket(char *ret, size_t size, bool server)
{
	const char *run = getenv("XDG_RUNTIME_DIR");

	if (!run || !*run)
		return false;
	(void)snprintf(ret, size, "%s/%s/control", run, server ? "tunnelto-server" : "tunnelto");
	return true;
}

/* An instance of the daemon has its socket below that of the one without a name. */
static int instance_socket(char *ret, size_t size, const struct args *a, const char *name)
{
	if (!*name || strchr(name, '/') || name[0] == '.')
		return verbs_usage(a, "'--instance %s' is no name of an instance", name);
	if ((size_t)snprintf(ret, size, PATHS_CLIENT_RUN "/%s/control", name) >= size)
		return verbs_usage(a, "the path of the socket is too long");
	return CALL_DONE;
}

static int find_socket(char *ret, size_t size, const struct args *a, bool server)
{
	const char *given = a->value[ARGS_SOCKET], *env = getenv("TUNNELTO_SOCKET");

	if (args_has(a, ARGS_INSTANCE) && !given && !server)
		return instance_socket(ret, size, a, a->value[ARGS_INSTANCE]);
	if (!given && !server && env && *env && !args_has(a, ARGS_USER))
		given = env;
	if (given) {
		if ((size_t)snprintf(ret, size, "%s", given) >= size)
			return verbs_usage(a, "the path of the socket is too long");
		return CALL_DONE;
	}
	if (args_has(a, ARGS_USER)) {
		if (own_socket(ret, size, server))
			return CALL_DONE;
		print_error("--user: $XDG_RUNTIME_DIR is not set");
		return CALL_FAILED;
	}
	if (!server && geteuid() != 0 && own_socket(ret, size, server) && access(ret, F_OK) == 0)
		return CALL_DONE;
	(void)snprintf(ret, size, "%s", server ? PATHS_SERVER_SOCKET : PATHS_CLIENT_SOCKET);
	return CALL_DONE;
}

static int exit_of(enum ctl_client_result result)
{
	switch (result) {
	case CTL_CLIENT_OK:
		return CALL_DONE;
	case CTL_CLIENT_NO_DAEMON:
		return CALL_NO_DAEMON;
	case CTL_CLIENT_REFUSED:
		return CALL_REFUSED;
	case CTL_CLIENT_ERROR:
	case CTL_CLIENT_BROKEN:
		break;
	}
	return CALL_FAILED;
}

static int open_socket(struct call *c, const struct args *a, bool quiet)
{
	bool server = a->verb && (a->verb->flags & VERBS_SERVER);
	enum ctl_client_result why;
	struct err err;
	int code;

	memset(c, 0, sizeof(*c));
	c->interface = server ? "io.tunnelto.Server" : "io.tunnelto.Client";
	code = find_socket(c->socket, sizeof(c->socket), a, server);
	if (code)
		return code;
	c->client = ctl_client_open(c->socket, &why, &err);
	if (c->client)
		return CALL_DONE;
	if (why == CTL_CLIENT_NO_DAEMON && !quiet)
		print_error("%s is not running (%s)", server ? "tunnelto-server" : "tunneltod",
			err.text);
	else if (why != CTL_CLIENT_NO_DAEMON)
		print_error("%s", err.text);
	return exit_of(why);
}

int call_open(struct call *c, const struct args *a)
{
	return open_socket(c, a, /* quiet= */ false);
}

int call_try(struct call *c, const struct args *a)
{
	return open_socket(c, a, /* quiet= */ true);
}

void call_close(struct call *c)
{
	ctl_client_close(TAKE_PTR(c->client));
}

/* --- the call -------------------------------------------------------------------------------- */

/* The daemon answered with an error: @parameters say what of. */
static void explain(const struct call *c, const json_t *parameters, const struct err *err)
{
	const char *dot = strrchr(ctl_client_error(c->client), '.');
	const char *name = dot ? dot + 1 : "";

	if (c->quiet)
		return;
	if (c->lasting && str_eq(name, "NoSuchTunnel")) {
		print_error("the tunnel was taken down");
		return;
	}
	if (str_eq(name, "BadConfig")) {
		print_mistakes(parameters);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		const char *words = errors[i].words;
		CLEANUP(mem_cleanup) char *value = print_member(parameters, errors[i].parameter);
		size_t before = strcspn(words, "%");

		if (!str_eq(name, errors[i].name) ||
			!json_object_get(parameters, errors[i].parameter))
			continue;
		print_error("%.*s%s%s", (int)before, words, value, words + before + 2);
		return;
	}
	print_error("%s", err->text);
}

int call_do(struct call *c, const char *method, json_t *params, uint64_t timeout_ms,
	json_t **ret_reply)
{
	CLEANUP(str_deinit) struct str full = STR_INIT(128);
	enum ctl_client_result result;
	struct err err = {0};

	str_addf(&full, "%s.%s", c->interface, method);
	result = ctl_client_call(c->client, str_get(&full), params, (int)timeout_ms, ret_reply,
		&err);
	if (result == CTL_CLIENT_ERROR)
		explain(c, *ret_reply, &err);
	else if (result != CTL_CLIENT_OK && !c->quiet)
		print_error("%s", err.text);
	return exit_of(result);
}

int call_once(const struct args *a, const char *method, json_t *params, json_t **ret_reply)
{
	struct call c;
	int code = call_open(&c, a);

	*ret_reply = NULL;
	if (code) {
		json_decref(params);
		return code;
	}
	code = call_do(&c, method, params, CALL_TIMEOUT_MS, ret_reply);
	call_close(&c);
	return code;
}

/* --- the call that lasts --------------------------------------------------------------------- */

static volatile sig_atomic_t stopped; /* a signal came */
static volatile sig_atomic_t stop_fd; /* what it shuts down */

static void on_signal(int number)
{
	stopped = 1;
	(void)shutdown(stop_fd, SHUT_RDWR);
}

struct more {
	struct call *call;
	call_each_f *each;
	void *arg;
};

static bool on_reply(struct ctl_client *client, json_t *reply, void *arg)
{
	const struct more *m = arg;

	if (str_has_suffix(ctl_client_error(client), ".PermissionDenied"))
		return false; /* which call_more() says */
	if (*ctl_client_error(client)) {
		struct err err = {0};

		(void)err_set(&err, -1, "the daemon answered with %s", ctl_client_error(client));
		explain(m->call, reply, &err);
		return false;
	}
	return !stopped && m->each(reply, m->arg);
}

int call_more(struct call *c, const char *method, json_t *params, call_each_f *each, void *arg)
{
	CLEANUP(str_deinit) struct str full = STR_INIT(128);
	struct sigaction act = {.sa_handler = on_signal};
	struct more m = {c, each, arg};
	enum ctl_client_result result;
	struct err err = {0};

	c->lasting = true;
	stop_fd = ctl_client_fd(c->client);
	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	ctl_client_until(c->client, c->until);
	str_addf(&full, "%s.%s", c->interface, method);
	result = ctl_client_more(c->client, str_get(&full), params, on_reply, &m, &err);
	if (stopped)
		return CALL_DONE;
	if (result == CTL_CLIENT_BROKEN || result == CTL_CLIENT_REFUSED)
		print_error("%s", err.text);
	return exit_of(result);
}

/* --- helpers --------------------------------------------------------------------------------- */

int call_timeout(const struct args *a, uint64_t *ret_ms)
{
	const char *text = a->value[ARGS_TIMEOUT];

	*ret_ms = CALL_WAIT_MS;
	if (text && (parse_duration(text, ret_ms) < 0 || *ret_ms > TIMEOUT_MAX_MS || !*ret_ms))
		return verbs_usage(a, "'--timeout %s' is no time such as 500ms, 10s or 5m", text);
	return CALL_DONE;
}

void call_free_json(json_t **o)
{
	json_decref(TAKE_PTR(*o));
}
