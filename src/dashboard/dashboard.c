/* SPDX-License-Identifier: MIT */
/*
 * dashboard: where the page is served, and to whom.
 *
 *   browser ── GET ─────────> web_files: anybody on this machine may have the page, it is empty
 *      └──── WebSocket ─────> guard: Host, Origin, token ──> dashboard_peer ──> ctl
 *
 * What the page shows and does goes through the control interface, with an operator's rights.
 * The page may load nothing but its own files and run no script but theirs: what visitors sent is
 * shown in it, and must stay text (Content-Security-Policy, and no CORS field ever).
 */
#include "dashboard/dashboard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"
#include "dashboard/dashboard_peer.h"
#include "web/web_files.h"

#define SOCKET_PATH "/varlink"

static const char headers[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
	"img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cache-Control: no-store\r\n";

/* --- pages ----------------------------------------------------------------------------------- */

static const char *type_of(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".svg", "image/svg+xml"},
	};
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (str_eq(ending, types[i].ending))
			return types[i].type;
	}
	return "application/octet-stream";
}

static void say(struct ws_site_answer *ret, int status, const char *text)
{
	ret->status = status;
	ret->type = "text/plain; charset=utf-8";
	ret->bytes = text;
	ret->n = strlen(text);
}

static void give_file(const char *path, struct ws_site_answer *ret)
{
	const char *name = str_eq(path, "/") ? "index.html" : path + 1;

	for (size_t i = 0; i < web_files_n; i++) {
		if (!str_eq(web_files[i].name, name))
			continue;
		ret->status = 200;
		ret->type = type_of(name);
		ret->bytes = web_files[i].bytes;
		ret->n = web_files[i].n;
		return;
	}
	say(ret, 404, "nothing here\n");
}

static void log_refused(const struct ws_site_request *rq, const char *why)
{
	static struct log_limit limit;
	char from[ADDR_TEXT_MAX];

	if (!log_limit_pass(&limit, clock_ms(), 3))
		return;
	addr_format_ip(&rq->peer, from);
	log_warn("dashboard: a request from %s was refused: %s", from, why);
}

static void admit(struct dashboard *d, const struct ws_site_request *rq, struct ws_site_answer *ret)
{
	if (!rq->upgrade || rq->method != WS_SITE_GET) {
		say(ret, 426, "this is for the page's WebSocket\n");
	} else if (!dashboard_guard_origin(rq->origin, rq->host)) {
		log_refused(rq, "a page of another site asked");
		say(ret, 403, "this is for the dashboard's own page\n");
	} else if (!dashboard_guard_token(&d->guard, rq->protocols)) {
		log_refused(rq, "it has not the token");
		say(ret, 401, "the token is missing or wrong: 'tunnelctl dashboard' prints it\n");
	} else {
		ret->status = 101;
	}
}

static void on_asked(struct ws_site *s, const struct ws_site_request *rq,
	struct ws_site_answer *ret)
{
	struct dashboard *d = container_of(s, struct dashboard, site);

	if (!dashboard_guard_host(&d->guard, rq->host)) {
		log_refused(rq, "it names a host that is not this one (dashboard.allowed_hosts)");
		say(ret, 403, "the dashboard is not known by this name\n");
	} else if (str_eq(rq->path, SOCKET_PATH)) {
		admit(d, rq, ret);
	} else if (rq->method == WS_SITE_OTHER) {
		say(ret, 405, "there is only GET\n");
	} else if (rq->upgrade) {
		say(ret, 404, "nothing here\n");
	} else {
		give_file(rq->path, ret);
	}
}

static void on_opened(struct ws_site *s, struct ws_text *t)
{
	dashboard_peer_open(container_of(s, struct dashboard, site)->ctl, t);
}

static const struct ws_site_ops site_ops = {
	.asked = on_asked,
	.opened = on_opened,
};

/* --- where it listens ------------------------------------------------------------------------ */

static void on_accept(struct listener *l, int fd, const struct addr *peer)
{
	ws_site_adopt(&container_of(l, struct dashboard, listener)->site, fd, peer);
}

static int listen_on(struct dashboard *d, const struct addr *a, struct err *err)
{
	int r = listener_open(&d->listener, d->loop, a, 0, on_accept, err);

	if (r == 0)
		addr_of_socket(&d->guard.local, d->listener.fd);
	return r;
}

