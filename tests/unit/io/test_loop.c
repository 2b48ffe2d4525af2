/* SPDX-License-Identifier: MIT */
/* test_loop: what happens in one turn of the loop; timers that are cheap to push back; signals. */

#include "io_test.h"

#include <signal.h>

#include "base/mem.h"
#include "io/sig.h"

static unsigned int runs, other_runs, frees;

static int setup(void **state)
{
	runs = other_runs = frees = 0;
	return loop_setup(state);
}

/* --- tasks ----------------------------------------------------------------------------------- */

static void count_run(struct loop_task *t)
{
	runs++;
}

static void a_task_runs_once_however_often_it_was_scheduled(void **state)
{
	struct loop_task t;

	loop_task_init(&t, count_run);
	loop_task_schedule(&loop, &t);
	loop_task_schedule(&loop, &t);
	assert_int_equal(runs, 0); /* never inside the call */
	turn();
	assert_int_equal(runs, 1);
	turn();
	assert_int_equal(runs, 1);
}

static void a_cancelled_task_does_not_run(void **state)
{
	struct loop_task t, never = {0};

	loop_task_init(&t, count_run);
	loop_task_cancel(&t);
	loop_task_schedule(&loop, &t);
	loop_task_cancel(&t);
	loop_task_cancel(&never); /* zeroed, not even initialised */
	turn();
	assert_int_equal(runs, 0);
}

static struct loop_task first, second;

static void schedule_second(struct loop_task *t)
{
	runs++;
	loop_task_schedule(&loop, &second);
}

static void count_other(struct loop_task *t)
{
	other_runs++;
}

static void a_task_scheduled_by_a_task_runs_in_the_same_turn(void **state)
{
	loop_task_init(&first, schedule_second);
	loop_task_init(&second, count_other);
	loop_task_schedule(&loop, &first);
	turn();
	assert_int_equal(runs, 1);
	assert_int_equal(other_runs, 1);
}

static void cancel_second(struct loop_task *t)
{
	runs++;
	loop_task_cancel(&second);
}

static void a_task_may_cancel_one_that_is_due_in_the_same_round(void **state)
{
	loop_task_init(&first, cancel_second);
	loop_task_init(&second, count_other);
	loop_task_schedule(&loop, &first);
	loop_task_schedule(&loop, &second);
	turn();
	assert_int_equal(runs, 1);
	assert_int_equal(other_runs, 0);
}

static void run_forever(struct loop_task *t)
{
	runs++;
	loop_task_schedule(&loop, t);
}

static void note_fired(struct timer *t)
{
	other_runs++;
}

static void a_task_that_never_ends_starves_nobody_and_never_sleeps(void **state)
{
	struct loop_task t;
	struct timer timer;
	unsigned int before;

	loop_task_init(&t, run_forever);
	loop_task_schedule(&loop, &t);
	turn();
	assert_in_range(runs, 1, 100); /* bounded rounds a turn */
	timer_init(&timer, &loop, note_fired);
	timer_start(&timer, 5);
	until(other_runs == 1);
	before = runs;
	ev_run(loop.ev, EVRUN_ONCE); /* would block for ever if it slept */
	assert_true(runs > before);
	loop_task_cancel(&t);
}

/* --- graveyard ------------------------------------------------------------------------------- */

struct thing {
	struct grave grave;
	struct loop_task task;
	struct thing *other;
};

static void free_thing(struct grave *g)
{
	struct thing *t = container_of(g, struct thing, grave);

	frees++;
	if (t->other)
		loop_bury(&loop, &t->other->grave, free_thing);
	free(t);
}

static void bury_self(struct loop_task *task)
{
	struct thing *t = container_of(task, struct thing, task);

	loop_bury(&loop, &t->grave, free_thing);
	assert_int_equal(frees, 0);
	runs++; /* @t is still there to be touched */
	t->other = NULL;
}

static void the_buried_are_freed_before_the_next_poll_and_not_earlier(void **state)
{
	struct thing *t = mem_new(struct thing);

	loop_task_init(&t->task, bury_self);
	loop_task_schedule(&loop, &t->task);
	turn();
	assert_int_equal(runs, 1);
	assert_int_equal(frees, 1);
}

