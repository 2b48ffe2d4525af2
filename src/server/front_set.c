/* SPDX-License-Identifier: MIT */
/*
 * front_set: from rows to listeners, at the start and on every reload.
 *
 * A row and an open listener belong together by role and address as written; sockets that were
 * passed keep their place and take the row of their port, or the next one in order. What belongs
 * together keeps its socket, so that nobody who is waiting in its backlog is lost; only its
 * settings change. A listener whose row is gone stops accepting and goes to hub->retired, where it
 * stays until the last of its clients has gone: visitors do not notice.
 *
 * Everything that may fail happens in the plan: binding, and what libwebsockets needs.
 */
#include "server/front_set.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/report.h"
#include "server/front.h"
#include "server/hub.h"
#include "server/reload.h"
#include "server/server_conf.h"
#include "sys/listen_fds.h"

/* What becomes of one listener. */
struct item {
	struct list node;
	struct front *front;
	struct server_conf_listener *row; /* NULL: none describes it */
	bool is_new, is_over;
};

struct front_set_plan {
	struct hub *hub;
	struct list items;
};

static const enum front_role roles[] = {FRONT_PUBLIC, FRONT_CONTROL};

static struct list *rows_of(struct server_conf *c, enum front_role role)
{
	return role == FRONT_PUBLIC ? &c->public_listeners : &c->control_listeners;
}

/* --- passed sockets -------------------------------------------------------------------------- */

static int take_named(struct hub *h, enum front_role role, const char *name, struct err *err)
{
	for (int fd; (fd = listen_fds_take(name)) >= 0;) {
		struct front *f = front_open(h, role, /* address= */ NULL, fd, err);

		if (!f)
			return -EINVAL;
		f->passed = name;
		list_add_tail(&h->fronts, &f->node);
	}
	return 0;
}

int front_set_take_passed(struct hub *h, struct err *err)
{
	if (take_named(h, FRONT_PUBLIC, "public", err) < 0 ||
		take_named(h, FRONT_PUBLIC, FRONT_PASSED_TLS, err) < 0 ||
		take_named(h, FRONT_CONTROL, "control", err) < 0)
		return -EINVAL;
	return 0;
}

/* The row of the port of @f, else the @nth there is; among those with a certificate when that is
 * what its name says. */
static struct server_conf_listener *row_for(const struct list *rows, const struct front *f,
	unsigned int nth)
{
	bool needs_tls = str_eq(f->passed, FRONT_PASSED_TLS);
	struct server_conf_listener *in_order = NULL;
	uint16_t port = addr_port(&f->listener.local);
	struct addr wanted;

	list_each (row, rows, struct server_conf_listener, node) {
		if (needs_tls && !row->tls.certs)
			continue;
		if (port && addr_parse(&wanted, row->listen) == 0 && addr_port(&wanted) == port)
			return row;
		if (nth-- == 0)
			in_order = row;
	}
	return in_order;
}

/* --- the plan -------------------------------------------------------------------------------- */

static void add_item(struct front_set_plan *p, struct front *f, struct server_conf_listener *row)
{
	struct item *i = mem_new(struct item);

	i->front = f;
	i->row = row;
	list_add_tail(&p->items, &i->node);
}

static struct item *item_of(const struct front_set_plan *p, const struct front *f)
{
	list_each (i, &p->items, struct item, node) {
		if (i->front == f)
			return i;
	}
	return NULL;
}

static struct item *item_for(const struct front_set_plan *p, const struct server_conf_listener *row)
{
	list_each (i, &p->items, struct item, node) {
		if (i->row == row)
			return i;
	}
	return NULL;
}

/* The position of @f among the passed ones of its name; -1: it was not passed. */
static int place_of(const struct hub *h, const struct front *f)
{
	int n = 0;

	if (!f->passed)
		return -1;
	list_each (other, &h->fronts, struct front, node) {
		if (other == f)
			break;
		n += str_eq(other->passed, f->passed);
	}
	return n;
}

/* True when the role has passed sockets: rows of its own are then not bound. */
static bool plan_passed(struct front_set_plan *p, enum front_role role, struct list *rows,
	struct conf_report *report)
{
	bool any = false;

	list_each (f, &p->hub->fronts, struct front, node) {
		int nth = place_of(p->hub, f);
		struct server_conf_listener *row;

		if (f->role != role || nth < 0)
			continue;
		any = true;
		row = row_for(rows, f, (unsigned int)nth);
		/* a row's certificates go to one front: never serve the next one in the clear */
		if (row && row->tls.certs && item_for(p, row))
			report_add_at(report, p->hub->conf_path, row->line, row->col, "public",
				"two sockets were passed for the listener '%s'", row->listen);
		if (!row && str_eq(f->passed, FRONT_PASSED_TLS))
			report_add_at(report, p->hub->conf_path, 0, 0, "public",
				"socket '" FRONT_PASSED_TLS "' was passed, but no public listener "
				"has a certificate (tls:)");
		add_item(p, f, row);
	}
	return any;
}