/* Two daemons on one machine have a port each. */
static int listen_anywhere(struct dashboard *d, struct err *err)
{
	static const uint8_t loopback[] = {127, 0, 0, 1};
	struct addr a;
	int r = -EADDRINUSE;

	for (uint16_t port = DASHBOARD_PORT_FIRST; r == -EADDRINUSE && port <= DASHBOARD_PORT_LAST;
		port++) {
		addr_from_ip(&a, loopback, sizeof(loopback), port);
		r = listen_on(d, &a, err);
	}
	if (r == -EADDRINUSE)
		return err_set(err, r, "no port of 127.0.0.1 from %d to %d is free",
			DASHBOARD_PORT_FIRST, DASHBOARD_PORT_LAST);
	return r;
}

static int start_listening(struct dashboard *d, struct err *err)
{
	struct addr a;

	if (!d->conf.listen)
		return listen_anywhere(d, err);
	if (addr_parse(&a, d->conf.listen) < 0)
		return err_set(err, -EINVAL, "'%s' is not ADDRESS:PORT", d->conf.listen);
	return listen_on(d, &a, err);
}

static void tell(const struct dashboard *d)
{
	char address[DASHBOARD_URL_SIZE];

	if (!dashboard_address(d, address))
		return;
	log_info("dashboard at %s", address);
	if (!addr_is_loopback(&d->guard.local))
		log_warn("the dashboard can be reached from other machines, and is not encrypted");
}

static void start(struct dashboard *d)
{
	struct err err = {0};
	int r = 0;

	if (!d->site.vhost)
		r = ws_site_open(&d->site, d->ws, &site_ops, headers, &err);
	if (r == 0)
		r = start_listening(d, &err);
	if (r == 0) {
		tell(d);
		return;
	}
	(void)snprintf(d->error, sizeof(d->error), "%s", err.text);
	log_warn("there is no dashboard: %s", err.text);
}

static void stop(struct dashboard *d)
{
	listener_close(&d->listener);
	ws_site_close(&d->site);
	d->error[0] = '\0';
}

static void on_move(struct loop_task *t)
{
	struct dashboard *d = container_of(t, struct dashboard, move);

	stop(d);
	if (d->conf.enabled)
		start(d);
}

/* --- life ------------------------------------------------------------------------------------ */

void dashboard_init(struct dashboard *d, struct loop *loop, struct ws_loop *ws,
	struct ctl_server *ctl, const char token[static DASHBOARD_TOKEN_SIZE])
{
	memset(d, 0, sizeof(*d));
	d->loop = loop;
	d->ws = ws;
	d->ctl = ctl;
	listener_init(&d->listener);
	loop_task_init(&d->move, on_move);
	memcpy(d->guard.token, token, sizeof(d->guard.token));
	d->guard.allowed = &d->conf.allowed_hosts;
}

static void take_conf(struct dashboard *d, const struct dashboard_conf *conf)
{
	str_list_deinit(&d->conf.allowed_hosts);
	str_list_copy(&d->conf.allowed_hosts, &conf->allowed_hosts);
	mem_replace(&d->conf.listen, conf->listen);
	d->conf.enabled = conf->enabled;
}

void dashboard_apply(struct dashboard *d, const struct dashboard_conf *conf)
{
	bool runs = d->listener.fd >= 0;
	bool same = conf->enabled == runs && str_eq(conf->listen, d->conf.listen);

	take_conf(d, conf);
	if (!same)
		loop_task_schedule(d->loop, &d->move);
}

void dashboard_close(struct dashboard *d)
{
	if (!d->loop)
		return;
	loop_task_cancel(&d->move);
	stop(d);
	str_list_deinit(&d->conf.allowed_hosts);
	mem_replace(&d->conf.listen, NULL);
	mem_wipe(d->guard.token, sizeof(d->guard.token));
}

bool dashboard_address(const struct dashboard *d, char ret[static DASHBOARD_URL_SIZE])
{
	char at[ADDR_TEXT_MAX];

	if (d->listener.fd < 0 || !d->loop)
		return false;
	addr_format(&d->guard.local, at);
	if (addr_is_any(&d->guard.local))
		(void)snprintf(at, sizeof(at), "127.0.0.1:%u", addr_port(&d->guard.local));
	(void)snprintf(ret, DASHBOARD_URL_SIZE, "http://%s/", at);
	return true;
}

bool dashboard_url(const struct dashboard *d, char ret[static DASHBOARD_URL_SIZE])
{
	char address[DASHBOARD_URL_SIZE];

	if (!dashboard_address(d, address))
		return false;
	(void)snprintf(ret, DASHBOARD_URL_SIZE, "%.150s#token=%s", address, d->guard.token);
	return true;
}
