/* SPDX-License-Identifier: MIT */
/*
 * ctl_events: the last log events and those who follow them.
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

static void sink(enum log_level level, const char *message, const struct log_field *fields,
	size_t n)
{
	struct ctl_events *e = installed;

	next_sink(level, message, fields, n);
	if (!e || level == LOG_LV_DEBUG)
		return;
	event_ring_add(&e->ring, &(struct event){.time_ms = clock_wall_ms(),
					 .level = level,
					 .message = message,
					 .fields = fields,
					 .n = n});
	if (!list_is_empty(&e->followers))
		loop_task_schedule(e->loop, &e->deliver);
}

/* NULL when its message is not UTF-8; a field that is not is left out. */
static json_t *to_json(const struct event *ev)
{
	json_t *all = json_object();

	for (size_t i = 0; i < ev->n; i++)
		(void)json_object_set_new(all, ev->fields[i].key, json_string(ev->fields[i].value));
	return json_pack("{s:I, s:s, s:s, s:o}", "time_ms", (json_int_t)ev->time_ms, "level",
		level_name(ev->level), "message", ev->message, "fields", all);
}

static bool is_of(const struct event *ev, const char *tunnel)
{
	for (size_t i = 0; tunnel && i < ev->n; i++) {
		if (str_eq(ev->fields[i].key, "TUNNEL"))
			return str_eq(ev->fields[i].value, tunnel);
	}
	return !tunnel;
}

/* Events of @tunnel from *@next on; *@next is then past all. */
static json_t *collect(struct ctl_events *e, const char *tunnel, uint64_t *next)
{
	struct log_field fields[EVENT_RING_FIELDS];
	json_t *list = json_array();

	for (uint64_t i = MAX(*next, e->ring.oldest); i < e->ring.next; i++) {
		struct event ev;

		event_ring_get(&e->ring, i, &ev, fields);
		if (is_of(&ev, tunnel))
			(void)json_array_append_new(list, to_json(&ev));
	}
	*next = e->ring.next;
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
	f->next = e->ring.next;
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
	event_ring_init(&e->ring);
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
	event_ring_deinit(&e->ring);
}
