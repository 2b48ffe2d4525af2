/* SPDX-License-Identifier: MIT */
/*
 * inspect_export: the next entry is made when the one before it has left: an archive of any size
 * costs the memory of one entry, and one that nobody reads costs no more.
 */
#include "inspector/inspect_export.h"

#include <stdlib.h>

#include "base/mem.h"
#include "ctl/ctl_server.h"
#include "inspect/capture.h"
#include "inspect/filter.h"
#include "inspect/har.h"

struct export
{
	struct capture *capture;
	struct ctl_watch watch;
	struct filter filter;
	struct exchange *at; /* the last one that was said, or NULL */
	uint64_t next, last; /* ids to look at */
	json_int_t *ids;     /* of those, only these, in order; NULL: all of them */
	size_t n_ids;
};

static void free_export(struct export *x)
{
	filter_deinit(&x->filter);
	exchange_unref(x->at);
	free(x->ids);
	free(x);
}

static void on_gone(struct ctl_watch *w)
{
	free_export(container_of(w, struct export, watch));
}

static int compare_ids(const void *a, const void *b)
{
	const json_int_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* In order, for a message has room for some hundred thousand of them. */
static void take_ids(struct export *x, const json_t *ids)
{
	x->n_ids = json_array_size(ids);
	x->ids = mem_alloc((x->n_ids + 1) * sizeof(*x->ids));
	for (size_t i = 0; i < x->n_ids; i++)
		x->ids[i] = json_integer_value(json_array_get(ids, i));
	qsort(x->ids, x->n_ids, sizeof(*x->ids), compare_ids);
}

static bool is_wanted(const struct export *x, const struct exchange *e)
{
	json_int_t id = (json_int_t)e->id;

	if (e->id < x->next || e->id > x->last || e->change == 0)
		return false;
	if (x->ids && !bsearch(&id, x->ids, x->n_ids, sizeof(id), compare_ids))
		return false;
	return filter_matches(&x->filter, e, NULL);
}

/* Behind the last one; where that has gone, all before it have gone, too, or soon are looked at. */
static struct exchange *next_wanted(const struct export *x)
{
	const struct list *all = &x->capture->exchanges;
	struct list *n = x->at && x->at->capture ? x->at->node.next : all->next;

	for (; n != all; n = n->next) {
		struct exchange *e = list_entry(n, struct exchange, node);

		if (is_wanted(x, e))
			return e;
	}
	return NULL;
}

/* One entry, or the end, which is a reply without one. */
static void go_on(struct export *x)
{
	struct exchange *e = next_wanted(x);
	struct ctl_call *c = x->watch.call;

	if (!e) {
		free_export(x);
		ctl_call_reply(c, json_pack("{s:n}", "entry"));
		return;
	}
	exchange_unref(x->at);
	x->at = exchange_ref(e);
	x->next = e->id + 1;
	(void)ctl_call_continue(c, json_pack("{s:o}", "entry", har_entry(e)));
}

static void on_flushed(struct ctl_watch *w)
{
	go_on(container_of(w, struct export, watch));
}

void inspect_export_begin(struct capture *k, struct ctl_call *c, struct filter *f,
	const json_t *ids)
{
	struct export *x = mem_new(struct export);

	x->capture = k;
	x->filter = *f;
	x->next = 1;
	x->last = k->last_id; /* who exports while more come in is to be done some day */
	if (ids)
		take_ids(x, ids);
	x->watch.flushed = on_flushed;
	ctl_call_watch(c, &x->watch, on_gone);
	go_on(x);
}
