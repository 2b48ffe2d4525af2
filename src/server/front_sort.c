/* SPDX-License-Identifier: MIT */
/*
 * front_sort: who is a connection for?
 *
 *   0x16 ── ClientHello ── name of a passthrough tunnel ───────────────── PASS
 *     │                 ├─ ALPN of a lane ─────────────────────────────── LANE
 *     │                 ├─ ALPN of a client, or a name of the server's ── SOCKET
 *     │                 └─ anything else ── with a certificate: VISITOR, without: STRANGER
 *     └─ else ── GET /wormhole… with a Host that no tunnel has ────────── SOCKET, LANE
 *             └─ anything else ────────────────────────────────────────── VISITOR
 *
 * The names of the server are the allowed hosts, and `wormhole` below each; for plain requests also
 * every Host that is below none of them, as an address is. What a listener does not serve it does
 * not look for. Nothing is decided by a name that a tunnel has: an HTTP tunnel's is never passed
 * through, a passthrough tunnel's never gets a certificate of the server's.
 *
 * Pure: bytes, names and rules in, a verdict out.
 */
#include "server/front_sort.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/str_list.h"
#include "lane/lane.h"
#include "lane/lane_server.h"
#include "proto/client_hello.h"
#include "proto/hostname.h"
#include "proto/http_head.h"
#include "server/admit.h"
#include "server/names.h"
#include "server/tunnel.h"
#include "ws/ws_server.h"

#define RECORD_HANDSHAKE 22
#define HEAD_MAX         (16 * 1024)
#define WORMHOLE         ADMIT_WORMHOLE

static const char socket_start[] = "GET /" WORMHOLE;

/* Is @name the server's own for clients: an allowed host, or "wormhole" below one? */
static bool is_own(const struct front_sort_rules *r, const char *name)
{
	for (size_t i = 0; i < r->own->n; i++) {
		size_t n = hostname_under(name, r->own->items[i]);

		if (str_eq(name, r->own->items[i]))
			return true;
		if (n == strlen(WORMHOLE) && memcmp(name, WORMHOLE, n) == 0)
			return true;
	}
	return false;
}

static bool is_below_own(const struct front_sort_rules *r, const char *name)
{
	for (size_t i = 0; i < r->own->n; i++) {
		if (hostname_under(name, r->own->items[i]) > 0)
			return true;
	}
	return false;
}

/* --- TLS ------------------------------------------------------------------------------------- */

static enum front_sort_verdict sort_hello(struct front_sort *ret, const struct front_sort_rules *r,
	const struct client_hello *hello)
{
	struct tunnel *t = hello->name[0] ? names_find_host(r->names, hello->name) : NULL;

	if (r->visitors && t && t->proto == HELLO_PROTO_TLS) {
		ret->tunnel = t;
		return FRONT_SORT_PASS;
	}
	if (!r->tls)
		return FRONT_SORT_STRANGER;
	if (r->clients && client_hello_offers(hello, LANE_ALPN))
		return FRONT_SORT_LANE;
	if (r->clients && (!r->visitors || client_hello_offers(hello, WS_SERVER_ALPN) ||
				  (!t && is_own(r, hello->name))))
		return FRONT_SORT_SOCKET;
	return FRONT_SORT_VISITOR;
}

static enum front_sort_verdict look_tls(struct front_sort *ret, const struct front_sort_rules *r,
	const uint8_t *bytes, size_t n, bool last)
{
	struct client_hello hello;

	ret->tls = true;
	switch (client_hello_parse(&hello, bytes, n)) {
	case CLIENT_HELLO_SHORT:
		return last ? FRONT_SORT_GARBAGE : FRONT_SORT_MORE;
	case CLIENT_HELLO_OK:
		return sort_hello(ret, r, &hello);
	case CLIENT_HELLO_NOT_TLS:
	case CLIENT_HELLO_BAD:
		break;
	}
	return FRONT_SORT_GARBAGE;
}

/* --- plain ----------------------------------------------------------------------------------- */

/* Is @path, which begins with /wormhole, one of ours to the end of its word? */
static bool is_client_path(const uint8_t *bytes, size_t n)
{
	static const char *const paths[] = {
		"GET /" WORMHOLE " ", "GET /" WORMHOLE "?", "GET " LANE_PATH " "};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (n >= strlen(paths[i]) && memcmp(bytes, paths[i], strlen(paths[i])) == 0)
			return true;
	}
	return false;
}

/* The Host of a whole head of @n bytes; false when there is none to go by. */
static bool read_host(char host[static HOSTNAME_MAX], const uint8_t *bytes, size_t n)
{
	struct http_head *h = mem_new(struct http_head);
	bool fine = http_head_request(h, bytes, n) == HTTP_FAULT_NONE &&
		    hostname_normalise(host, h->host.at, h->host.n) == 0;

	free(h);
	return fine;
}

/* A request to /wormhole…, on a port where visitors may ask for that, too. */
static enum front_sort_verdict sort_request(const struct front_sort_rules *r, const uint8_t *bytes,
	size_t n, bool last)
{
	bool lane = lane_server_wants(bytes, n) > 0;
	char host[HOSTNAME_MAX];
	size_t scanned = 0;
	long head = http_head_scan(bytes, n, HEAD_MAX, &scanned);

	if (head == 0)
		return last ? FRONT_SORT_VISITOR : FRONT_SORT_MORE;
	if (head < 0 || !is_client_path(bytes, n) || !read_host(host, bytes, (size_t)head) ||
		names_find_host(r->names, host))
		return FRONT_SORT_VISITOR;
	if (!is_own(r, host) && is_below_own(r, host))
		return FRONT_SORT_VISITOR;
	return lane ? FRONT_SORT_LANE : FRONT_SORT_SOCKET;
}

static enum front_sort_verdict look_plain(const struct front_sort_rules *r, const uint8_t *bytes,
	size_t n, bool last)
{
	size_t common = MIN(n, sizeof(socket_start) - 1);
	int lane;

	if (!r->plain)
		return FRONT_SORT_GARBAGE;
	if (!r->clients)
		return FRONT_SORT_VISITOR;
	if (r->visitors) {
		if (memcmp(bytes, socket_start, common) != 0)
			return FRONT_SORT_VISITOR;
		if (common < sizeof(socket_start) - 1)
			return last ? FRONT_SORT_VISITOR : FRONT_SORT_MORE;
		return sort_request(r, bytes, n, last);
	}
	lane = lane_server_wants(bytes, n);
	if (lane < 0 && !last)
		return FRONT_SORT_MORE;
	return lane > 0 ? FRONT_SORT_LANE : FRONT_SORT_SOCKET;
}

enum front_sort_verdict front_sort_look(struct front_sort *ret,
	const struct front_sort_rules *rules, const uint8_t *bytes, size_t n, bool last)
{
	memset(ret, 0, sizeof(*ret));
	if (n == 0)
		return last ? FRONT_SORT_GARBAGE : FRONT_SORT_MORE;
	if (bytes[0] == RECORD_HANDSHAKE)
		return look_tls(ret, rules, bytes, n, last);
	return look_plain(rules, bytes, n, last);
}
