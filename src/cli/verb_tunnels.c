/* SPDX-License-Identifier: MIT */
/*
 * verb_tunnels: the verbs on the tunnels that the daemon knows: up, down, status, list, url, wait.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/verbs.h"

static json_t *names_of(const struct args *a)
{
	json_t *names = json_array();

	for (size_t i = 0; i < a->n_words; i++)
		(void)json_array_append_new(names, json_string(a->word[i]));
	return names;
}

/* Either names or --all. CALL_DONE or CALL_USAGE. */
static int check_names(const struct args *a)
{
	if (args_has(a, ARGS_ALL) && a->n_words)
		return verbs_usage(a, "names or --all, not both");
	if (!args_has(a, ARGS_ALL) && !a->n_words)
		return verbs_usage(a, "needs NAME... or --all");
	return CALL_DONE;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

/* --- up and down ----------------------------------------------------------------------------- */

/* One tunnel of a reply to a call that waited: said, and as an exit status. */
static int judge_one(const json_t *tunnel)
{
	const char *name = text_of(tunnel, "name"), *state = text_of(tunnel, "state");
	const char *error = text_of(tunnel, "error");

	if (str_eq(state, "up"))
		return CALL_DONE;
	if (*error)
		print_error("%s: %s: %s", name, state, error);
	else
		print_error("%s: %s", name, state);
	return str_eq(state, "refused") ? CALL_REFUSED : CALL_FAILED;
}

static int judge(const json_t *reply)
{
	const json_t *list = json_object_get(reply, "tunnels"), *tunnel;
	int code = CALL_DONE;
	size_t i;

	json_array_foreach(list, i, tunnel)
	{
		int one = judge_one(tunnel);

		code = MAX(code, one);
	}
	return code;
}

static void show_states(const struct args *a, const json_t *reply)
{
	const json_t *list = json_object_get(reply, "tunnels"), *tunnel;
	struct print_table t;
	size_t i;

	print_table_init(&t, "NAME STATE URL");
	json_array_foreach(list, i, tunnel) print_table_members(&t, tunnel, "name state url");
	if (json_array_size(list))
		print_table_show(&t, a);
	print_table_deinit(&t);
}

static int bring_up(const struct args *a, uint64_t timeout, json_t **ret_reply)
{
	bool wait = args_has(a, ARGS_WAIT);
	json_t *params = json_pack("{s:o, s:b}", "names", names_of(a), "wait", wait);
	struct call c;
	int code = call_open(&c, a);

	if (code) {
		json_decref(params);
		return code;
	}
	if (wait)
		(void)json_object_set_new(params, "timeout_ms", json_integer((json_int_t)timeout));
	code = call_do(&c, "Up", params, CALL_TIMEOUT_MS + (wait ? timeout : 0), ret_reply);
	call_close(&c);
	return code;
}

int verb_tunnels_up(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	uint64_t timeout;
	int code = check_names(a);

	if (!code)
		code = call_timeout(a, &timeout);
	if (!code)
		code = bring_up(a, timeout, &reply);
	if (code)
		return code;
	if (args_has(a, ARGS_JSON))
		print_json(reply);
	else
		show_states(a, reply);
	return args_has(a, ARGS_WAIT) ? judge(reply) : CALL_DONE;
}

/* The names of all tunnels that are not off already. */
static int all_names(const struct args *a, json_t **ret_names)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	const json_t *tunnel;
	size_t i;
	int code = call_once(a, "Status", NULL, &reply);

	*ret_names = json_array();
	json_array_foreach(json_object_get(reply, "tunnels"), i, tunnel)
	{
		if (!str_eq(text_of(tunnel, "state"), "off"))
			(void)json_array_append(*ret_names, json_object_get(tunnel, "name"));
	}
	return code;
}

