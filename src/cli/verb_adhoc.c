/* SPDX-License-Identifier: MIT */
/*
 * verb_adhoc: `tunnelctl http 8000`, `tcp 22` and `tls 8443`: a tunnel that no file defines. The
 * daemon opens it and binds it to our connection, so that it ends with this command however that
 * ends. With
 * --detach it stays with the daemon; without any daemon the command becomes one itself.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/one_shot.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "cli/verify_option.h"

struct adhoc {
	const struct args *args;
	char *url;     /* the one last printed */
	char *trouble; /* the one last told */
	int code;
};

static void add_text(json_t *params, const char *key, const char *value)
{
	if (value)
		(void)json_object_set_new(params, key, json_string(value));
}

static json_t *open_params(const struct args *a, const char *proto, bool bind)
{
	json_t *params = json_pack("{s:s, s:s, s:b}", "proto", proto, "local", a->word[0], "bind",
		bind);
	uint16_t port;

	add_text(params, "name", a->value[ARGS_NAME]);
	add_text(params, "subdomain", a->value[ARGS_SUBDOMAIN]);
	add_text(params, "hostname", a->value[ARGS_HOSTNAME]);
	if (args_has(a, ARGS_REMOTE_PORT) && parse_port(a->value[ARGS_REMOTE_PORT], &port) == 0)
		(void)json_object_set_new(params, "remote_port", json_integer(port));
	if (args_has(a, ARGS_PROXY_PROTOCOL))
		(void)json_object_set_new(params, "proxy_protocol", json_string("v2"));
	return params;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* Tell once that, and why, the tunnel is not up. */
static void tell_trouble(struct adhoc *h, const json_t *tunnel)
{
	CLEANUP(mem_cleanup)
	char *now = mem_printf("%s%s%s", text_of(tunnel, "state"),
		*text_of(tunnel, "error") ? ": " : "", text_of(tunnel, "error"));

	if (str_eq(now, h->trouble))
		return;
	print_error("%s", now);
	mem_replace(&h->trouble, now);
}

static void tell_url(struct adhoc *h, const char *url)
{
	mem_replace(&h->trouble, NULL);
	if (str_eq(url, h->url))
		return;
	print_line(url);
	mem_replace(&h->url, url);
}

/* A change of state. False ends the call, and with it the tunnel. */
static bool on_change(json_t *reply, void *arg)
{
	struct adhoc *h = arg;
	const json_t *tunnel = json_object_get(reply, "tunnel");
	const char *state = text_of(tunnel, "state");

	if (args_has(h->args, ARGS_JSON))
		print_json(reply);
	if (str_eq(state, "up")) {
		if (!args_has(h->args, ARGS_JSON))
			tell_url(h, text_of(tunnel, "url"));
		return true;
	}
	if (!str_eq(state, "connecting") || *text_of(tunnel, "error"))
		tell_trouble(h, tunnel);
	if (!str_eq(state, "refused") && !str_eq(state, "off"))
		return true;
	h->code = str_eq(state, "refused") ? CALL_REFUSED : CALL_FAILED;
	return false;
}

/* Takes @params. */
static int stay(struct call *c, const struct args *a, json_t *params)
{
	struct adhoc h = {.args = a};
	int code = call_more(c, "Open", params, on_change, &h);

	free(h.url);
	free(h.trouble);
	return code ? code : h.code;
}

/* The daemon keeps the tunnel; wait only until its address is known. Takes @params. */
static int leave(struct call *c, const struct args *a, json_t *params)
{
	CLEANUP(call_free_json) json_t *opened = NULL;
	CLEANUP(call_free_json) json_t *reply = NULL;
	struct adhoc h = {.args = a};
	int code = call_do(c, "Open", params, CALL_TIMEOUT_MS, &opened);
	const json_t *name = json_object_get(json_object_get(opened, "tunnel"), "name");
	json_t *one;

	if (code)
		return code;
	code = call_do(c, "Up",
		json_pack("{s:[O], s:b, s:i}", "names", name, "wait", 1, "timeout_ms",
			CALL_WAIT_MS),
		CALL_TIMEOUT_MS + CALL_WAIT_MS, &reply);
	one = json_array_get(json_object_get(reply, "tunnels"), 0);
	if (one) {
		json_t *as_change = json_pack("{s:O}", "tunnel", one);

		(void)on_change(as_change, &h);
		json_decref(as_change);
		code = h.url || (args_has(a, ARGS_JSON) && str_eq(text_of(one, "state"), "up"))
			       ? CALL_DONE
			       : MAX(h.code, CALL_FAILED);
	}
	free(h.url);
	free(h.trouble);
	return code;
}

static int ask_daemon(struct call *c, const struct args *a, const char *proto)
{
	bool detach = args_has(a, ARGS_DETACH);
	json_t *params = open_params(a, proto, /* bind= */ !detach);
	int code = verify_option_add(a, params);

	if (code) {
		json_decref(params);
		return code;
	}
	return detach ? leave(c, a, params) : stay(c, a, params);
}

static int open_adhoc(const struct args *a, const char *proto)
{
	struct call c;
	uint16_t port;
	int code;

	if (args_has(a, ARGS_REMOTE_PORT) && parse_port(a->value[ARGS_REMOTE_PORT], &port) < 0)
		return verbs_usage(a, "--remote-port is a number from 1 to 65535");
	if (verify_option_check(a))
		return verbs_usage(a, "%s", verify_option_check(a));
	if (args_has(a, ARGS_DETACH))
		code = call_open(&c, a);
	else
		code = call_try(&c, a);
	if (code == CALL_NO_DAEMON && !args_has(a, ARGS_DETACH))
		return one_shot_exec(a, proto, a->word[0]);
	if (code)
		return code;
	code = ask_daemon(&c, a, proto);
	call_close(&c);
	return code;
}

int verb_adhoc_http(const struct args *a)
{
	return open_adhoc(a, "http");
}

int verb_adhoc_tcp(const struct args *a)
{
	return open_adhoc(a, "tcp");
}

int verb_adhoc_tls(const struct args *a)
{
	return open_adhoc(a, "tls");
}
