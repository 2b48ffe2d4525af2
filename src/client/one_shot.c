/* SPDX-License-Identifier: MIT */
/*
 * one_shot: `tunnelto --port 8000`. The same agent as the daemon's, with one tunnel that is not
 * from a file, no control socket, and an end: a refusal or half a minute without a server before
 * the first URL is a failure; afterwards it holds on like the daemon.
 */
#include "client/one_shot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "client/agent.h"
#include "client/old_ways.h"
#include "sys/creds.h"
#include "sys/exit.h"

#define FIRST_UP_MS 30000

static struct one_shot_state {
	struct agent agent;
	struct timer first;
	bool added, was_up, json;
} state;

static void stop(struct agent *a, int code)
{
	a->exit_code = code;
	loop_stop(a->loop);
}

/* Neither the token nor what it opens is for a journal, which outlives us and has more readers. */
static void print_url(const struct tunnel *t)
{
	char url[DASHBOARD_URL_SIZE] = "";
	bool is_there = getenv("JOURNAL_STREAM") ? dashboard_address(&state.agent.dashboard, url)
						 : dashboard_url(&state.agent.dashboard, url);

	if (state.json && is_there)
		printf("{\"name\": \"%s\", \"url\": \"%s\", \"dashboard\": \"%s\"}\n", t->def->name,
			t->url, url);
	else if (state.json)
		printf("{\"name\": \"%s\", \"url\": \"%s\", \"dashboard\": null}\n", t->def->name,
			t->url);
	else
		printf("%s\n", t->url);
	(void)fflush(stdout);
	if (is_there && !state.json)
		fprintf(stderr, "dashboard: %s\n", url);
	mem_wipe(url, sizeof(url));
}

static void on_change(struct agent *a)
{
	const struct tunnel *t = list_is_empty(&a->tunnels)
					 ? NULL
					 : list_entry(a->tunnels.next, struct tunnel, node);

	if (a->draining)
		return;
	if (!t) {
		if (state.added) /* by the dashboard: that was all there was to do */
			agent_stop(a);
		return;
	}
	if (t->state == TUNNEL_UP && !state.was_up) {
		state.was_up = true;
		timer_stop(&state.first);
		print_url(t);
	} else if (t->state == TUNNEL_REFUSED && (!state.was_up || !t->retry)) {
		stop(a, EXIT_REFUSED); /* why was told when it was */
	}
}

static void on_first_timeout(struct timer *t)
{
	log_err("the server was not reached: %s",
		state.agent.uplink.error[0] ? state.agent.uplink.error : "no answer");
	stop(&state.agent, EXIT_TEMPFAIL);
}

/* Nothing else gives a key: the one that set-auth stored. */
static void take_stored_key(struct client_conf *c)
{
	char path[512];

	if (!c->server.key_file && !getenv("TUNNELTO_KEY") &&
		!creds_path("access-key", path, sizeof(path)))
		c->server.key_file = old_ways_key_file();
}

/* The command line over the environment over the configuration file. */
static int fill_conf(struct client_conf *c, const struct one_shot *o)
{
	CLEANUP(mem_cleanup) char *old = old_ways_server();
	const char *own = getenv("TUNNELTO_SERVER"), *server = own && *own ? own : old;
	struct conf_report report;

	report_init(&report);
	if (!o->server && !server && access(o->config, R_OK) == 0 &&
		!client_conf_load(c, o->config, &report)) {
		report_dump(&report, stderr);
		report_deinit(&report);
		return EXIT_CONFIG;
	}
	report_deinit(&report);
	if (o->server || server || !c->server.url) {
		client_conf_deinit(c);
		client_conf_init(c);
		bind_defaults(&client_conf_table, c);
		mem_replace(&c->server.url, o->server ? o->server : server);
	}
	if (o->key_file)
		mem_replace(&c->server.key_file, o->key_file);
	take_stored_key(c);
	if (o->ca_file)
		mem_replace(&c->server.ca_file, o->ca_file);
	if (o->no_verify)
		c->server.verify = false;
	if (o->v1)
		c->server.protocol = CLIENT_CONF_PROTOCOL_V1;
	list_each_safe (t, &c->tunnels, struct client_conf_tunnel, node) {
		list_del(&t->node);
		client_conf_free_tunnel(t);
	}
	if (!c->server.url) {
		log_err("no server is known: give --server URL, set TUNNELTO_SERVER, or write "
			"server: url: into %s",
			o->config);
		return EXIT_CONFIG;
	}
	return EXIT_DONE;
}