static void the_buried_may_bury_others(void **state)
{
	struct thing *t = mem_new(struct thing);

	t->other = mem_new(struct thing);
	loop_bury(&loop, &t->grave, free_thing);
	turn();
	assert_int_equal(frees, 2);
}

static void a_loop_that_ends_frees_the_buried_and_forgets_its_tasks(void **state)
{
	struct thing *t = mem_new(struct thing);
	struct loop_task task;
	struct loop *l = mem_new(struct loop);

	assert_int_equal(loop_init(l), 0);
	loop_task_init(&task, count_run);
	loop_task_schedule(l, &task);
	loop_bury(l, &t->grave, free_thing);
	loop_deinit(l);
	assert_int_equal(frees, 1);
	assert_int_equal(runs, 0);
	free(l);
	loop_task_cancel(&task); /* reaches nothing of the loop */
}

static void a_loop_that_ends_frees_those_that_were_left_and_not_fetched(void **state)
{
	struct thing *left = mem_new(struct thing), *fetched = mem_new(struct thing);
	struct loop *l = mem_new(struct loop);

	assert_int_equal(loop_init(l), 0);
	loop_leave(l, &left->grave, free_thing);
	loop_leave(l, &fetched->grave, free_thing);
	ev_run(l->ev, EVRUN_NOWAIT);
	assert_int_equal(frees, 0);
	loop_fetch(&fetched->grave);
	loop_bury(l, &fetched->grave, free_thing);
	ev_run(l->ev, EVRUN_NOWAIT);
	assert_int_equal(frees, 1);
	loop_deinit(l);
	assert_int_equal(frees, 2);
	free(l);
}

static void stop_it(struct timer *t)
{
	runs++;
	loop_stop(&loop);
}

static void a_loop_runs_until_it_is_stopped(void **state)
{
	struct timer stop, later;

	timer_init(&stop, &loop, stop_it);
	timer_init(&later, &loop, note_fired);
	timer_start(&stop, 5);
	timer_start(&later, 60000);
	loop_run(&loop);
	assert_int_equal(runs, 1);
	assert_int_equal(other_runs, 0);
	timer_stop(&later);
}

