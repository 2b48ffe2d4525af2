/* SPDX-License-Identifier: MIT */
/* tunnel: the state of one tunnel; what drives it is the agent. */
#include "client/tunnel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/message.h"
#include "base/str.h"
#include "client/client_conf.h"
#include "io/tls_ctx.h"

struct tunnel *tunnel_new(struct client_conf_tunnel *def, bool adhoc)
{
	struct tunnel *t = mem_new(struct tunnel);

	t->def = def;
	t->adhoc = adhoc;
	t->wanted = def->autostart;
	t->since = clock_ms();
	list_init(&t->node);
	list_init(&t->origins);
	return t;
}

void tunnel_free(struct tunnel *t)
{
	assert(list_is_empty(&t->origins));
	client_conf_free_tunnel(t->def);
	tls_ctx_unref(t->tls);
	free(t);
}

const char *tunnel_state_word(enum tunnel_state s)
{
	static const char *const words[] = {"off", "connecting", "up", "refused", "waiting"};

	return words[s];
}

void tunnel_follow(struct tunnel *t, enum tunnel_state state, const char *error)
{
	if (t->state != state)
		t->since = clock_ms();
	t->state = state;
	(void)snprintf(t->error, sizeof(t->error), "%s", error ? error : "");
	if (state != TUNNEL_UP)
		t->id = 0;
}

static void change(struct tunnel *t, enum tunnel_state state, const char *error, const char *id)
{
	bool changed = t->state != state || !str_eq(t->error, error ? error : "");

	tunnel_follow(t, state, error);
	if (!changed || (state == TUNNEL_CONNECTING && !error))
		return;
	log_with(state == TUNNEL_REFUSED ? LOG_LV_WARNING : LOG_LV_NOTICE,
		state == TUNNEL_UP        ? "tunnel up"
		: state == TUNNEL_REFUSED ? "tunnel refused"
					  : "tunnel not up",
		{"TUNNEL", t->def->name}, {"STATE", tunnel_state_word(state)},
		{"URL", state == TUNNEL_UP ? t->url : NULL}, {"ERROR", error}, {"MESSAGE_ID", id});
}

void tunnel_set(struct tunnel *t, enum tunnel_state state, const char *error)
{
	change(t, state, error,
		state == TUNNEL_REFUSED ? message_id(MESSAGE_TUNNEL_REFUSED) : NULL);
}

void tunnel_taken(struct tunnel *t, const char *error)
{
	change(t, TUNNEL_REFUSED, error, message_id(MESSAGE_TUNNEL_TAKEN_OVER));
}
