/* SPDX-License-Identifier: MIT */
/*
 * fuzz_session: the session layer against a liar, and under any order of honest acts.
 *
 * The first byte chooses: raw bytes from a peer, frames of right shape and wrong content from a
 * peer, or the acts of the soak test (where every byte has to arrive). In the first two nothing is
 * promised but that memory is bounded and accounted, and that the end has a name.
 */

#include <string.h>

#include "../unit/mux/pair.h"
#include "../unit/mux/soak.h"
#include "base/macros.h"
#include "proto/close.h"

#define STEPS_MAX 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	struct soak_dice dice;
	const uint8_t *at;
	size_t left;
};

static uint8_t next(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static uint32_t roll(struct soak_dice *d)
{
	struct input *in = container_of(d, struct input, dice);
	uint32_t high = next(in);

	return high << 8 | next(in);
}

/* --- a liar ---------------------------------------------------------------------------------- */

static void start(struct pair *p)
{
	pair_init(p, NULL);
	p->garbage = true;
	p->client.session.limits.max_streams = p->server.session.limits.max_streams = 20;
	pair_connect(p);
	pair_settle(p);
	(void)user_write(user_open(&p->server), 1000);
	(void)user_write(user_open(&p->client), 1000);
	pair_settle(p);
	p->client.lazy = true;
	(void)user_write(user_open(&p->server), 100000);
	(void)user_open(&p->client);
}

static void check(struct pair *p)
{
	struct session *s = &p->client.session;

	CHECK(session_stream_count(s) <= s->limits.max_streams);
	CHECK(s->stats.memory <= s->limits.memory + 2 * FRAME_MAX_WINDOW);
	CHECK(!p->client.closed || session_stream_count(s) == 0);
	CHECK(!p->client.closed || p->client.why < CLOSE_COUNT);
}

static void inject(struct pair *p, const uint8_t *bytes, size_t n)
{
	if (p->client.base->link.session)
		(void)pair_inject(p, &p->client, bytes, n);
	check(p);
}

static void raw(struct input *in)
{
	static struct pair p;

	start(&p);
	while (in->left > 0) {
		size_t n = MIN(in->left, 1U + next(in));

		n = MIN(n, in->left);
		inject(&p, in->at, n);
		in->at += n;
		in->left -= n;
		(void)pair_move(&p, 1000);
	}
	pair_deinit(&p);
}

/* A frame whose type, length and stream fit each other more often than not. */
static size_t forge(struct input *in, uint8_t *out)
{
	static const struct {
		uint8_t type, n;
	} shapes[] = {
		{FRAME_OPEN, 4},
		{FRAME_DATA, 8},
		{FRAME_DATA, 60},
		{FRAME_WINDOW, 16},
		{FRAME_RESET, 2},
		{FRAME_PING, 8},
		{FRAME_PONG, 8},
		{FRAME_RESUME, 0},
		{FRAME_RESUME, 20},
		{FRAME_RESUME, 60},
		{FRAME_GOAWAY, 6},
		{FRAME_WELCOME, 2},
		{0x90, 5},
	};
	uint8_t what = next(in), n = shapes[what % ARRAY_SIZE(shapes)].n;
	uint8_t type = shapes[what % ARRAY_SIZE(shapes)].type;

	frame_encode_header(out, type, next(in), n, type >= FRAME_OPEN ? 1U + next(in) % 12 : 0);
	memset(out + FRAME_HEADER_SIZE, 0, n);
	/* small numbers are the interesting ones: only the low half of every eight bytes is rolled
	 */
	for (size_t i = 0; i < n; i++) {
		if (n < 8 || i % 4 == 3 || (i % 4 == 2 && next(in) < 64))
			out[FRAME_HEADER_SIZE + i] = next(in);
	}
	return FRAME_HEADER_SIZE + (size_t)n;
}

static void forged(struct input *in)
{
	static struct pair p;
	uint8_t bytes[FRAME_HEADER_SIZE + UINT8_MAX];

	start(&p);
	while (in->left > 0) {
		uint8_t act = next(in) % 8;

		inject(&p, bytes, forge(in, bytes));
		if (act == 0)
			(void)pair_move(&p, 1U + next(in) * 100U);
		if (act == 1 && p.client.last->u.stream)
			user_consume(p.client.last, next(in) * 1000U);
		if (act == 2 && p.client.last->u.stream)
			(void)user_write(p.client.last, next(in));
		if (act == 3 && p.client.last->u.stream)
			user_release(p.client.last);
		if (act == 4 && !p.client.closed && !p.server.closed && !p.client.session.base_link)
			pair_connect(&p);
	}
	pair_deinit(&p);
}

/* --------------------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.dice = {roll}, .at = data, .left = size};
	uint8_t mode = next(&in) % 3;

	if (size > 20000)
		return 0;
	if (mode == 0)
		raw(&in);
	else if (mode == 1)
		forged(&in);
	else
		soak_run(&in.dice, MIN(STEPS_MAX, (unsigned int)size / 2));
	return 0;
}