int verb_tunnels_down(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	CLEANUP(call_free_json) json_t *names = NULL;
	int code = check_names(a);

	if (code)
		return code;
	if (args_has(a, ARGS_ALL)) {
		code = all_names(a, &names);
		if (code || json_array_size(names) == 0)
			return code;
	} else {
		names = names_of(a);
	}
	code = call_once(a, "Down", json_pack("{s:O}", "names", names), &reply);
	if (!code && args_has(a, ARGS_JSON))
		print_json(reply);
	return code;
}

/* --- status ---------------------------------------------------------------------------------- */

static void show_server(const json_t *server)
{
	CLEANUP(mem_cleanup) char *url = print_member(server, "url");
	CLEANUP(mem_cleanup) char *state = print_member(server, "state");
	CLEANUP(str_deinit) struct str line = STR_INIT(4096);
	const json_t *rtt = json_object_get(server, "rtt_us");
	const json_t *retry = json_object_get(server, "retry_in_ms");

	str_addf(&line, "server %s: %s", url, state);
	if (*text_of(server, "link"))
		str_addf(&line, ", link %s", text_of(server, "link"));
	if (json_is_integer(rtt))
		str_addf(&line, ", round trip %.1f ms", (double)json_integer_value(rtt) / 1000);
	if (json_is_integer(retry))
		str_addf(&line, ", next attempt in %.1f s",
			(double)json_integer_value(retry) / 1000);
	if (*text_of(server, "error"))
		str_addf(&line, " (%s)", text_of(server, "error"));
	print_line(str_get(&line));
}

static void show_tunnels(const struct args *a, const json_t *list)
{
	const json_t *tunnel;
	struct print_table t;
	size_t i;

	print_table_init(&t, "NAME PROTO STATE URL LOCAL STREAMS IN OUT");
	json_array_foreach(list, i, tunnel) print_table_members(&t, tunnel,
		"name proto state url local streams bytes_in bytes_out");
	print_table_show(&t, a);
	print_table_deinit(&t);
}

/* Why a tunnel is not up, below the table; but what @known says of all is above it. */
static void show_errors(const json_t *list, const char *known)
{
	const json_t *tunnel;
	size_t i;

	json_array_foreach(list, i, tunnel)
	{
		CLEANUP(str_deinit) struct str line = STR_INIT(4096);

		if (!*text_of(tunnel, "error") || str_eq(text_of(tunnel, "error"), known))
			continue;
		str_addf(&line, "%s: %s", text_of(tunnel, "name"), text_of(tunnel, "error"));
		print_line(str_get(&line));
	}
}

/* With the token for those who may have it: then it is a link that opens. */
static void show_dashboard(struct call *c, const json_t *dashboard)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	CLEANUP(str_deinit) struct str line = STR_INIT(4096);
	const char *url;

	if (*text_of(dashboard, "error"))
		str_addf(&line, "dashboard: none (%s)", text_of(dashboard, "error"));
	if (*text_of(dashboard, "address")) {
		c->quiet = true;
		url = "";
		if (call_do(c, "Dashboard", NULL, CALL_TIMEOUT_MS, &reply) == CALL_DONE)
			url = text_of(reply, "url");
		str_addf(&line, "dashboard: %s", *url ? url : text_of(dashboard, "address"));
	}
	if (*str_get(&line))
		print_line(str_get(&line));
}

static void show_status(const struct args *a, struct call *c, const json_t *reply)
{
	const json_t *list = json_object_get(reply, "tunnels");
	CLEANUP(mem_cleanup) char *version = print_member(reply, "version");
	CLEANUP(mem_cleanup) char *pid = print_member(reply, "pid");
	CLEANUP(str_deinit) struct str line = STR_INIT(4096);

	str_addf(&line, "tunneltod %s, process %s: %s", version, pid, text_of(reply, "status"));
	print_line(str_get(&line));
	show_server(json_object_get(reply, "server"));
	show_dashboard(c, json_object_get(reply, "dashboard"));
	if (json_array_size(list) == 0)
		return;
	print_text("\n");
	show_tunnels(a, list);
	show_errors(list, text_of(json_object_get(reply, "server"), "error"));
}