/* Where the configuration has it, the daemon's is. */
static int place_dashboard(struct client_conf *c, const struct one_shot *o)
{
	uint32_t port = 0;

	mem_replace(&c->dashboard.listen, NULL);
	if (o->no_dashboard)
		c->dashboard.enabled = false;
	if (!o->dashboard_port)
		return EXIT_DONE;
	if (parse_u32(o->dashboard_port, &port) < 0 || port > UINT16_MAX) {
		log_err("'--dashboard-port' is a number from 0 to 65535");
		return EXIT_USAGE;
	}
	c->dashboard.listen = mem_printf("127.0.0.1:%u", port);
	return EXIT_DONE;
}

static char *name_of(const struct one_shot *o, const struct client_conf_tunnel *def)
{
	return o->name ? mem_strdup(o->name) : mem_printf("%s-%u", o->proto, def->target.port);
}

/* NULL, or words that live in @err. */
static const char *set_verify(struct client_conf_tunnel *def, const struct one_shot *o,
	struct err *err)
{
	struct secret text = {0};
	int r;

	if (!o->verify)
		return NULL;
	r = verify_conf_load(&text, o->secret_file, err);
	if (r == 0)
		r = verify_conf_set(&def->verify, o->verify, &text, err);
	secret_deinit(&text);
	return r < 0 ? err->text : NULL;
}

static struct client_conf_tunnel *make_tunnel(const struct one_shot *o)
{
	struct client_conf_tunnel *def = client_conf_new_tunnel("");
	struct err err = {0};
	const char *why;

	def->proto = hello_proto_find(o->proto);
	def->proxy_protocol = o->proxy ? CLIENT_CONF_PROXY_V2 : CLIENT_CONF_PROXY_NONE;
	def->local = mem_strdup(o->local);
	def->subdomain = mem_strdup(o->subdomain);
	def->hostname = mem_strdup(o->hostname);
	def->tls.verify = !o->no_verify;
	if (o->remote_port && parse_port(o->remote_port, &def->remote_port) < 0)
		why = "'--remote-port' is not a port";
	else
		why = set_verify(def, o, &err);
	if (!why)
		why = client_conf_check_tunnel(def);
	if (!why && o->name && !client_conf_is_name(o->name))
		why = "'--name' has characters that a name does not have";
	if (why) {
		log_err("%s", why);
		client_conf_free_tunnel(def);
		return NULL;
	}
	free(def->name);
	def->name = name_of(o, def);
	return def;
}

static bool url_is_fine(const struct client_conf *c)
{
	struct target_url url;

	if (target_parse_url(&url, c->server.url) == 0)
		return true;
	log_err("'%s' is not http(s)://HOST[:PORT]", c->server.url);
	return false;
}

int one_shot_run(const struct one_shot *o)
{
	struct agent *a = &state.agent;
	struct client_conf_tunnel *def;
	struct loop loop;
	struct err err = {0};
	int code;

	log_set_plain(true);
	client_conf_init(&a->conf);
	def = make_tunnel(o);
	code = def ? fill_conf(&a->conf, o) : EXIT_USAGE;
	if (code == EXIT_DONE)
		code = place_dashboard(&a->conf, o);
	if (code != EXIT_DONE || !url_is_fine(&a->conf) || loop_init(&loop) < 0) {
		client_conf_free_tunnel(def);
		client_conf_deinit(&a->conf);
		return code != EXIT_DONE ? code : EXIT_USAGE;
	}
	a->conf.log.level = o->verbose ? log_level_index(LOG_LV_DEBUG)
				       : log_level_index(LOG_LV_NOTICE);
	state.json = o->json;
	timer_init(&state.first, &loop, on_first_timeout);
	if (agent_open(a, &loop, /* conf_path= */ NULL, /* user= */ true, &err) < 0) {
		log_err("%s", err.text);
		client_conf_free_tunnel(def);
		a->exit_code = EXIT_CONFIG;
	} else {
		a->on_change = on_change;
		timer_start(&state.first, FIRST_UP_MS);
		(void)agent_add(a, def, /* adhoc= */ true);
		state.added = true;
		loop_run(&loop);
	}
	code = a->exit_code;
	timer_stop(&state.first);
	agent_close(a);
	loop_deinit(&loop);
	return code;
}
