/* SPDX-License-Identifier: MIT */
/* main: tunnelto-server's command line; the server itself is the hub. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/message.h"
#include "base/paths.h"
#include "base/str.h"
#include "io/loop.h"
#include "proto/varlink.h"
#include "server/hub.h"
#include "sys/exit.h"
#include "sys/listen_fds.h"
#include "sys/log_journal.h"

struct options {
	const char *config;
	bool check, verbose;
};

static const char usage_text[] =
	"usage: tunnelto-server [--config FILE] [--check-config] [--verbose]\n"
	"\n"
	"  --config FILE    configuration (default " PATHS_SERVER_CONF ")\n"
	"  --check-config   say what is wrong with the configuration, and exit\n"
	"  --verbose        log more\n"
	"  --version        the version, and exit\n"
	"  --help           this, and exit\n"
	"\n"
	"tunnelto-server(8), tunnelto-server.yaml(5)\n";

/* -1: go on; else exit with that. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'k'},
		{"verbose", no_argument, NULL, 'v'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:vVh", known, NULL)) >= 0) {
		if (opt == 'c') {
			o->config = optarg;
		} else if (opt == 'k') {
			o->check = true;
		} else if (opt == 'v') {
			o->verbose = true;
		} else if (opt == 'V') {
			puts("tunnelto-server " PACKAGE_VERSION);
			return EXIT_DONE;
		} else if (opt == 'h') {
			fputs(usage_text, stdout);
			return EXIT_DONE;
		} else {
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "tunnelto-server: unexpected argument '%s'\n", argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

static int load(struct server_conf *conf, const char *path)
{
	struct conf_report report;
	bool fine;

	report_init(&report);
	fine = server_conf_load(conf, path, &report);
	if (!fine)
		report_dump(&report, stderr);
	report_deinit(&report);
	return fine ? EXIT_DONE : EXIT_CONFIG;
}

static int serve(struct hub *h, const char *config)
{
	struct loop loop;
	struct err err = {0};
	int code = EXIT_DONE;

	if (loop_init(&loop) < 0) {
		log_err("no event loop could be made");
		return EXIT_OSERR;
	}
	if (listen_fds_collect() < 0)
		log_warn("the sockets that were passed cannot be used, ignoring");
	if (hub_open(h, &loop, config, &err) < 0) {
		message_log(LOG_LV_ERR, START_FAILED, "%s", err.text);
		code = exit_of_start(&err);
	} else {
		loop_run(&loop);
		log_notice("stopped");
	}
	hub_close(h);
	loop_deinit(&loop);
	return code;
}

int main(int argc, char **argv)
{
	struct options o = {.config = PATHS_SERVER_CONF};
	static struct hub hub;
	int code = parse_options(&o, argc, argv);

	if (code >= 0)
		return code;
	varlink_setup();
	log_set_timestamps(!log_journal_start("tunnelto-server"));
	server_conf_init(&hub.conf);
	code = load(&hub.conf, o.config);
	if (o.check || code != EXIT_DONE) {
		server_conf_deinit(&hub.conf);
		return code;
	}
	hub.verbose = o.verbose;
	return serve(&hub, o.config);
}
