/* SPDX-License-Identifier: MIT */
/*
 * ctl_events: a ring of the last log events and those who follow them.
 *
 * The log's sink must not log, nor write to sockets; it only stores. Followers are served by a
 * task on the loop's next turn; one that reads too slowly is closed by ctl_server, one that falls
 * a whole ring behind misses events.
 */
#include "ctl/ctl_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "ctl/ctl_server.h"

struct follower {
	struct list node;
	struct ctl_events *events;
	struct ctl_watch watch;
	char *tunnel; /* NULL: all */
	uint64_t next;
};

/* The log has one sink per process, and sinks have no argument. */
static struct ctl_events *installed;
static log_sink_f *next_sink;

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {
		"err", "err", "err", "err", "warning", "notice", "info", "debug"};

	return names[level & 7];
}

static json_t *make_event(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	json_t *all = json_object();

	for (size_t i = 0; i < n; i++) {
		if (fields[i].value)
			(void)json_object_set_new(all, fields[i].key, json_string(fields[i].value));
	}
	return json_pack("{s:I, s:s, s:s, s:o}", "time_ms", (json_int_t)clock_wall_ms(), "level",
		level_name(level), "message", message, "fields", all);
}

static void sink(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	struct ctl_events *e = installed;

	next_sink(level, message, fields, n);
	if (!e || level == LOG_LV_DEBUG)
		return;
	json_decref(e->kept[e->next % CTL_EVENTS_KEPT]);
	e->kept[e->next % CTL_EVENTS_KEPT] = make_event(level, message, fields, n);
	e->next++;
	if (!list_is_empty(&e->followers))
		loop_task_schedule(e->loop, &e->deliver);
}

static bool is_of(const json_t *event, const char *tunnel)
{
	const json_t *fields = json_object_get(event, "fields");

	return !tunnel || str_eq(json_string_value(json_object_get(fields, "TUNNEL")), tunnel);
}

/* Events of @tunnel from *@next on; *@next is then past all. */
static json_t *collect(struct ctl_events *e, const char *tunnel, uint64_t *next)
{
	json_t *list = json_array();
	uint64_t oldest = e->next > CTL_EVENTS_KEPT ? e->next - CTL_EVENTS_KEPT : 0;

	for (uint64_t i = MAX(*next, oldest); i < e->next; i++) {
		json_t *event = e->kept[i % CTL_EVENTS_KEPT];

		if (event && is_of(event, tunnel))
			(void)json_array_append(list, event);
	}
	*next = e->next;
	return list;
}

static void free_follower(struct follower *f)
{
	list_del(&f->node);
	f->events->n_followers--;
	free(f->tunnel);
	free(f);
}

static void on_gone(struct ctl_watch *w)
{
	free_follower(container_of(w, struct follower, watch));
}

static void on_deliver(struct loop_task *t)
{
	struct ctl_events *e = container_of(t, struct ctl_events, deliver);

	list_each_safe (f, &e->followers, struct follower, node) {
		json_t *list = collect(e, f->tunnel, &f->next);

		if (json_array_size(list) > 0)
			(void)ctl_call_continue(f->watch.call, json_pack("{s:o}", "events", list));
		else
			json_decref(list);
	}
}

static void follow(struct ctl_events *e, struct ctl_call *c, const char *tunnel, json_t *first)
{
	struct follower *f;

	if (e->n_followers >= CTL_EVENTS_FOLLOWERS) {
		json_decref(first);
		ctl_call_fail(c, "org.varlink.service.PermissionDenied", NULL);
		return;
	}
	f = mem_new(struct follower);
	f->events = e;
	f->tunnel = mem_strdup(tunnel);
	f->next = e->next;
	list_add_tail(&e->followers, &f->node);
	e->n_followers++;
	ctl_call_watch(c, &f->watch, on_gone);
	(void)ctl_call_continue(c, json_pack("{s:o}", "events", first));
}

void ctl_events_on_logs(struct ctl_events *e, struct ctl_call *c, json_t *params)
{
	const json_t *tunnel = json_object_get(params, "tunnel"),
		     *tail = json_object_get(params, "tail");
	const json_t *follows = json_object_get(params, "follow");
	json_int_t n = json_is_integer(tail) ? json_integer_value(tail) : 20;
	uint64_t from = 0;
	json_t *list;

	if (tunnel && !json_is_string(tunnel) && !json_is_null(tunnel)) {
		ctl_call_bad_parameter(c, "tunnel");
		return;
	}
	if (n < 0 || (tail && !json_is_integer(tail) && !json_is_null(tail))) {
		ctl_call_bad_parameter(c, "tail");
		return;
	}
	if (follows && !json_is_boolean(follows) && !json_is_null(follows)) {
		ctl_call_bad_parameter(c, "follow");
		return;
	}
	if (json_is_true(follows) && !ctl_call_wants_more(c)) {
		ctl_call_fail(c, "org.varlink.service.ExpectedMore", NULL);
		return;
	}
	list = collect(e, json_string_value(tunnel), &from);
	while (json_array_size(list) > (size_t)n)
		(void)json_array_remove(list, 0);
	if (json_is_true(follows))
		follow(e, c, json_string_value(tunnel), list);
	else
		ctl_call_reply(c, json_pack("{s:o}", "events", list));
}

void ctl_events_init(struct ctl_events *e, struct loop *loop)
{
	memset(e, 0, sizeof(*e));
	e->loop = loop;
	list_init(&e->followers);
	loop_task_init(&e->deliver, on_deliver);
}

void ctl_events_install(struct ctl_events *e)
{
	installed = e;
	next_sink = log_get_sink();
	log_set_sink(sink);
}

void ctl_events_deinit(struct ctl_events *e)
{
	if (installed == e) {
		log_set_sink(next_sink);
		installed = NULL;
	}
	loop_task_cancel(&e->deliver);
	list_each_safe (f, &e->followers, struct follower, node)
		free_follower(f);
	for (size_t i = 0; i < CTL_EVENTS_KEPT; i++)
		json_decref(TAKE_PTR(e->kept[i]));
}
