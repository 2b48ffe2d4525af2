/* SPDX-License-Identifier: MIT */
#pragma once

/* one_shot: one tunnel without a daemon: its URL on stdout, everything else on stderr. */

#include <stdbool.h>

struct loop;

struct one_shot {
	const char *local, *proto, *subdomain, *hostname, *remote_port, *name;
	const char *verify, *secret_file; /* who signs requests, and with what */
	const char *server, *key_file, *ca_file;
	const char *config;         /* read for what is not given, when it can be */
	const char *dashboard_port; /* 0: any */
	bool no_verify, json, verbose, v1, proxy, no_dashboard;
};

/* Runs until a signal or a failure; the process' exit status. */
int one_shot_run(const struct one_shot *o);
