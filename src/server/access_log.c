/* SPDX-License-Identifier: MIT */
/* access_log: what visitors did, one event each, as structured fields. */
#include "server/access_log.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/macros.h"
#include "io/addr.h"
#include "server/tunnel.h"

static bool enabled = true;
/* Requests for no tunnel: whoever scans the server makes them, and no log of a tunnel misses them.
 */
static struct log_limit nobodys;

void access_log_set(bool on)
{
	enabled = on;
}

#define NUMBER_MAX 21

/* Decimal, written from the end of @to; printf() would take longer than all the rest. */
static const char *number(char to[static NUMBER_MAX], uint64_t n)
{
	char *at = to + NUMBER_MAX - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return at;
}

/* Returns the place behind @text, cut at @end, which is the last byte there is. */
static char *append(char *at, const char *end, const char *text)
{
	size_t n = MIN(strlen(text), (size_t)(end - at));

	memcpy(at, text, n);
	at[n] = '\0';
	return at + n;
}

static void describe(char *at, const char *end, const struct access_log_http *r, const char *status)
{
	at = append(at, end, r->method);
	at = append(at, end, " ");
	at = append(at, end, r->host);
	at = append(at, end, r->target);
	at = append(at, end, " -> ");
	(void)append(at, end, status);
}

void access_log_http(const struct access_log_http *r)
{
	char visitor[ADDR_TEXT_MAX], message[512];
	char status[NUMBER_MAX], in[NUMBER_MAX], out[NUMBER_MAX], ms[NUMBER_MAX],
		parked[NUMBER_MAX];
	const char *code;

	if (!enabled || !log_enabled(LOG_LV_INFO) ||
		(!r->tunnel && !log_limit_pass(&nobodys, clock_ms(), 50)))
		return;
	addr_format_ip(r->visitor, visitor);
	code = number(status, r->status);
	describe(message, message + sizeof(message) - 1, r, code);
	log_with(LOG_LV_INFO, message, {"TUNNEL", r->tunnel ? r->tunnel->name : NULL},
		{"KEY_ID", r->tunnel ? r->tunnel->key_id : NULL}, {"VISITOR", visitor},
		{"HOST", r->host}, {"METHOD", r->method}, {"TARGET", r->target}, {"STATUS", code},
		{"BYTES_IN", number(in, r->bytes_in)}, {"BYTES_OUT", number(out, r->bytes_out)},
		{"DURATION_MS", number(ms, r->duration_ms)},
		{"PARKED_MS", r->parked_ms ? number(parked, r->parked_ms) : NULL},
		{"CLOSE_REASON", r->why != CLOSE_DONE ? close_word(r->why) : NULL});
}

void access_log_tcp(const struct access_log_tcp *r)
{
	const struct tunnel *t = r->tunnel;
	char from[ADDR_TEXT_MAX], message[256];
	char in[NUMBER_MAX], out[NUMBER_MAX], ms[NUMBER_MAX], parked[NUMBER_MAX];

	if (!enabled || !log_enabled(LOG_LV_INFO))
		return;
	addr_format_ip(r->visitor, from);
	(void)snprintf(message, sizeof(message), "TCP %s: %s", t->url ? t->url : t->name,
		close_word(r->why));
	log_with(LOG_LV_INFO, message, {"TUNNEL", t->name}, {"KEY_ID", t->key_id},
		{"VISITOR", from}, {"BYTES_IN", number(in, r->bytes_in)},
		{"BYTES_OUT", number(out, r->bytes_out)},
		{"DURATION_MS", number(ms, r->duration_ms)},
		{"PARKED_MS", r->parked_ms ? number(parked, r->parked_ms) : NULL},
		{"CLOSE_REASON", close_word(r->why)});
}