static void sigpipe_does_not_kill(void **state)
{
	int fd[2];

	assert_int_equal(pipe(fd), 0);
	close(fd[0]);
	assert_int_equal(write(fd[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fd[1]);
}

/* --- timers ---------------------------------------------------------------------------------- */

static clock_ms_t fired_at;

static void note_time(struct timer *t)
{
	runs++;
	fired_at = clock_ms();
	assert_false(timer_is_active(t));
}

static void a_timer_fires_once_and_not_early(void **state)
{
	struct timer t;
	clock_ms_t start = clock_ms();

	timer_init(&t, &loop, note_time);
	assert_false(timer_is_active(&t));
	timer_start(&t, 20);
	assert_true(timer_is_active(&t));
	until(runs == 1);
	assert_in_range(fired_at - start, 20, 1000);
	turn();
	assert_int_equal(runs, 1);
}

static void pushing_a_timer_back_does_not_touch_the_heap(void **state)
{
	struct timer t;
	clock_ms_t start = clock_ms(), armed;

	timer_init(&t, &loop, note_time);
	timer_start(&t, 10);
	armed = t.armed;
	timer_start(&t, 60);
	assert_int_equal(t.armed, armed); /* libev was told nothing */
	until(runs == 1);
	assert_in_range(fired_at - start, 60, 1000);
}

static void a_timer_may_be_pulled_forward(void **state)
{
	struct timer t;
	clock_ms_t start = clock_ms();

	timer_init(&t, &loop, note_time);
	timer_start(&t, 60000);
	timer_start(&t, 10);
	until(runs == 1);
	assert_in_range(fired_at - start, 10, 5000);
}

static void a_time_in_the_past_means_the_next_turn(void **state)
{
	struct timer t;

	timer_init(&t, &loop, note_time);
	timer_start_at(&t, 0);
	assert_int_equal(runs, 0);
	until(runs == 1);
}

static void a_stopped_timer_does_not_fire(void **state)
{
	struct timer t, after, zeroed = {0};

	timer_init(&t, &loop, note_time);
	timer_init(&after, &loop, note_fired);
	timer_start(&t, 5);
	timer_stop(&t);
	timer_stop(&t);
	timer_stop(&zeroed);
	assert_false(timer_is_active(&t));
	timer_start(&after, 15);
	until(other_runs == 1);
	assert_int_equal(runs, 0);
}

static struct timer victim;

static void push_victim(struct timer *t)
{
	other_runs++;
	timer_start(&victim, 30);
}

static void stop_victim(struct timer *t)
{
	other_runs++;
	timer_stop(&victim);
}

static void wait_out(uint64_t ms)
{
	clock_ms_t end = clock_ms() + ms;

	while (clock_ms() < end)
		continue;
}

static void a_timer_that_ran_out_may_be_pushed_back_by_another(void **state)
{
	struct timer before, after;
	clock_ms_t start = clock_ms();

	timer_init(&before, &loop, push_victim);
	timer_init(&after, &loop, push_victim);
	timer_init(&victim, &loop, note_time);
	timer_start(&before, 1);
	timer_start(&victim, 1);
	timer_start(&after, 1);
	wait_out(5); /* whatever the order, one of its neighbours comes first */
	until(other_runs == 2);
	assert_int_equal(runs, 0);
	until(runs == 1);
	assert_in_range(fired_at - start, 30, 5000);
	assert_false(ev_is_active(&victim.w));
}

static void a_timer_that_ran_out_may_be_stopped_by_another(void **state)
{
	struct timer before, after;

	timer_init(&before, &loop, stop_victim);
	timer_init(&after, &loop, stop_victim);
	timer_init(&victim, &loop, note_time);
	timer_start(&before, 1);
	timer_start(&victim, 1);
	timer_start(&after, 1);
	wait_out(5); /* whatever the order, one of its neighbours comes first */
	until(other_runs == 2);
	assert_int_equal(runs, 0);
}

static void rearm(struct timer *t)
{
	if (++runs < 3)
		timer_start(t, 1);
}

static void a_timer_may_start_itself_again(void **state)
{
	struct timer t;

	timer_init(&t, &loop, rearm);
	timer_start(&t, 1);
	until(runs == 3);
	assert_false(timer_is_active(&t));
}

/* --- signals --------------------------------------------------------------------------------- */

static void note_signal(struct sig *s)
{
	assert_int_equal(sig_number(s), SIGUSR1);
	runs++;
}

static void a_signal_is_an_event(void **state)
{
	struct sig s;

	sig_start(&s, &loop, SIGUSR1, note_signal);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(runs, 0);
	until(runs == 1);
	sig_stop(&s);
	sig_stop(&s);
}

static void a_signal_alone_does_not_keep_the_loop_running(void **state)
{
	struct sig s;

	sig_start(&s, &loop, SIGUSR1, note_signal);
	loop_run(&loop);
	assert_int_equal(runs, 0);
	sig_stop(&s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_task_runs_once_however_often_it_was_scheduled),
		T(a_cancelled_task_does_not_run),
		T(a_task_scheduled_by_a_task_runs_in_the_same_turn),
		T(a_task_may_cancel_one_that_is_due_in_the_same_round),
		T(a_task_that_never_ends_starves_nobody_and_never_sleeps),
		T(the_buried_are_freed_before_the_next_poll_and_not_earlier),
		T(the_buried_may_bury_others),
		T(a_loop_that_ends_frees_the_buried_and_forgets_its_tasks),
		T(a_loop_that_ends_frees_those_that_were_left_and_not_fetched),
		T(a_loop_runs_until_it_is_stopped),
		T(sigpipe_does_not_kill),
		T(a_timer_fires_once_and_not_early),
		T(pushing_a_timer_back_does_not_touch_the_heap),
		T(a_timer_may_be_pulled_forward),
		T(a_time_in_the_past_means_the_next_turn),
		T(a_stopped_timer_does_not_fire),
		T(a_timer_that_ran_out_may_be_pushed_back_by_another),
		T(a_timer_that_ran_out_may_be_stopped_by_another),
		T(a_timer_may_start_itself_again),
		T(a_signal_is_an_event),
		T(a_signal_alone_does_not_keep_the_loop_running),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
