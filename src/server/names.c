/* SPDX-License-Identifier: MIT */
/* names: claims on host names and ports; the same owner's newer client wins, another owner never.
 */
#include "server/names.h"

#include "base/str.h"
#include "server/tunnel.h"

void names_init(struct names *n)
{
	map_init(&n->hosts);
	n->n_tls = 0;
	idmap_init(&n->ports);
}

void names_deinit(struct names *n)
{
	map_deinit(&n->hosts);
	idmap_deinit(&n->ports);
}

struct tunnel *names_find_host(const struct names *n, const char *host)
{
	return map_get(&n->hosts, host);
}

struct tunnel *names_find_port(const struct names *n, uint16_t port)
{
	return idmap_get(&n->ports, port);
}

enum names_result names_judge(const struct tunnel *holder, const char *owner, uint64_t generation)
{
	if (!holder)
		return NAMES_OK;
	if (!str_eq(holder->owner, owner))
		return NAMES_TAKEN;
	if (holder->kept_until)
		return NAMES_OK; /* whoever of its owner's clients comes first */
	return generation >= holder->generation ? NAMES_TAKEN_OVER : NAMES_SUPERSEDED;
}

void names_add(struct names *n, struct tunnel *t)
{
	if (t->hostname) {
		if (map_set(&n->hosts, t->hostname, t) != t && t->proto == HELLO_PROTO_TLS)
			n->n_tls++;
	} else if (idmap_get(&n->ports, t->port) != t)
		idmap_set(&n->ports, t->port, t);
}

void names_remove(struct names *n, struct tunnel *t)
{
	if (t->hostname) {
		if (map_get(&n->hosts, t->hostname) != t)
			return;
		(void)map_del(&n->hosts, t->hostname);
		if (t->proto == HELLO_PROTO_TLS)
			n->n_tls--;
	} else if (idmap_get(&n->ports, t->port) == t) {
		(void)idmap_del(&n->ports, t->port);
	}
}
