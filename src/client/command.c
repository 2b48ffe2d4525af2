/* SPDX-License-Identifier: MIT */
/* command: tunneltod's command line; the daemon itself is the agent, one_shot its shorter sister.
 */
#include "client/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/paths.h"
#include "base/str.h"
#include "client/agent.h"
#include "client/one_shot.h"
#include "io/loop.h"
#include "proto/varlink.h"
#include "sys/exit.h"
#include "sys/listen_fds.h"
#include "sys/log_journal.h"

struct options {
	char *config;
	bool user, check, verbose, is_one_shot;
	struct one_shot one_shot;
};

static const char usage_text[] =
	"usage: tunneltod [--config FILE | --user] [--check-config] [--verbose]\n"
	"       tunneltod --one-shot --local TARGET [--server URL] [--key-file FILE] …\n"
	"\n"
	"  --config FILE      configuration (default " PATHS_CLIENT_CONF ")\n"
	"  --user             the user's own: ~/.config/tunnelto/tunneltod.yaml\n"
	"  --check-config     say what is wrong with the configuration, and exit\n"
	"  --verbose          log more\n"
	"  --version          the version, and exit\n"
	"  --help             this, and exit\n"
	"\n"
	"one tunnel without a daemon (what tunnelto --port uses):\n"
	"  --one-shot         print the tunnel's URL, hold it until a signal\n"
	"  --local TARGET     PORT, HOST:PORT, http(s)://HOST[:PORT], unix:/path\n"
	"  --proto PROTO      http (default), tcp or tls\n"
	"  --subdomain NAME   --hostname NAME   --remote-port PORT   --name LABEL\n"
	"  --verify SENDER    --secret-file FILE   only webhooks that are signed\n"
	"  --server URL       --key-file FILE   --ca-file FILE   --no-verify   --json   --v1\n"
	"  --dashboard-port PORT  --no-dashboard\n"
	"\n"
	"tunneltod(8), tunneltod.yaml(5)\n";

enum {
	OPT_SUBDOMAIN = 256,
	OPT_HOSTNAME,
	OPT_REMOTE_PORT,
	OPT_NAME,
	OPT_SERVER,
	OPT_KEY_FILE,
	OPT_CA_FILE,
	OPT_LOCAL,
	OPT_DASHBOARD_PORT,
	OPT_PROTO,
	OPT_VERIFY,
	OPT_SECRET_FILE
};

static const struct option known[] = {
	{"config", required_argument, NULL, 'c'},
	{"user", no_argument, NULL, 'u'},
	{"check-config", no_argument, NULL, 'k'},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{"one-shot", no_argument, NULL, '1'},
	{"no-verify", no_argument, NULL, 'n'},
	{"proxy-protocol", no_argument, NULL, 'p'},
	{"json", no_argument, NULL, 'j'},
	{"v1", no_argument, NULL, 'o'},
	{"no-dashboard", no_argument, NULL, 'd'},
	{"dashboard-port", required_argument, NULL, OPT_DASHBOARD_PORT},
	{"local", required_argument, NULL, OPT_LOCAL},
	{"proto", required_argument, NULL, OPT_PROTO},
	{"verify", required_argument, NULL, OPT_VERIFY},
	{"secret-file", required_argument, NULL, OPT_SECRET_FILE},
	{"subdomain", required_argument, NULL, OPT_SUBDOMAIN},
	{"hostname", required_argument, NULL, OPT_HOSTNAME},
	{"remote-port", required_argument, NULL, OPT_REMOTE_PORT},
	{"name", required_argument, NULL, OPT_NAME},
	{"server", required_argument, NULL, OPT_SERVER},
	{"key-file", required_argument, NULL, OPT_KEY_FILE},
	{"ca-file", required_argument, NULL, OPT_CA_FILE},
	{NULL, 0, NULL, 0},
};

/* Where an option's value goes; NULL for those without. */
static const char **value_of(struct one_shot *o, int opt)
{
	switch (opt) {
	case OPT_LOCAL:
		return &o->local;
	case OPT_PROTO:
		return &o->proto;
	case OPT_SUBDOMAIN:
		return &o->subdomain;
	case OPT_HOSTNAME:
		return &o->hostname;
	case OPT_REMOTE_PORT:
		return &o->remote_port;
	case OPT_NAME:
		return &o->name;
	case OPT_SERVER:
		return &o->server;
	case OPT_KEY_FILE:
		return &o->key_file;
	case OPT_CA_FILE:
		return &o->ca_file;
	case OPT_DASHBOARD_PORT:
		return &o->dashboard_port;
	case OPT_VERIFY:
		return &o->verify;
	case OPT_SECRET_FILE:
		return &o->secret_file;
	default:
		return NULL;
	}
}

