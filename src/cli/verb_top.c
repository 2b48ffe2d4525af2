/* SPDX-License-Identifier: MIT */
/* verb_top: the loop of `tunnelctl top`: news, keys, and a screen of both. */
#include "cli/verbs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/call.h"
#include "cli/print.h"

#if HAVE_NCURSES
#include "cli/top_data.h"
#include "cli/top_draw.h"
#include "cli/top_feed.h"
#include "cli/top_view.h"

#define TICK_MS    250 /* at most between two looks at the clock */
#define FRAME_MS   50  /* at least between two screens, unless a key was pressed */
#define FIGURES_MS 500

static volatile sig_atomic_t ended_by;

static void on_signal(int number)
{
	ended_by = number;
}

/* They end the loop, which gives the terminal back; poll() lets them in. */
static void take_signals(sigset_t *during)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction act = {.sa_handler = on_signal};
	sigset_t blocked;

	ended_by = 0;
	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		(void)sigaddset(&blocked, numbers[i]);
		(void)sigaction(numbers[i], &act, NULL);
	}
	(void)sigprocmask(SIG_BLOCK, &blocked, during);
}

struct top {
	struct top_data data;
	struct top_view view;
	struct top_feed feed;
	uint64_t drawn_ms, figured_ms;
	bool stale;   /* the screen */
	bool pressed; /* a key was, since it was drawn */
};

static void wait_for_something(const struct top *t, const sigset_t *during)
{
	const struct timespec tick = {.tv_nsec = (t->stale ? FRAME_MS : TICK_MS) * 1000000L};
	struct pollfd fds[TOP_FEED_FDS + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};
	size_t n = 1 + top_feed_fds(&t->feed, fds + 1);

	if (ppoll(fds, (nfds_t)n, &tick, during) > 0 && (fds[0].revents & (POLLHUP | POLLERR)))
		ended_by = SIGHUP; /* the terminal has gone */
}

static void inspect(struct top *t, uint64_t id)
{
	top_lines_deinit(&t->view.lines);
	if (top_feed_fetch(&t->feed, id, &t->view.lines))
		t->view.detail = t->view.request = id;
}

/* False: the person leaves. */
static bool take_keys(struct top *t)
{
	int key;

	while ((key = top_draw_key()) >= 0) {
		uint64_t id;
		enum top_action action = top_view_key(&t->view, &t->data, key, &id);

		t->pressed = true;
		if (action == TOP_QUIT)
			return false;
		if (action == TOP_INSPECT)
			inspect(t, id);
		if (action == TOP_REPLAY)
			top_feed_replay(&t->feed, id);
	}
	return true;
}

static void take_words(struct top *t)
{
	if (!*t->feed.said)
		return;
	(void)snprintf(t->view.message, sizeof(t->view.message), "%s", t->feed.said);
	t->feed.said[0] = '\0';
}

/* However much comes, no more is drawn than eyes can follow. */
static void show(struct top *t, uint64_t now_ms)
{
	if (now_ms >= t->figured_ms + FIGURES_MS) {
		top_data_figures(&t->data, clock_wall_ms());
		t->figured_ms = now_ms;
	}
	t->stale = !t->pressed && now_ms < t->drawn_ms + FRAME_MS;
	if (t->stale)
		return;
	top_draw(&t->view, &t->data, &t->feed);
	t->drawn_ms = now_ms;
	t->pressed = false;
}

static void run(struct top *t, const sigset_t *during)
{
	while (!ended_by) {
		uint64_t now_ms = clock_ms();

		(void)top_feed_step(&t->feed, &t->data, now_ms);
		if (!take_keys(t))
			return;
		take_words(t);
		show(t, now_ms);
		wait_for_something(t, during);
	}
}

static int top(const struct args *a, const char *path)
{
	static struct top t;
	sigset_t during;

	take_signals(&during);
	top_data_init(&t.data);
	top_view_init(&t.view);
	top_feed_init(&t.feed, path);
	if (!top_draw_start(print_may_colour(a))) {
		print_error("this terminal cannot be drawn on: is TERM right?");
		return CALL_FAILED;
	}
	run(&t, &during);
	top_draw_stop();
	top_feed_deinit(&t.feed);
	top_view_deinit(&t.view);
	top_data_deinit(&t.data);
	if (ended_by && ended_by != SIGINT) {
		(void)signal(ended_by, SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &during, NULL);
		(void)raise(ended_by);
	}
	return CALL_DONE;
}

int verb_top(const struct args *a)
{
	struct call c;
	int code;

	if (args_has(a, ARGS_JSON))
		return verbs_usage(a, "has no form for programs: see 'requests --follow --json'");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		print_error("top needs a terminal; 'tunnelctl requests --follow' does without one");
		return CALL_FAILED;
	}
	code = call_open(&c, a);
	if (code)
		return code;
	call_close(&c);
	return top(a, c.socket);
}
#else
int verb_top(const struct args *a)
{
	print_error("this tunnelctl was built without ncurses, and has no top");
	return CALL_FAILED;
}
#endif