static struct front *find_open(const struct front_set_plan *p, enum front_role role,
	const char *address)
{
	list_each (f, &p->hub->fronts, struct front, node) {
		if (f->role == role && str_eq(f->address, address) && !item_of(p, f))
			return f;
	}
	return NULL;
}

static void complain(const struct front_set_plan *p, const struct item *i,
	struct conf_report *report, const char *why)
{
	report_add_at(report, p->hub->conf_path, i->row ? i->row->line : 0,
		i->row ? i->row->col : 0, i->front ? front_role_name(i->front) : NULL, "%s", why);
}

static void plan_row(struct front_set_plan *p, enum front_role role,
	struct server_conf_listener *row, struct conf_report *report)
{
	struct front *f = find_open(p, role, row->listen);
	struct err err = {0};
	bool is_new = !f;

	if (is_new)
		f = front_open(p->hub, role, row->listen, -1, &err);
	if (!f) {
		report_add_at(report, p->hub->conf_path, row->line, row->col,
			role == FRONT_PUBLIC ? "public" : "control", "%s", err.text);
		report->error = err.code;
		return;
	}
	add_item(p, f, row);
	list_entry(p->items.prev, struct item, node)->is_new = is_new;
}

static void plan_the_end(struct front_set_plan *p, enum front_role role)
{
	list_each (f, &p->hub->fronts, struct front, node) {
		if (f->role != role || item_of(p, f))
			continue;
		add_item(p, f, NULL);
		list_entry(p->items.prev, struct item, node)->is_over = true;
	}
}

static void prepare(struct front_set_plan *p, struct conf_report *report)
{
	struct err err = {0};

	list_each (i, &p->items, struct item, node) {
		if (!i->is_over && front_prepare(i->front, i->row, &err) < 0)
			complain(p, i, report, err.text);
	}
}

struct front_set_plan *front_set_plan(struct hub *h, struct server_conf *conf,
	struct conf_report *report)
{
	struct front_set_plan *p = mem_new(struct front_set_plan);
	size_t before = report_count(report);

	p->hub = h;
	list_init(&p->items);
	for (size_t r = 0; r < ARRAY_SIZE(roles); r++) {
		struct list *rows = rows_of(conf, roles[r]);

		if (plan_passed(p, roles[r], rows, report))
			continue;
		list_each (row, rows, struct server_conf_listener, node)
			plan_row(p, roles[r], row, report);
		plan_the_end(p, roles[r]);
	}
	prepare(p, report);
	if (report_count(report) == before)
		return p;
	front_set_drop(p);
	return NULL;
}

/* --- and its end ----------------------------------------------------------------------------- */

void front_set_describe(const struct front_set_plan *p, const struct reload_difference *d)
{
	list_each (i, &p->items, struct item, node) {
		CLEANUP(mem_cleanup) char *name = front_label(i->front);

		if (i->is_new)
			reload_note(d->added, name);
		else if (i->is_over)
			reload_note(d->removed, name);
		else if (front_would_change(i->front, i->row))
			reload_note(d->changed, name);
		else
			reload_note(d->kept, name);
	}
}

static void free_plan(struct front_set_plan *p)
{
	list_each_safe (i, &p->items, struct item, node)
		free(i);
	free(p);
}

static void reap(struct hub *h)
{
	list_each_safe (f, &h->retired, struct front, node) {
		if (!front_is_busy(f))
			front_close(f);
	}
}

void front_set_apply(struct front_set_plan *p)
{
	struct hub *h = p->hub;

	list_each (i, &p->items, struct item, node) {
		list_del(&i->front->node);
		if (i->is_over) {
			front_retire(i->front);
			list_add_tail(&h->retired, &i->front->node);
			continue;
		}
		front_configure(i->front, i->row);
		list_add_tail(&h->fronts, &i->front->node);
	}
	reap(h);
	free_plan(p);
}

void front_set_drop(struct front_set_plan *p)
{
	list_each (i, &p->items, struct item, node) {
		if (i->is_new)
			front_close(i->front);
	}
	free_plan(p);
}

void front_set_close(struct hub *h)
{
	struct list *n;

	while ((n = list_first(&h->fronts)) || (n = list_first(&h->retired)))
		front_close(list_entry(n, struct front, node));
}
