/* SPDX-License-Identifier: MIT */
/*
 * verb_server: `tunnelctl server …`: the server's state and its keys. A key's secret is told once,
 * alone on stdout, so that it can go into a file without passing a terminal.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/str_list.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/program.h"
#include "cli/verbs.h"

/* A table of the objects in @list, headed, unless there are none. */
static void show_list(const struct args *a, const json_t *list, const char *headings,
	const char *keys)
{
	const json_t *o;
	struct print_table t;
	size_t i;

	print_table_init(&t, headings);
	json_array_foreach(list, i, o) print_table_members(&t, o, keys);
	print_table_show(&t, a);
	print_table_deinit(&t);
}

/* --- status ---------------------------------------------------------------------------------- */

static void show_counters(const json_t *reply)
{
	CLEANUP(str_deinit) struct str line = STR_INIT(8192);
	json_t *counters = json_object_get(reply, "counters");
	const json_t *value;
	const char *key;

	json_object_foreach(counters, key, value) str_addf(&line, "%s%s %" JSON_INTEGER_FORMAT,
		line.len ? ", " : "", key, json_integer_value(value));
	if (line.len)
		print_line(str_get(&line));
}

static void show_status(const struct args *a, const json_t *reply)
{
	CLEANUP(mem_cleanup) char *version = print_member(reply, "version");
	CLEANUP(mem_cleanup) char *pid = print_member(reply, "pid");
	CLEANUP(mem_cleanup) char *status = print_member(reply, "status");
	CLEANUP(str_deinit) struct str line = STR_INIT(4096);
	const json_t *sessions = json_object_get(reply, "sessions"), *listener;
	const json_t *tunnels = json_object_get(reply, "tunnels");
	size_t i;

	str_addf(&line, "tunnelto-server %s, process %s: %s", version, pid, status);
	print_line(str_get(&line));
	json_array_foreach(json_object_get(reply, "listeners"), i, listener)
	{
		str_clear(&line);
		str_addf(&line, "listens: %s", json_string_value(listener));
		print_line(str_get(&line));
	}
	show_counters(reply);
	if (json_array_size(sessions)) {
		print_text("\n");
		show_list(a, sessions, "SESSION KEY CLIENT SOFTWARE TUNNELS STREAMS",
			"id key client software tunnels streams");
	}
	if (json_array_size(tunnels)) {
		print_text("\n");
		show_list(a, tunnels, "NAME PROTO URL KEY STREAMS TOTAL IN OUT",
			"name proto url key streams streams_total bytes_in bytes_out");
	}
}

int verb_server_status(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	int code = call_once(a, "Status", NULL, &reply);

	if (code)
		return code;
	if (args_has(a, ARGS_JSON))
		print_json(reply);
	else
		show_status(a, reply);
	return CALL_DONE;
}

int verb_server_reload(const struct args *a)
{
	return verb_misc_reload(a);
}

int verb_server_check(const struct args *a)
{
	struct program p;
	int code;

	program_init(&p, "tunnelto-server");
	program_add(&p, "--check-config");
	program_add_option(&p, "--config", a->word[0]);
	code = program_exec(&p);
	program_deinit(&p);
	return code;
}

/* --- keys ------------------------------------------------------------------------------------ */

static json_t *globs_of(const char *text)
{
	CLEANUP(str_list_deinit) struct str_list globs = {0};
	json_t *list = json_array();

	str_list_split(&globs, text, ',');
	for (size_t i = 0; i < globs.n; i++)
		(void)json_array_append_new(list, json_string(globs.items[i]));
	return list;
}

/* The call's parameters from the options. CALL_DONE or CALL_USAGE. */
static int key_params(const struct args *a, json_t **ret)
{
	const char *allow = a->value[ARGS_ALLOW], *tcp = a->value[ARGS_TCP];
	const char *max = a->value[ARGS_MAX_TUNNELS];
	uint16_t low, high;
	uint32_t n = 0;

	*ret = NULL;
	if (!allow && !tcp)
		return verbs_usage(a, "needs --allow GLOBS: a key without it could claim nothing");
	if (tcp && parse_port_range(tcp, &low, &high) < 0)
		return verbs_usage(a, "--tcp is a range of ports such as 20000-20100");
	if (max && (parse_u32(max, &n) < 0 || n == 0))
		return verbs_usage(a, "--max-tunnels is a number from 1");
	*ret = json_pack("{s:s, s:o}", "name", a->word[0], "allow", globs_of(allow ? allow : ""));
	if (tcp)
		(void)json_object_set_new(*ret, "tcp", json_string(tcp));
	if (max)
		(void)json_object_set_new(*ret, "max_tunnels", json_integer(n));
	return CALL_DONE;
}

int verb_server_key_add(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	json_t *params;
	int code = key_params(a, &params);
	const char *secret;

	if (!code)
		code = call_once(a, "KeyAdd", params, &reply);
	if (code)
		return code;
	if (args_has(a, ARGS_JSON)) {
		print_json(reply);
		return CALL_DONE;
	}
	secret = json_string_value(json_object_get(reply, "secret"));
	print_line(secret ? secret : "");
	(void)fprintf(stderr,
		"This is the key, told only now: keep it in a file of mode 0600, and name "
		"that as key_file.\n");
	return CALL_DONE;
}

/* "web, ci-*" */
static char *allow_of(const json_t *key)
{
	CLEANUP(str_deinit) struct str out = STR_INIT(65536);
	const json_t *glob;
	size_t i;

	json_array_foreach(json_object_get(key, "allow"), i, glob)
		str_addf(&out, "%s%s", i ? "," : "", json_string_value(glob));
	return str_take(&out);
}

static void show_keys(const struct args *a, const json_t *list)
{
	struct print_table t;
	const json_t *key;
	size_t i;

	print_table_init(&t, "ID NAME STATE SOURCE TCP MAX-TUNNELS ALLOW");
	json_array_foreach(list, i, key)
	{
		CLEANUP(mem_cleanup) char *allow = allow_of(key);

		print_table_members(&t, key, "id name state source tcp max_tunnels");
		print_table_add(&t, allow);
	}
	print_table_show(&t, a);
	print_table_deinit(&t);
}

int verb_server_key_list(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	int code = call_once(a, "KeyList", NULL, &reply);

	if (code)
		return code;
	if (args_has(a, ARGS_JSON))
		print_json(reply);
	else
		show_keys(a, json_object_get(reply, "keys"));
	return CALL_DONE;
}

int verb_server_key_revoke(const struct args *a)
{
	CLEANUP(call_free_json) json_t *reply = NULL;
	CLEANUP(str_deinit) struct str line = STR_INIT(1024);
	int code = call_once(a, "KeyRevoke", json_pack("{s:s}", "key", a->word[0]), &reply);

	if (code)
		return code;
	if (args_has(a, ARGS_JSON)) {
		print_json(reply);
		return CALL_DONE;
	}
	str_addf(&line, "revoked %s, sessions ended: %" JSON_INTEGER_FORMAT, a->word[0],
		json_integer_value(json_object_get(reply, "sessions_ended")));
	print_line(str_get(&line));
	return CALL_DONE;
}
