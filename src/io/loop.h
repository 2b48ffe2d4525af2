/* SPDX-License-Identifier: MIT */
#pragma once

/* loop: one libev loop per worker, its graveyard, its once-a-turn tasks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/macros.h"

#define LOOP_SCRATCH_SIZE (64 * 1024)

struct loop_guest;

struct loop {
	struct ev_loop *ev;
	struct loop_guest *guest;
	ev_prepare before_poll; /* runs the tasks, then empties the graveyard */
	ev_idle idle;           /* keeps the loop from sleeping while tasks are left over */
	ev_timer trim;          /* after work: memory that it left behind is given back */
	unsigned int turns;     /* and burials, since the last trim, or since it was put off */
	unsigned int put_off;   /* how often it was */
	struct list tasks;
	struct list graveyard;
	struct list left; /* graves of those that have no owner and end by themselves */
	uint8_t *
		scratch; /* LOOP_SCRATCH_SIZE bytes, valid within one callback: readers read here */
};

/* Something to be done once before the loop next waits, however often it was scheduled. */
struct loop_task;
typedef void loop_task_f(struct loop_task *t);
struct loop_task {
	struct list node;
	loop_task_f *run;
};

/* Another event loop inside this one: its turn comes before this loop waits, after the tasks, and
 * @fd is readable when it wants one. */
typedef void loop_guest_f(struct loop_guest *g);
struct loop_guest {
	ev_io wake;
	loop_guest_f *turn;
};

/* An object that closed itself inside its own callback: freed before the next poll. */
struct grave;
typedef void grave_free_f(struct grave *g);
struct grave {
	struct list node;
	grave_free_f *free;
};

/* 0 or -errno. For the process: ignores SIGPIPE, sets the heap up for a daemon. */
int loop_init(struct loop *l) MUST_USE;
/* Frees what was left to itself and what is in the graveyard, then the loop. */
void loop_deinit(struct loop *l);
/* Until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
/* The time at which this turn began, on clock_ms()'s clock; cheap. */
clock_ms_t loop_now(const struct loop *l);

void loop_task_init(struct loop_task *t, loop_task_f *run);
void loop_task_schedule(struct loop *l, struct loop_task *t);
void loop_task_cancel(struct loop_task *t);

/* One guest at most. @fd stays the caller's, open until the guest was stopped. */
void loop_guest_start(struct loop *l, struct loop_guest *g, int fd, loop_guest_f *turn);
void loop_guest_stop(struct loop *l, struct loop_guest *g);

/* Free @g by @free before the next poll; @g must not be buried already. */
void loop_bury(struct loop *l, struct grave *g, grave_free_f *free);
/* @g's owner lets go of it, and it is to bury itself when its last words are said: if the loop ends
 * before that, it is freed by @free. */
void loop_leave(struct loop *l, struct grave *g, grave_free_f *free);
/* What was left comes to its end: to be buried. */
void loop_fetch(struct grave *g);
