/* SPDX-License-Identifier: MIT */
/*
 * inspect_follow: who follows the captured requests.
 *
 *   announcement ─> changed ─> (once a turn, at most every PAUSE_MS) ─> deliver ─> one reply
 *                                                          ^                        │
 *                                                       flushed <── caller reads <──┘
 *
 * A follower remembers which announcement it told last, and the capture keeps its exchanges in the
 * order of their announcements: so nothing is queued for it, however slowly it reads and however
 * much happens meanwhile, but the reply that is on its way and the numbers of those that went. One
 * that changed ten times is told once; one that came and went meanwhile is not told at all.
 */
#include "inspector/inspect_follow.h"

#include <stdlib.h>

#include "base/mem.h"
#include "ctl/ctl_server.h"
#include "inspect/capture.h"
#include "inspect/exchange_json.h"
#include "inspect/filter.h"
#include "io/loop.h"
#include "io/timer.h"

#define PAUSE_MS 50

struct follower {
	struct capture *capture;
	struct loop *loop;
	struct ctl_watch watch;
	struct capture_watch changes;
	struct loop_task deliver;
	struct timer pause; /* runs after a reply */
	struct filter filter;
	uint64_t told;   /* up to this announcement */
	uint64_t newest; /* highest id the caller may have heard of */
	/* Ids not above `newest` that went; so there are never more than exchanges were kept. */
	uint64_t *gone;
	size_t n_gone, cap_gone;
};

json_t *inspect_follow_reply(const struct capture *k, json_t *requests, json_t *gone)
{
	return json_pack("{s:o, s:o, s:I, s:I}", "requests", requests, "gone", gone, "seen",
		(json_int_t)k->seen, "dropped", (json_int_t)k->dropped);
}

static void free_follower(struct follower *f)
{
	capture_unwatch(f->capture, &f->changes);
	loop_task_cancel(&f->deliver);
	timer_stop(&f->pause);
	filter_deinit(&f->filter);
	free(f->gone);
	free(f);
}

static void on_gone(struct ctl_watch *w)
{
	free_follower(container_of(w, struct follower, watch));
}

/* The first announcement after what was told; the list's head when there is none. */
static struct list *first_untold(const struct follower *f)
{
	struct list *n = f->capture->recent.prev;

	while (n != &f->capture->recent && list_entry(n, struct exchange, recent)->change > f->told)
		n = n->prev;
	return n->next;
}

/* As many as one reply takes. */
static json_t *collect(struct follower *f)
{
	json_t *list = json_array();
	size_t size = 0;

	for (struct list *n = first_untold(f);
		n != &f->capture->recent && size < INSPECT_FOLLOW_REPLY; n = n->next) {
		const struct exchange *e = list_entry(n, struct exchange, recent);

		f->told = e->change;
		f->newest = MAX(f->newest, e->id);
		if (!filter_matches(&f->filter, e, NULL))
			continue;
		size += exchange_json_size(e);
		(void)json_array_append_new(list, exchange_json_info(e));
	}
	return list;
}

static json_t *collect_gone(struct follower *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_gone; i++)
		(void)json_array_append_new(list, json_integer((json_int_t)f->gone[i]));
	f->n_gone = 0;
	return list;
}

static void deliver(struct follower *f)
{
	struct ctl_call *c = f->watch.call;
	json_t *requests, *gone;

	if (timer_is_active(&f->pause) || ctl_call_queued(c) > 0)
		return; /* both come back here */
	requests = collect(f);
	gone = collect_gone(f);
	if (json_array_size(requests) == 0 && json_array_size(gone) == 0) {
		json_decref(requests);
		json_decref(gone);
		return;
	}
	timer_start(&f->pause, PAUSE_MS);
	(void)ctl_call_continue(c, inspect_follow_reply(f->capture, requests, gone));
}

static void on_deliver(struct loop_task *t)
{
	deliver(container_of(t, struct follower, deliver));
}

static void on_pause(struct timer *t)
{
	deliver(container_of(t, struct follower, pause));
}

static void on_flushed(struct ctl_watch *w)
{
	deliver(container_of(w, struct follower, watch));
}

static void on_change(struct capture_watch *w, struct exchange *e, enum capture_event ev)
{
	struct follower *f = container_of(w, struct follower, changes);

	if (ev == CAPTURE_GONE && e->id <= f->newest) {
		if (f->n_gone == f->cap_gone) {
			f->cap_gone = f->cap_gone ? f->cap_gone * 2 : 64;
			f->gone = mem_realloc(f->gone, f->cap_gone * sizeof(*f->gone));
		}
		f->gone[f->n_gone++] = e->id;
	}
	if (!timer_is_active(&f->pause))
		loop_task_schedule(f->loop, &f->deliver);
}

void inspect_follow_begin(struct capture *k, struct ctl_call *c, struct filter *filter,
	json_t *first)
{
	struct follower *f = mem_new(struct follower);

	f->capture = k;
	f->loop = ctl_call_server(c)->loop;
	f->filter = *filter;
	f->told = k->changes;
	f->newest = k->last_id;
	f->watch.flushed = on_flushed;
	loop_task_init(&f->deliver, on_deliver);
	timer_init(&f->pause, f->loop, on_pause);
	capture_watch(k, &f->changes, on_change);
	ctl_call_watch(c, &f->watch, on_gone);
	(void)ctl_call_continue(c, first);
}
