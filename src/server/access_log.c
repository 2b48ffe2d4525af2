/* SPDX-License-Identifier: MIT */
/* access_log: what visitors did, one event each, as structured fields. */
#include "server/access_log.h"

#include <stdio.h>

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

static const char *number(char *to, size_t size, uint64_t n)
{
	(void)snprintf(to, size, "%llu", (unsigned long long)n);
	return to;
}

void access_log_http(const struct access_log_http *r)
{
	char visitor[ADDR_TEXT_MAX], status[16], in[24], out[24], ms[24], message[512];

	if (!enabled || !log_enabled(LOG_LV_INFO) ||
		(!r->tunnel && !log_limit_pass(&nobodys, clock_ms(), 50)))
		return;
	addr_format_ip(r->visitor, visitor);
	(void)snprintf(message, sizeof(message), "%s %s%s -> %u", r->method, r->host, r->target,
		r->status);
	log_with(LOG_LV_INFO, message, {"TUNNEL", r->tunnel ? r->tunnel->name : NULL},
		{"KEY_ID", r->tunnel ? r->tunnel->key_id : NULL}, {"VISITOR", visitor},
		{"HOST", r->host}, {"METHOD", r->method}, {"TARGET", r->target},
		{"STATUS", number(status, sizeof(status), r->status)},
		{"BYTES_IN", number(in, sizeof(in), r->bytes_in)},
		{"BYTES_OUT", number(out, sizeof(out), r->bytes_out)},
		{"DURATION_MS", number(ms, sizeof(ms), r->duration_ms)},
		{"CLOSE_REASON", r->why != CLOSE_DONE ? close_word(r->why) : NULL});
}

void access_log_tcp(const struct addr *visitor, const struct tunnel *t, enum close_reason why,
	uint64_t bytes_in, uint64_t bytes_out, uint64_t duration_ms)
{
	char from[ADDR_TEXT_MAX], in[24], out[24], ms[24], message[256];

	if (!enabled || !log_enabled(LOG_LV_INFO))
		return;
	addr_format_ip(visitor, from);
	(void)snprintf(message, sizeof(message), "TCP %s: %s", t->url ? t->url : t->name,
		close_word(why));
	log_with(LOG_LV_INFO, message, {"TUNNEL", t->name}, {"KEY_ID", t->key_id},
		{"VISITOR", from}, {"BYTES_IN", number(in, sizeof(in), bytes_in)},
		{"BYTES_OUT", number(out, sizeof(out), bytes_out)},
		{"DURATION_MS", number(ms, sizeof(ms), duration_ms)},
		{"CLOSE_REASON", close_word(why)});
}
