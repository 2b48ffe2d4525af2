/* SPDX-License-Identifier: MIT */
/*
 * one_shot: `tunnelto --port 8000`, the tunnel for which nothing is set up. It puts the words of
 * the old tunnelto's users into those of `tunneltod --one-shot` and becomes it; the tunnel itself,
 * the URL on stdout and the exit status are the daemon program's.
 */
#include "cli/one_shot.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/call.h"
#include "cli/print.h"
#include "cli/program.h"
#include "cli/stored_key.h"
#include "cli/verbs.h"
#include "cli/verify_option.h"

#define DEFAULT_PORT      "8000"
#define SET_AUTH_SYNOPSIS "[--key KEY]"

static int usage(const char *why)
{
	print_error("%s (try 'tunnelto --help')", why);
	return CALL_USAGE;
}

static int help(void)
{
	CLEANUP(str_deinit) struct str text = STR_INIT(16384);

	str_add(&text, "Usage: tunnelto [--port PORT] [--subdomain LABEL] [OPTION...]\n"
		       "       tunnelto set-auth [--key KEY]\n\n"
		       "Give a local HTTP service a public address, until interrupted.\n"
		       "The address alone is printed on standard output.\n"
		       "set-auth stores a key, read from standard input, for later calls.\n\n"
		       "Options:\n");
	verbs_options(&text, ONE_SHOT_SYNOPSIS);
	str_add(&text, "\nSee tunnelto(1).\n");
	print_text(str_get(&text));
	return CALL_DONE;
}

/* "PORT", "HOST:PORT", or with --tls "https://HOST:PORT"; an IPv6 address in brackets. */
static char *local_of(const struct args *a)
{
	const char *host = a->value[ARGS_HOST], *port = a->value[ARGS_PORT];
	bool tls = args_has(a, ARGS_TLS) || args_has(a, ARGS_USE_TLS), v6;

	port = port ? port : DEFAULT_PORT;
	if (!host && !tls)
		return mem_strdup(port);
	host = host ? host : "localhost";
	v6 = strchr(host, ':') && host[0] != '[';
	return mem_printf("%s%s%s%s:%s", tls ? "https://" : "", v6 ? "[" : "", host, v6 ? "]" : "",
		port);
}

/* The options that both programs have, with the same meaning. */
static void add_options(struct program *p, const struct args *a)
{
	static const enum args_option with_value[] = {ARGS_SUBDOMAIN, ARGS_HOSTNAME,
		ARGS_REMOTE_PORT, ARGS_NAME, ARGS_VERIFY, ARGS_SECRET_FILE, ARGS_SERVER,
		ARGS_KEY_FILE, ARGS_CA_FILE, ARGS_DASHBOARD};
	static const enum args_option switches[] = {ARGS_JSON, ARGS_VERBOSE, ARGS_USER, ARGS_V1,
		ARGS_PROXY_PROTOCOL, ARGS_NO_DASHBOARD};

	for (size_t i = 0; i < ARRAY_SIZE(with_value); i++)
		program_add_option(p, args_row(with_value[i])->name, a->value[with_value[i]]);
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		if (args_has(a, switches[i]))
			program_add(p, args_row(switches[i])->name);
	}
}

int one_shot_exec(const struct args *a, const char *proto, const char *local)
{
	struct program p;
	int code;

	program_init(&p, "tunneltod");
	program_add(&p, "--one-shot");
	program_add_option(&p, "--proto", proto);
	program_add_option(&p, "--local", local);
	add_options(&p, a);
	code = program_exec(&p);
	program_deinit(&p);
	return code;
}

/* The key of the command line goes on in a file that only the new program has: the daemon's
 * command line is read longer than ours. */
static int add_key(struct args *a, char path[static STORED_KEY_FD_PATH])
{
	int r;

	if (!args_has(a, ARGS_KEY))
		return CALL_DONE;
	print_error("warning: everybody on this machine can read a key in a command line; "
		    "'tunnelto set-auth' or --key-file keep it to yourself");
	r = stored_key_pass(a->value[ARGS_KEY], path);
	if (r < 0) {
		print_error("--key cannot be passed on: %s", strerror(-r));
		return CALL_FAILED;
	}
	a->value[ARGS_KEY_FILE] = path;
	return CALL_DONE;
}

static int open_tunnel(struct args *a)
{
	CLEANUP(mem_cleanup) char *local = local_of(a);
	char key_path[STORED_KEY_FD_PATH];
	int code = add_key(a, key_path);

	return code ? code : one_shot_exec(a, "http", local);
}

static int set_auth(const struct args *a)
{
	struct err err;

	if (a->n_words > 1)
		return usage("set-auth takes no words: the key is read from standard input");
	if (args_check(a, SET_AUTH_SYNOPSIS, /* globals= */ false, &err) < 0)
		return usage(err.text);
	return stored_key_set(a->value[ARGS_KEY]);
}

static int check(const struct args *a)
{
	struct err err;
	uint16_t port;

	if (args_check(a, ONE_SHOT_SYNOPSIS, /* globals= */ false, &err) < 0)
		return usage(err.text);
	if (a->n_words)
		return usage("there are only options: the port is --port PORT");
	if (args_has(a, ARGS_PORT) && parse_port(a->value[ARGS_PORT], &port) < 0)
		return usage("--port is a number from 1 to 65535");
	if (args_has(a, ARGS_DASHBOARD) && args_has(a, ARGS_NO_DASHBOARD))
		return usage("--dashboard-port and --no-dashboard exclude each other");
	if (args_has(a, ARGS_KEY) && args_has(a, ARGS_KEY_FILE))
		return usage("--key and --key-file exclude each other");
	if (verify_option_check(a))
		return usage(verify_option_check(a));
	return CALL_DONE;
}

int one_shot_main(int argc, const char *const *argv)
{
	struct err err;
	struct args a;
	int code;

	if (args_parse(&a, argc, argv, &err) < 0)
		return usage(err.text);
	if (args_has(&a, ARGS_HELP))
		return help();
	if (args_has(&a, ARGS_VERSION)) {
		print_text("tunnelto " PACKAGE_VERSION "\n");
		return CALL_DONE;
	}
	if (a.n_words && str_eq(a.word[0], "set-auth"))
		return set_auth(&a);
	code = check(&a);
	return code ? code : open_tunnel(&a);
}
