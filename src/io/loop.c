/* SPDX-License-Identifier: MIT */
/*
 * loop: one libev loop and what hangs on its turns.
 *
 * A turn is: events, then (before the next poll) the scheduled tasks, then the graveyard. Tasks
 * are how many streams' bytes leave in one write; the graveyard is how an object may close
 * itself inside its own callback. When a time of work is over, freed memory is given back. Nothing
 * here is global but SIGPIPE's disposition and the heap.
 */
#include "io/loop.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"

/* A task that schedules itself again waits for the next turn after so many rounds. */
#define TASK_ROUNDS_MAX 8

/* So many turns are work, after which memory may be left over. It is given back when a period of
 * TRIM_SECONDS passes with less than TRIM_BUSY of them, or at the latest after TRIM_PUT_OFF_MAX. */
#define TRIM_TURNS       64
#define TRIM_SECONDS     5.
#define TRIM_BUSY        1000
#define TRIM_PUT_OFF_MAX 5

static void empty(struct list *graves)
{
	struct list *n;

	while ((n = list_pop(graves))) {
		struct grave *g = list_entry(n, struct grave, node);

		g->free(g);
	}
}

static void run_tasks(struct loop *l)
{
	for (int round = 0; round < TASK_ROUNDS_MAX && !list_is_empty(&l->tasks); round++) {
		struct list batch;
		struct list *n;

		list_init(&batch);
		list_splice_tail(&batch, &l->tasks);
		while ((n = list_pop(&batch))) {
			struct loop_task *t = list_entry(n, struct loop_task, node);

			t->run(t);
		}
	}
}

/* Tasks left over after the rounds must not wait for an event: poll without sleeping. */
static void on_idle(struct ev_loop *ev, ev_idle *w, int revents)
{
	ev_idle_stop(ev, w);
}

/* The timer must not keep ev_run() from returning when nothing else is left. */
static void start_trim(struct loop *l)
{
	l->turns = 0;
	ev_timer_set(&l->trim, TRIM_SECONDS, 0.);
	ev_timer_start(l->ev, &l->trim);
	ev_unref(l->ev);
}

static void on_trim(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = container_of(w, struct loop, trim);

	ev_ref(ev);
	if (l->turns >= TRIM_BUSY && l->put_off < TRIM_PUT_OFF_MAX) {
		l->put_off++;
		start_trim(l);
		return;
	}
	l->put_off = l->turns = 0;
	mem_trim();
}

static void before_poll(struct ev_loop *ev, ev_prepare *w, int revents)
{
	struct loop *l = container_of(w, struct loop, before_poll);

	run_tasks(l);
	if (l->guest)
		l->guest->turn(l->guest);
	empty(&l->graveyard);
	log_flush();
	if (++l->turns >= TRIM_TURNS && !ev_is_active(&l->trim))
		start_trim(l);
	if (!list_is_empty(&l->tasks) && !ev_is_active(&l->idle))
		ev_idle_start(ev, &l->idle);
}

int loop_init(struct loop *l)
{
	l->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
	if (!l->ev)
		return -EMFILE;
	l->guest = NULL;
	list_init(&l->tasks);
	list_init(&l->graveyard);
	list_init(&l->left);
	l->scratch = mem_alloc(LOOP_SCRATCH_SIZE);
	ev_prepare_init(&l->before_poll, before_poll);
	ev_set_priority(&l->before_poll, EV_MINPRI);
	ev_prepare_start(l->ev, &l->before_poll);
	ev_unref(l->ev);
	ev_idle_init(&l->idle, on_idle);
	ev_timer_init(&l->trim, on_trim, 0., 0.);
	l->turns = l->put_off = 0;
	(void)signal(SIGPIPE, SIG_IGN);
	mem_setup();
	return 0;
}

void loop_deinit(struct loop *l)
{
	if (!l->ev)
		return;
	empty(&l->left);
	empty(&l->graveyard);
	/* whoever outlives the loop must not find itself in a list that is gone */
	while (list_pop(&l->tasks))
		continue;
	if (ev_is_active(&l->idle))
		ev_idle_stop(l->ev, &l->idle);
	if (ev_is_active(&l->trim)) {
		ev_ref(l->ev);
		ev_timer_stop(l->ev, &l->trim);
	}
	ev_ref(l->ev);
	ev_prepare_stop(l->ev, &l->before_poll);
	ev_loop_destroy(l->ev);
	l->ev = NULL;
	free(TAKE_PTR(l->scratch));
}

void loop_run(struct loop *l)
{
	log_hold(true);
	ev_run(l->ev, 0);
	log_hold(false);
}

void loop_stop(struct loop *l)
{
	ev_break(l->ev, EVBREAK_ALL);
}

clock_ms_t loop_now(const struct loop *l)
{
	/* libev's own clock is wall time; ours is monotonic, and reading it costs 20 ns. */
	return clock_ms();
}

void loop_task_init(struct loop_task *t, loop_task_f *run)
{
	list_init(&t->node);
	t->run = run;
}

void loop_task_schedule(struct loop *l, struct loop_task *t)
{
	assert(t->run);
	if (!list_is_linked(&t->node))
		list_add_tail(&l->tasks, &t->node);
}

void loop_task_cancel(struct loop_task *t)
{
	if (t->node.next)
		list_del(&t->node);
}

void loop_bury(struct loop *l, struct grave *g, grave_free_f *free_f)
{
	g->free = free_f;
	list_add_tail(&l->graveyard, &g->node);
	l->turns++; /* a crowd may leave within few of them */
}

void loop_leave(struct loop *l, struct grave *g, grave_free_f *free_f)
{
	g->free = free_f;
	list_add_tail(&l->left, &g->node);
}

void loop_fetch(struct grave *g)
{
	list_del(&g->node);
}

/* That it woke the loop is all it is for. */
static void on_guest_wake(struct ev_loop *ev, ev_io *w, int revents)
{
}

void loop_guest_start(struct loop *l, struct loop_guest *g, int fd, loop_guest_f *turn)
{
	assert(!l->guest);
	g->turn = turn;
	ev_io_init(&g->wake, on_guest_wake, fd, EV_READ);
	ev_io_start(l->ev, &g->wake);
	l->guest = g;
}

void loop_guest_stop(struct loop *l, struct loop_guest *g)
{
	if (l->guest != g)
		return;
	ev_io_stop(l->ev, &g->wake);
	l->guest = NULL;
}