/* One tunnel: a line per member, as the interface names them. */
static void show_tunnel(const json_t *tunnel)
{
	const json_t *since = json_object_get(tunnel, "since_ms");
	char time[21];
	const char *key;
	json_t *copy = json_copy((json_t *)(uintptr_t)tunnel), *value;

	clock_format_utc(time, (uint64_t)json_integer_value(since));
	(void)json_object_del(copy, "since_ms");
	(void)json_object_set_new(copy, "since", json_string(time));
	json_object_foreach(copy, key, value)
	{
		CLEANUP(mem_cleanup) char *text = print_member(copy, key);
		CLEANUP(str_deinit) struct str line = STR_INIT(8192);

		str_addf(&line, "%-14s %s", key, text);
		print_line(str_get(&line));
	}
	json_decref(copy);
}

static int status_of_one(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	int code = call_once(a, "Tunnel", json_pack("{s:s}", "name", a->word[0]), &reply);

	if (code)
		return code;
	if (args_has(a, ARGS_JSON))
		print_json(reply);
	else
		show_tunnel(json_object_get(reply, "tunnel"));
	return CALL_DONE;
}

int verb_tunnels_status(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	struct call c;
	int code;

	if (a->n_words)
		return status_of_one(a);
	code = call_open(&c, a);
	if (code)
		return code;
	code = call_do(&c, "Status", NULL, CALL_TIMEOUT_MS, &reply);
	if (code == CALL_DONE && args_has(a, ARGS_JSON))
		print_json(reply);
	else if (code == CALL_DONE)
		show_status(a, &c, reply);
	call_close(&c);
	return code;
}

/* --- list, url, wait ------------------------------------------------------------------------- */

int verb_tunnels_list(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	CLEANUP(call_free_json) json_t *only = NULL;
	const json_t *tunnel;
	struct print_table t;
	size_t i;
	int code = call_once(a, "Status", NULL, &reply);

	if (code)
		return code;
	if (args_has(a, ARGS_JSON)) {
		only = json_pack("{s:O}", "tunnels", json_object_get(reply, "tunnels"));
		print_json(only);
		return CALL_DONE;
	}
	print_table_init(&t, "NAME PROTO LOCAL DEFINED-IN");
	json_array_foreach(json_object_get(reply, "tunnels"), i, tunnel)
		print_table_members(&t, tunnel, "name proto local file");
	print_table_show(&t, a);
	print_table_deinit(&t);
	return CALL_DONE;
}

int verb_tunnels_url(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	int code = call_once(a, "Tunnel", json_pack("{s:s}", "name", a->word[0]), &reply);
	const json_t *tunnel = json_object_get(reply, "tunnel");
	const char *url = text_of(tunnel, "url");

	if (code)
		return code;
	if (args_has(a, ARGS_JSON)) {
		print_json(reply);
		return *url ? CALL_DONE : CALL_FAILED;
	}
	if (*url) {
		print_line(url);
		return CALL_DONE;
	}
	print_error("%s has no address: it is %s", a->word[0], text_of(tunnel, "state"));
	return CALL_FAILED;
}

int verb_tunnels_wait(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	const json_t *tunnel;
	uint64_t timeout;
	struct call c;
	int code = call_timeout(a, &timeout);

	if (!code)
		code = call_open(&c, a);
	if (code)
		return code;
	code = call_do(&c, "Wait",
		json_pack("{s:[s], s:I}", "names", a->word[0], "timeout_ms", (json_int_t)timeout),
		timeout + CALL_TIMEOUT_MS, &reply);
	call_close(&c);
	if (code)
		return code;
	tunnel = json_array_get(json_object_get(reply, "tunnels"), 0);
	if (str_eq(text_of(tunnel, "state"), "up") && args_has(a, ARGS_JSON)) {
		CLEANUP(call_free_json) json_t *one = json_pack("{s:O}", "tunnel", tunnel);

		print_json(one);
	}
	return judge_one(tunnel);
}
