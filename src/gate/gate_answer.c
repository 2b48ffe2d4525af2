/* SPDX-License-Identifier: MIT */
/*
 * gate_answer: short answers, as text or as JSON for who asks for it, like the server's own.
 *
 * They say why: whoever set the webhook up reads it in the sender's list of deliveries. Nothing of
 * it is secret; a stranger learns that there is a lock.
 */
#include "gate/gate_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "gate/gate.h"

static const struct answer {
	int status;
	const char *reason, *word, *text;
} refusals[] = {
#define REFUSAL(name, status, reason, word, text) {status, reason, word, text},
#include "gate/gate_refusal.def.h"
#undef REFUSAL
};

static char *body_of(const struct answer *a, bool as_json)
{
	json_t *o;
	char *dumped, *body;

	if (!as_json)
		return mem_printf("%d %s: %s\n", a->status, a->reason, a->text);
	o = json_pack("{s:i, s:s, s:s}", "status", a->status, "error", a->word, "message", a->text);
	dumped = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	body = mem_printf("%s\n", dumped ? dumped : "{}");
	free(dumped);
	json_decref(o);
	return body;
}

static bool answer(struct pump *p, const struct gate_read *r, const struct answer *a, bool close)
{
	CLEANUP(mem_cleanup) char *body = body_of(a, r->wants_json);
	CLEANUP(str_deinit) struct str out = STR_INIT(4096);

	str_addf(&out,
		"HTTP/1.1 %d %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
		"Cache-Control: no-store\r\nX-Tunnelto-Error: %s\r\n",
		a->status, a->reason, r->wants_json ? "application/json" : "text/plain",
		strlen(body), a->word);
	if (a->status == 401)
		str_add(&out, "WWW-Authenticate: Webhook\r\n"); /* RFC 9110 §15.5.2 wants one */
	if (a->status == 503)
		str_add(&out, "Retry-After: 5\r\n");
	str_addf(&out, "%s\r\n%s", close ? "Connection: close\r\n" : "", r->is_head ? "" : body);
	return pump_answer(p, str_get(&out), out.len);
}

bool gate_answer_refuse(struct pump *p, const struct gate_read *r, enum gate_answer_refusal why,
	const char *text, bool close)
{
	struct answer a = refusals[why];

	if (text)
		a.text = text;
	return answer(p, r, &a, close);
}

bool gate_answer_fault(struct pump *p, const struct gate_read *r, enum http_fault fault)
{
	int status = http_fault_status(fault);
	struct answer a = {status, status == 400 ? "Bad Request" : "Refused",
		http_fault_word(fault), http_fault_text(fault)};

	return answer(p, r, &a, /* close= */ true);
}

bool gate_answer_continue(struct pump *p)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	return pump_answer(p, text, sizeof(text) - 1);
}

/* --- the origin's ---------------------------------------------------------------------------- */

static bool begin(struct gate *g, const uint8_t *bytes, size_t n)
{
	struct http_head h;

	if (http_head_response(&h, bytes, n) != HTTP_FAULT_NONE)
		return false;
	if (h.status == 101) {
		g->upgraded = g->read.upgrade;
		return g->upgraded;
	}
	if (h.status < 200)
		return true;
	http_body_of_response(&g->answer_body, &h, g->read.is_head);
	g->last_answer = !h.keep_alive;
	g->in_answer = !g->answer_body.done;
	g->answered = g->answer_body.done;
	return true;
}

/* How many of the bytes the head used up, negative: it is none. */
static long read_head(struct gate *g, const uint8_t *bytes, size_t n)
{
	size_t before = buf_len(&g->answer_head);
	long len;

	n = buf_add(&g->answer_head, bytes, n);
	len = http_head_scan(buf_data(&g->answer_head), buf_len(&g->answer_head),
		GATE_READ_HEAD_MAX, &g->answer_scanned);
	if (len == 0)
		return n > 0 ? (long)n : -1;
	g->answer_scanned = 0;
	if (len > 0 && begin(g, buf_data(&g->answer_head), (size_t)len))
		len -= (long)before;
	else
		len = -1;
	buf_clear(&g->answer_head);
	return len;
}

bool gate_answer_read(struct gate *g, const uint8_t *bytes, size_t n)
{
	while (n > 0 && !g->upgraded) {
		long used;

		if (g->answered || (g->state != GATE_PASS && g->state != GATE_WAIT))
			return false;
		used = g->in_answer ? http_body_take(&g->answer_body, bytes, n)
				    : read_head(g, bytes, n);
		if (used < 0)
			return false;
		if (g->in_answer && g->answer_body.done) {
			g->in_answer = false;
			g->answered = true;
		}
		bytes += used;
		n -= (size_t)used;
	}
	return true;
}
