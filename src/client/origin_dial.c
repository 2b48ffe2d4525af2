/* SPDX-License-Identifier: MIT */
/*
 * origin_dial: from a tunnel's definition to a connection with its local service: host or path,
 * TLS or not, with or without a PROXY header. What is done with the connection is the caller's.
 */
#include "client/origin_dial.h"

#include <errno.h>

#include "base/err.h"
#include "client/agent.h"
#include "client/client_conf.h"
#include "client/tunnel.h"
#include "io/tls_ctx.h"

#define DIAL_MS 10000

int origin_dial_start(struct dial *d, const struct agent *a, const struct client_conf_tunnel *def,
	dial_done_f *done)
{
	const struct target *target = &def->target;
	struct addr path;

	dial_init(d, a->loop);
	if (!target->is_unix) {
		dial_start(d, a->resolver, target->host, target->port, DIAL_MS, done);
		return 0;
	}
	if (addr_unix(&path, target->host) < 0)
		return -ENAMETOOLONG;
	dial_start_addr(d, &path, DIAL_MS, done);
	return 0;
}

enum close_reason origin_dial_reason(bool is_unix, int error)
{
	switch (error) {
	case -ENOENT:
		return is_unix ? CLOSE_ORIGIN_REFUSED : CLOSE_ORIGIN_UNREACHABLE;
	case -ECONNREFUSED:
		return CLOSE_ORIGIN_REFUSED;
	case -ETIMEDOUT:
		return CLOSE_ORIGIN_TIMEOUT;
	default:
		return CLOSE_ORIGIN_UNREACHABLE;
	}
}

struct tls_ctx *origin_dial_tls(struct tunnel *t, struct err *err)
{
	if (!t->tls)
		t->tls = tls_ctx_new_client(t->def->tls.ca_file, t->def->tls.verify, err);
	return t->tls;
}

/* "1.2.3.4:80" and "[::1]:80", or the address alone. */
static int parse_either(struct addr *ret, const char *text)
{
	if (addr_parse(ret, text) == 0)
		return ret->sa.ss_family == AF_UNIX ? -EINVAL : 0;
	return addr_parse_ip(ret, text, 0);
}

size_t origin_dial_proxy_header(uint8_t out[static PROXY_HEADER_OUT_MAX],
	const struct client_conf_tunnel *def, const char *visitor, const char *local, bool tls)
{
	struct proxy_header h = {.tls = tls};
	struct addr from, to;
	bool v4;

	if (def->proxy_protocol != CLIENT_CONF_PROXY_V2)
		return 0;
	/* addresses that are unknown, or of no kind that the header has: LOCAL says just that */
	if (parse_either(&from, visitor) < 0 || parse_either(&to, local) < 0)
		return proxy_header_encode(out, &h);
	v4 = addr_is_v4(&from) && addr_is_v4(&to);
	h.family = v4 ? PROXY_HEADER_V4 : PROXY_HEADER_V6;
	addr_ip_bytes(&from, v4 ? 4 : 16, h.source);
	addr_ip_bytes(&to, v4 ? 4 : 16, h.destination);
	h.source_port = addr_port(&from);
	h.destination_port = addr_port(&to);
	return proxy_header_encode(out, &h);
}
