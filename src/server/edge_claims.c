/* SPDX-License-Identifier: MIT */
/*
 * edge_claims: who the visitor is, when the connection comes from a proxy that is trusted.
 *
 * X-Forwarded-For is read from its end, where the proxies nearest to us wrote: each address that is
 * trusted vouches for the one before it, and the first that is not is the visitor (RFC 7239 §7.1
 * says why what stands further left is anybody's invention). What is no address ends the walk, and
 * the proxy that wrote it counts. Only logs, blocked_ips and what the client is told follow from
 * this; http_forward decides what goes on to the origin.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/edge_visitor.h"

/* "1.2.3.4", "1.2.3.4:5", "::1", "[::1]", "[::1]:5" */
static bool read_address(struct addr *ret, const char *at, size_t n)
{
	char text[INET6_ADDRSTRLEN + 8];
	char *end, *ip = text;

	if (n == 0 || n >= sizeof(text) || memchr(at, '\0', n))
		return false;
	memcpy(text, at, n);
	text[n] = '\0';
	if (text[0] == '[') {
		end = strchr(text, ']');
		ip++;
	} else {
		end = strchr(text, ':');
		if (end && strchr(end + 1, ':'))
			end = NULL; /* v6 without brackets, and so without a port */
	}
	if (end)
		*end = '\0';
	return addr_parse_ip(ret, ip, 0) == 0;
}

/* The last element of *list, which loses it; false when there is none left. */
static bool last_element(struct http_span *list, struct http_span *ret)
{
	const char *comma = list->n > 0 ? memrchr(list->at, ',', list->n) : NULL;

	if (list->n == 0)
		return false;
	ret->at = comma ? comma + 1 : list->at;
	ret->n = list->n - (size_t)(ret->at - list->at);
	list->n = comma ? (size_t)(comma - list->at) : 0;
	*ret = http_head_trim(*ret);
	return true;
}

/* The walk through one field; false when it has come to its end. */
static bool walk(struct visitor *v, struct http_span list, struct addr *at)
{
	struct http_span element;
	struct addr before;

	while (last_element(&list, &element)) {
		if (!read_address(&before, element.at, element.n))
			return false;
		*at = before;
		if (!v->edge->ops->trusts(v->edge, at))
			return false;
	}
	return true;
}

static void remember(struct visitor *v, const struct addr *who)
{
	if (!v->claimed)
		v->claimed = mem_new(struct addr);
	else if (addr_same_ip(v->claimed, who))
		return;
	*v->claimed = *who;
	/* the stream was opened for somebody else, and the client was told so */
	edge_http_drop_stream(v, /* clean= */ true, CLOSE_DONE);
}

bool edge_claims_read(struct visitor *v, const struct http_head *h)
{
	struct addr at = v->peer;
	bool on = true;

	v->trusted = v->edge->ops->trusts(v->edge, &v->peer);
	if (!v->trusted && !v->claimed)
		return true;
	for (size_t i = h->n_fields; v->trusted && on && i > 0; i--) {
		if (http_head_span_case_is(h->fields[i - 1].name, "x-forwarded-for"))
			on = walk(v, h->fields[i - 1].value, &at);
	}
	remember(v, &at);
	return v->edge->ops->admit(v->edge, &at);
}

const struct addr *edge_claims_visitor(const struct visitor *v)
{
	return v->claimed ? v->claimed : &v->peer;
}
