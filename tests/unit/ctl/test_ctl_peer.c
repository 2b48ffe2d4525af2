/* SPDX-License-Identifier: MIT */
/* test_ctl_peer: callers that come by another way than the socket: one in memory, which says what
 * it was asked for. */

#include "ctl_test.h"

#define SLACK 4096

struct memory {
	struct ctl_peer peer;
	json_t *said; /* all answers */
	size_t queued, room;
	uint64_t deadline_ms;
	unsigned int n_paused, n_resumed, n_closed;
};

static struct memory mem;

static void on_send(struct ctl_peer *p, const char *text, size_t n)
{
	assert_int_equal(strlen(text), n);
	assert_int_equal(json_array_append_new(mem.said, json_loads(text, 0, NULL)), 0);
	mem.queued += n;
}

static size_t on_queued(struct ctl_peer *p)
{
	return mem.queued;
}

static size_t on_room(struct ctl_peer *p)
{
	return mem.room;
}

static void on_pause(struct ctl_peer *p, bool pause)
{
	mem.n_paused += pause;
	mem.n_resumed += !pause;
}

static void on_deadline(struct ctl_peer *p, uint64_t ms)
{
	mem.deadline_ms = ms;
}

static void on_close(struct ctl_peer *p)
{
	assert_ptr_equal(p, &mem.peer);
	mem.n_closed++;
}

static const struct ctl_peer_ops ops = {
	.send = on_send,
	.queued = on_queued,
	.room = on_room,
	.pause = on_pause,
	.deadline = on_deadline,
	.close = on_close,
};

static int setup_peer(void **state)
{
	(void)setup(state);
	memset(&mem, 0, sizeof(mem));
	mem.said = json_array();
	mem.room = CTL_OUT_MAX;
	assert_int_equal(ctl_peer_open(&mem.peer, &server, &ops, CTL_RIGHT_OPERATE, SLACK), 0);
	return 0;
}

static int teardown_peer(void **state)
{
	ctl_peer_close(&mem.peer);
	assert_int_equal(mem.n_closed, 1);
	ctl_peer_deinit(&mem.peer);
	json_decref(mem.said);
	return teardown(state);
}

static void say(const char *message)
{
	ctl_peer_input(&mem.peer, message, strlen(message) + 1);
}

/* What was queued has left. */
static void flush(void)
{
	mem.queued = 0;
	ctl_peer_flushed(&mem.peer);
	ev_run(the_loop.ev, EVRUN_NOWAIT);
}

static const char *error_of(size_t i)
{
	return json_string_value(json_object_get(json_array_get(mem.said, i), "error"));
}

#define CALL(method) "{\"method\":\"io.tunnelto.Test." method "\"}"

static void its_right_is_what_it_was_given(void **state)
{
	say(CALL("Operate"));
	flush();
	say(CALL("Administer"));
	assert_int_equal(json_array_size(mem.said), 2);
	assert_null(error_of(0));
	assert_string_equal(error_of(1), "org.varlink.service.PermissionDenied");
}

static void the_next_call_waits_until_the_answer_has_left(void **state)
{
	say(CALL("Echo"));
	say(CALL("Echo"));
	ev_run(the_loop.ev, EVRUN_NOWAIT);
	assert_int_equal(json_array_size(mem.said), 1);
	assert_int_not_equal(mem.deadline_ms, 0); /* it must be read */
	flush();
	assert_int_equal(json_array_size(mem.said), 2);
	flush();
	assert_int_equal(mem.deadline_ms, 0);
}

/* Calls that wait behind one that is not answered: the transport is told to hold back, and what it
 * could not hold back has its place. */
static void what_waits_is_bounded(void **state)
{
	char *bytes = malloc(CTL_MESSAGE_MAX);
	size_t room;

	memset(bytes, ' ', CTL_MESSAGE_MAX);
	say(CALL("Hold"));
	ctl_peer_input(&mem.peer, bytes, CTL_MESSAGE_MAX / 2); /* a long one */
	say(CALL("Echo"));
	room = ctl_peer_room(&mem.peer);
	assert_true(room > 0 && room < CTL_MESSAGE_MAX / 2);
	ctl_peer_input(&mem.peer, bytes, room);
	assert_int_equal(ctl_peer_room(&mem.peer), 0);
	assert_int_equal(mem.n_paused, 1);
	ctl_peer_input(&mem.peer, bytes, SLACK);
	assert_int_equal(mem.n_closed, 0);
	ctl_call_reply(held, NULL);
	flush();
	flush();
	assert_int_equal(json_array_size(mem.said), 2);
	assert_int_equal(mem.n_resumed, 1);
	free(bytes);
}

static void who_does_not_hold_back_is_closed(void **state)
{
	char *bytes = malloc(CTL_MESSAGE_MAX);

	memset(bytes, ' ', CTL_MESSAGE_MAX);
	say(CALL("Hold"));
	say(CALL("Echo"));
	ctl_peer_input(&mem.peer, bytes, ctl_peer_room(&mem.peer));
	ctl_peer_input(&mem.peer, bytes, SLACK + 1);
	assert_int_equal(mem.n_closed, 1);
	assert_int_equal(n_gone, 1);
	ctl_peer_input(&mem.peer, bytes, 1); /* says more all the same */
	assert_int_equal(ctl_peer_room(&mem.peer), 0);
	free(bytes);
}

static void a_message_without_an_end_is_too_long(void **state)
{
	char *bytes = malloc(CTL_MESSAGE_MAX + 1);

	memset(bytes, ' ', CTL_MESSAGE_MAX + 1);
	ctl_peer_input(&mem.peer, bytes, CTL_MESSAGE_MAX + 1);
	assert_int_equal(mem.n_closed, 0);
	assert_int_equal(ctl_peer_room(&mem.peer), 0);
	assert_int_equal(mem.n_closed, 1);
	free(bytes);
}

static void who_has_no_room_for_an_answer_is_closed(void **state)
{
	mem.room = 10;
	say(CALL("Echo"));
	assert_int_equal(mem.n_closed, 1);
	assert_int_equal(json_array_size(mem.said), 0);
}

static void its_end_is_told_to_the_watch(void **state)
{
	say(CALL("Hold"));
	assert_non_null(held);
	ctl_peer_end(&mem.peer);
	assert_int_equal(n_gone, 1);
	assert_int_equal(mem.n_closed, 1);
}

static void there_are_not_more_than_may_be(void **state)
{
	static struct ctl_peer many[CTL_CONNECTIONS_MAX];
	size_t n = 0;

	while (n < ARRAY_SIZE(many) &&
		ctl_peer_open(&many[n], &server, &ops, CTL_RIGHT_OPERATE, 0) == 0)
		n++;
	assert_int_equal(n, CTL_CONNECTIONS_MAX - 1); /* and the one there is */
	while (n-- > 0) {
		list_del(&many[n].node); /* not by `close`, which counts */
		server.n_connections--;
		ctl_peer_deinit(&many[n]);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_peer, teardown_peer)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(its_right_is_what_it_was_given),
		T(the_next_call_waits_until_the_answer_has_left),
		T(what_waits_is_bounded),
		T(who_does_not_hold_back_is_closed),
		T(a_message_without_an_end_is_too_long),
		T(who_has_no_room_for_an_answer_is_closed),
		T(its_end_is_told_to_the_watch),
		T(there_are_not_more_than_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