static bool *flag_of(struct options *o, int opt)
{
	switch (opt) {
	case 'u':
		return &o->user;
	case 'k':
		return &o->check;
	case 'v':
		return &o->verbose;
	case '1':
		return &o->is_one_shot;
	case 'n':
		return &o->one_shot.no_verify;
	case 'p':
		return &o->one_shot.proxy;
	case 'j':
		return &o->one_shot.json;
	case 'o':
		return &o->one_shot.v1;
	case 'd':
		return &o->one_shot.no_dashboard;
	default:
		return NULL;
	}
}

static int check_options(const struct options *o, int argc, char **argv)
{
	const char *proto = o->one_shot.proto;

	if (optind < argc)
		fprintf(stderr, "tunneltod: unexpected argument '%s'\n", argv[optind]);
	else if (o->is_one_shot && !o->one_shot.local)
		fprintf(stderr, "tunneltod: --one-shot needs --local\n");
	else if (!o->one_shot.verify != !o->one_shot.secret_file)
		fprintf(stderr, "tunneltod: --verify and --secret-file go together\n");
	else if (hello_proto_find(proto) < 0)
		fprintf(stderr, "tunneltod: --proto is http, tcp or tls, not '%s'\n", proto);
	else
		return -1;
	return EXIT_USAGE;
}

/* -1: go on; else exit with that. */
static int parse_options(struct options *o, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "c:vVh", known, NULL)) >= 0) {
		const char **value = value_of(&o->one_shot, opt);
		bool *flag = flag_of(o, opt);

		if (value) {
			*value = optarg;
		} else if (flag) {
			*flag = true;
		} else if (opt == 'c') {
			mem_replace(&o->config, optarg);
		} else if (opt == 'V') {
			puts("tunneltod " PACKAGE_VERSION);
			return EXIT_DONE;
		} else if (opt == 'h') {
			fputs(usage_text, stdout);
			return EXIT_DONE;
		} else {
			return EXIT_USAGE;
		}
	}
	return check_options(o, argc, argv);
}

static char *default_config(bool user)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (user && xdg && *xdg)
		return mem_printf("%s/tunnelto/tunneltod.yaml", xdg);
	if (user && home)
		return mem_printf("%s/.config/tunnelto/tunneltod.yaml", home);
	return mem_strdup(PATHS_CLIENT_CONF);
}

static int load(struct client_conf *conf, const char *path)
{
	struct conf_report report;
	bool fine;

	report_init(&report);
	fine = client_conf_load(conf, path, &report);
	if (!fine)
		report_dump(&report, stderr);
	report_deinit(&report);
	return fine ? EXIT_DONE : EXIT_CONFIG;
}

static int serve(struct agent *a, const struct options *o)
{
	struct loop loop;
	struct err err = {0};

	if (loop_init(&loop) < 0) {
		log_err("no event loop could be made");
		return EXIT_OSERR;
	}
	if (listen_fds_collect() < 0)
		log_warn("the sockets that were passed cannot be used, ignoring");
	if (agent_open(a, &loop, o->config, o->user, &err) < 0) {
		message_log(LOG_LV_ERR, START_FAILED, "%s", err.text);
		a->exit_code = exit_of_start(&err);
	} else {
		loop_run(&loop);
		log_notice("stopped");
	}
	agent_close(a);
	loop_deinit(&loop);
	return a->exit_code;
}

static int run(struct options *o)
{
	static struct agent agent;
	int code;

	if (!o->config)
		o->config = default_config(o->user);
	if (o->is_one_shot) {
		o->one_shot.config = o->config;
		o->one_shot.verbose = o->verbose;
		return one_shot_run(&o->one_shot);
	}
	log_set_timestamps(!log_journal_start("tunneltod"));
	client_conf_init(&agent.conf);
	code = load(&agent.conf, o->config);
	if (o->check || code != EXIT_DONE) {
		client_conf_deinit(&agent.conf);
		return code;
	}
	agent.verbose = o->verbose;
	return serve(&agent, o);
}

int command_main(int argc, char **argv)
{
	struct options o = {.one_shot.proto = "http"};
	int code = parse_options(&o, argc, argv);

	if (code < 0) {
		varlink_setup();
		code = run(&o);
	}
	free(o.config);
	return code;
}
