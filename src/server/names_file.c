/* SPDX-License-Identifier: MIT */
/*
 * names_file: names live through restarts of the server.
 *
 * The daemons come back within a second or two; a visitor that comes first is parked instead of
 * being told 404, and nobody takes a name away from its owner in between. The file is replaced as
 * a whole and never synced: what a power cut loses of it is a courtesy, and a torn one is none.
 * Secrets are not in it; an anonymous owner is a hash.
 */
#include "server/names_file.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "proto/hostname.h"
#include "server/edge_tcp.h"
#include "server/hub.h"
#include "server/peer.h"
#include "server/tunnel.h"

/* After a change, and longer when there is much to write. */
#define WRITE_MS   200
#define PER_MS     10 /* names for each millisecond more */
#define FILE_MAX   (32 * 1024 * 1024)
#define OWNER_MAX  128
#define KEY_ID_MAX 64

static struct hub *hub_of(struct names_file *f)
{
	return container_of(f, struct hub, names_file);
}

/* --- writing --------------------------------------------------------------------------------- */

static void add(json_t *list, const struct tunnel *t)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", t->name, "proto",
		hello_proto_word(t->proto), "owner", t->owner, "key", t->key_id, "generation",
		(json_int_t)t->generation);
	if (t->hostname)
		(void)json_object_set_new(o, "hostname", json_string(t->hostname));
	else
		(void)json_object_set_new(o, "port", json_integer(t->port));
	(void)json_array_append_new(list, o);
}

static json_t *names_json(const struct hub *h)
{
	json_t *list = json_array();

	list_each (p, &h->peers, struct peer, node) {
		list_each (t, &p->tunnels, struct tunnel, peer_node)
			add(list, t);
	}
	list_each (t, &h->kept.list, struct tunnel, kept_node)
		add(list, t);
	return json_pack("{s:i, s:o}", "version", 1, "names", list);
}

static int replace(const char *path, const json_t *json)
{
	CLEANUP(mem_cleanup) char *beside = mem_printf("%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r = 0;

	if (fd < 0)
		return -errno;
	errno = EIO; /* for a failure without a reason */
	if (json_dumpfd(json, fd, JSON_COMPACT) < 0)
		r = -errno;
	close(fd);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(beside);
	return r;
}

static void write_now(struct names_file *f)
{
	struct hub *h = hub_of(f);
	json_t *json = names_json(h);
	int r = replace(f->path, json);

	json_decref(json);
	if (r < 0 && log_limit_pass(&f->complaints, clock_ms(), 1))
		log_warn_errno(r, "cannot write '%s', names are not kept over a restart", f->path);
}

static void on_due(struct timer *t)
{
	write_now(container_of(t, struct names_file, due));
}

void names_file_changed(struct names_file *f)
{
	const struct hub *h = hub_of(f);

	if (f->path && !timer_is_active(&f->due))
		timer_start(&f->due, WRITE_MS + (h->n_tunnels + h->kept.n) / PER_MS);
}

void names_file_finish(struct names_file *f)
{
	if (f->path && timer_is_active(&f->due))
		write_now(f);
	names_file_deinit(f);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool is_text(const char *s, size_t max)
{
	size_t n = s ? strlen(s) : 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	}
	return n > 0 && n <= max;
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* Is it a name that could have been given, and that is nobody's? */
static bool is_sound(const struct hub *h, const json_t *o)
{
	const char *host = text_of(o, "hostname");
	json_int_t port = json_integer_value(json_object_get(o, "port"));
	int proto = hello_proto_find(text_of(o, "proto"));
	char clean[HOSTNAME_MAX];

	if (proto < 0 || !is_text(text_of(o, "name"), HELLO_NAME_MAX) ||
		!is_text(text_of(o, "owner"), OWNER_MAX) ||
		!is_text(text_of(o, "key"), KEY_ID_MAX) ||
		!hub_is_owner_good(h, text_of(o, "owner")))
		return false;
	if (proto == HELLO_PROTO_TCP)
		return h->conf.tcp.ports.low && port >= h->conf.tcp.ports.low &&
		       port <= h->conf.tcp.ports.high &&
		       !names_find_port(&h->names, (uint16_t)port);
	return host && hostname_normalise(clean, host, strlen(host)) == 0 && str_eq(clean, host) &&
	       !names_find_host(&h->names, host);
}

static bool open_port(struct hub *h, struct tunnel *t)
{
	struct err err = {0};

	t->edge = hub_open_port(h, t, &err);
	if (!t->edge)
		log_with(LOG_LV_WARNING, "a port cannot be kept for its owner", {"TUNNEL", t->name},
			{"ERROR", err.text});
	return t->edge != NULL;
}

static void restore(struct hub *h, const json_t *o, clock_ms_t until)
{
	struct tunnel *t = tunnel_new((enum hello_proto)hello_proto_find(text_of(o, "proto")),
		text_of(o, "name"), text_of(o, "owner"));

	t->key_id = mem_strdup(text_of(o, "key"));
	t->generation = (uint64_t)json_integer_value(json_object_get(o, "generation"));
	t->hostname = mem_strdup(text_of(o, "hostname"));
	t->port = (uint16_t)json_integer_value(json_object_get(o, "port"));
	t->url = hub_url(h, t);
	if (t->proto == HELLO_PROTO_TCP && !open_port(h, t)) {
		tunnel_unref(t);
		return;
	}
	names_add(&h->names, t);
	kept_add(h, t, until);
}

static json_t *read_file(const char *path)
{
	json_error_t error;
	struct stat st;
	json_t *json;

	if (stat(path, &st) < 0 || st.st_size == 0)
		return NULL;
	if (st.st_size > FILE_MAX) {
		log_warn("'%s' is too large, ignoring", path);
		return NULL;
	}
	json = json_load_file(path, 0, &error);
	if (!json)
		log_warn("'%s' cannot be read, ignoring: %s", path, error.text);
	return json;
}

void names_file_load(struct hub *h)
{
	clock_ms_t until = clock_ms() + h->conf.timeouts.grace;
	json_t *json = h->conf.timeouts.grace ? read_file(h->names_file.path) : NULL;
	const json_t *list = json_object_get(json, "names"), *o;
	size_t i;

	json_array_foreach(list, i, o)
	{
		if (h->kept.n < h->conf.limits.tunnels && is_sound(h, o))
			restore(h, o, until);
	}
	if (h->kept.n > 0)
		log_notice("%u names are kept for their owners", h->kept.n);
	json_decref(json);
}

/* --- life ------------------------------------------------------------------------------------ */

void names_file_init(struct names_file *f, struct loop *loop)
{
	f->path = NULL;
	timer_init(&f->due, loop, on_due);
}

void names_file_deinit(struct names_file *f)
{
	timer_stop(&f->due);
	free(TAKE_PTR(f->path));
}
