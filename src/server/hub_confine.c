/* SPDX-License-Identifier: MIT */
/*
 * hub_confine: the paths that the configuration names, for Landlock. A file that a reload would
 * name anew, elsewhere, needs a restart.
 */
#include "server/hub_confine.h"

#include <limits.h>

#include "base/log.h"
#include "base/str.h"
#include "io/tls_certs.h"
#include "io/tls_ctx.h"
#include "server/hub.h"
#include "server/hub_state.h"
#include "sys/creds.h"
#include "sys/landlock.h"

/* The credentials' own directory is among the system's. */
static void allow_file(struct landlock *l, const char *path)
{
	char credential[PATH_MAX];

	if (path && !creds_path(path, credential, sizeof(credential)))
		landlock_allow_beside(l, path, LANDLOCK_READ);
}

static void allow_listeners(struct landlock *l, const struct list *listeners)
{
	list_each (c, listeners, struct server_conf_listener, node) {
		allow_file(l, c->tls.certificate);
		allow_file(l, c->tls.key);
		list_each (pair, &c->tls.pairs, struct server_conf_pair, node) {
			allow_file(l, pair->certificate);
			allow_file(l, pair->key);
		}
		landlock_allow(l, c->tls.directory, LANDLOCK_READ);
		if (str_has_prefix(c->listen, "unix:"))
			landlock_allow_beside(l, c->listen + 5, LANDLOCK_WRITE);
	}
}

/* A directory of certificates may be one of links. */
static void allow_certificates(struct landlock *l, const struct list *fronts)
{
	list_each (f, fronts, struct front, node) {
		const struct str_list *places;

		if (!f->uses_tls)
			continue;
		places = tls_certs_places(tls_ctx_certs(f->tls));
		for (size_t i = 0; i < places->n; i++)
			landlock_allow(l, places->items[i], LANDLOCK_READ);
	}
}

/* Read what the configuration may name again, write where the state is. */
void hub_confine(const struct hub *h)
{
	struct landlock l;

	if (!landlock_begin(&l))
		log_debug("this kernel has no Landlock, ignoring");
	landlock_allow_system(&l);
	landlock_allow_beside(&l, h->conf_path, LANDLOCK_READ);
	allow_listeners(&l, &h->conf.public_listeners);
	allow_listeners(&l, &h->conf.control_listeners);
	allow_certificates(&l, &h->fronts);
	landlock_allow(&l, hub_state_dir(h), LANDLOCK_WRITE);
	landlock_allow_beside(&l, h->conf.control_socket, LANDLOCK_WRITE);
	(void)landlock_enforce(&l);
}
