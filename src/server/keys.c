/* SPDX-License-Identifier: MIT */
/*
 * keys: the key ring. Only hashes are kept; the state file is replaced as a whole (written beside,
 * synced, renamed), so a crash leaves the old one or the new one.
 */
#include "server/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "crypt/key.h"
#include "crypt/secret.h"
#include "proto/hostname.h"

#define STATE_MAX (4 * 1024 * 1024)

int keys_init(struct keys *k, const char *path, struct err *err)
{
	struct conf_report report;
	CLEANUP(str_deinit) struct str text = STR_INIT(ERR_TEXT_MAX - 1);
	bool fine;

	list_init(&k->configured);
	list_init(&k->kept);
	k->path = mem_strdup(path);
	report_init(&report);
	fine = server_conf_load_keys(&k->kept, path, &report);
	if (!fine)
		report_print(&report, &text);
	report_deinit(&report);
	return fine ? 0 : err_set(err, -EINVAL, "%s", str_get(&text));
}

void keys_deinit(struct keys *k)
{
	server_conf_free_keys(&k->configured);
	server_conf_free_keys(&k->kept);
	free(TAKE_PTR(k->path));
}

void keys_configure(struct keys *k, struct list *from)
{
	server_conf_free_keys(&k->configured);
	list_splice_tail(&k->configured, from);
}

const char *keys_id(const struct server_conf_key *key)
{
	return key->id ? key->id : key->name;
}

/* A secret of our own form names its key; others (of the configuration) are compared with each that
 * has no id. */
static const struct server_conf_key *find_in(const struct list *l, const char *secret,
	const char *id)
{
	list_each (key, l, struct server_conf_key, node) {
		if (key->revoked || (key->id && !str_eq(key->id, id)))
			continue;
		if (key_verify(secret, key->hash))
			return key;
	}
	return NULL;
}

const struct server_conf_key *keys_find_secret(const struct keys *k, const char *secret)
{
	char id[KEY_ID_LEN + 1] = "";
	const struct server_conf_key *key;

	if (!*secret)
		return NULL;
	if (key_split(secret, id) < 0)
		id[0] = '\0';
	key = find_in(&k->kept, secret, id);
	return key ? key : find_in(&k->configured, secret, id);
}

static struct server_conf_key *find_id(const struct keys *k, const char *id)
{
	const struct list *lists[] = {&k->kept, &k->configured};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		list_each (key, lists[i], struct server_conf_key, node) {
			if (str_eq(keys_id(key), id))
				return key;
		}
	}
	return NULL;
}

/* What names belong to comes first: a key of the state file may bear the name that is another's
 * id. */
struct server_conf_key *keys_find(const struct keys *k, const char *wanted)
{
	const struct list *lists[] = {&k->kept, &k->configured};
	struct server_conf_key *revoked = NULL, *by_id = find_id(k, wanted);

	if (by_id)
		return by_id;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		list_each (key, lists[i], struct server_conf_key, node) {
			if (!str_eq(key->name, wanted))
				continue;
			if (!key->revoked)
				return key;
			revoked = key;
		}
	}
	return revoked;
}

bool keys_is_valid(const struct keys *k, const char *id, const char *hash)
{
	const struct server_conf_key *key = find_id(k, id);

	return key && !key->revoked && str_eq(key->hash, hash);
}

bool keys_is_kept(const struct keys *k, const struct server_conf_key *key)
{
	list_each (i, &k->kept, struct server_conf_key, node) {
		if (i == key)
			return true;
	}
	return false;
}

size_t keys_count(const struct keys *k)
{
	const struct list *lists[] = {&k->kept, &k->configured};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		list_each (key, lists[i], struct server_conf_key, node)
			n += !key->revoked;
	}
	return n;
}

/* --- the state file -------------------------------------------------------------------------- */

/* YAML's single quotes: everything is literal, a quote is doubled. */
static void add_quoted(struct str *s, const char *text)
{
	str_addc(s, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			str_addc(s, '\'');
		str_addc(s, *text);
	}
	str_addc(s, '\'');
}

static void add_key(struct str *s, const struct server_conf_key *key)
{
	str_add(s, "  - id: ");
	add_quoted(s, key->id);
	str_add(s, "\n    name: ");
	add_quoted(s, key->name);
	str_add(s, "\n    hash: ");
	add_quoted(s, key->hash);
	str_add(s, "\n    allow: [");
	for (size_t i = 0; i < key->allow.n; i++) {
		str_add(s, i ? ", " : "");
		add_quoted(s, key->allow.items[i]);
	}
	str_add(s, "]\n");
	if (key->tcp.low)
		str_addf(s, "    tcp: '%u-%u'\n", key->tcp.low, key->tcp.high);
	str_addf(s, "    max_tunnels: %u\n    created_ms: %llu\n    revoked: %s\n",
		key->max_tunnels, (unsigned long long)key->created_ms,
		key->revoked ? "true" : "false");
}

static int write_all(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		n -= (size_t)done;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* What the reader refuses (it has limits) must never take the place of what it reads. */
static int read_back(const char *path)
{
	struct conf_report report;
	struct list list;
	bool fine;

	list_init(&list);
	report_init(&report);
	fine = server_conf_load_keys(&list, path, &report);
	report_deinit(&report);
	server_conf_free_keys(&list);
	return fine ? 0 : -EFBIG;
}

static int replace_file(const char *path, const char *text, size_t n)
{
	CLEANUP(mem_cleanup) char *beside = mem_printf("%s.new", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return -errno;
	r = fchmod(fd, 0600) < 0 ? -errno : write_all(fd, text, n);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0)
		r = read_back(beside);
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(beside);
	return r;
}

static int save(const struct keys *k, struct err *err)
{
	CLEANUP(str_deinit) struct str s = STR_INIT(STATE_MAX);
	int r;

	str_add(&s, "# Written by tunnelto-server; tunnelctl server key add, revoke.\n");
	str_add(&s, list_is_empty(&k->kept) ? "keys: []\n" : "keys:\n");
	list_each (key, &k->kept, struct server_conf_key, node)
		add_key(&s, key);
	r = s.failed ? -EFBIG : replace_file(k->path, str_get(&s), s.len);
	return r < 0 ? err_set_errno(err, r, "cannot save keys in '%s'", k->path) : 0;
}

/* --- changes --------------------------------------------------------------------------------- */

static bool name_is_used(const struct keys *k, const char *name)
{
	const struct server_conf_key *key = keys_find(k, name);

	return key && !key->revoked;
}

/* Globs are held against names in lower case; what fits none would only seem to be a right. */
static bool is_glob(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.*?");

	return n > 0 && n < HOSTNAME_MAX && s[n] == '\0';
}

int keys_add(struct keys *k, const struct server_conf_key *proto, struct secret *ret_secret,
	struct server_conf_key **ret, struct err *err)
{
	struct server_conf_key *key;
	char id[KEY_ID_LEN + 1], hash[KEY_HASH_SIZE];
	int r;

	if (name_is_used(k, proto->name))
		return err_set(err, -EEXIST, "there is a key named '%s' already", proto->name);
	for (size_t i = 0; i < proto->allow.n; i++) {
		if (!is_glob(proto->allow.items[i]))
			return err_set(err, -EINVAL, "'%s' fits no name", proto->allow.items[i]);
	}
	key_generate(ret_secret, id);
	key_hash(hash, secret_text(ret_secret));
	key = mem_new(struct server_conf_key);
	key->id = mem_strdup(id);
	key->name = mem_strdup(proto->name);
	key->hash = mem_strdup(hash);
	str_list_copy(&key->allow, &proto->allow);
	key->tcp = proto->tcp;
	key->max_tunnels = proto->max_tunnels;
	key->created_ms = clock_wall_ms();
	list_add_tail(&k->kept, &key->node);
	r = save(k, err);
	if (r < 0) {
		struct list gone;

		list_init(&gone);
		list_del(&key->node);
		list_add_tail(&gone, &key->node);
		server_conf_free_keys(&gone);
		return r;
	}
	*ret = key;
	return 0;
}

int keys_revoke(struct keys *k, struct server_conf_key *key, struct err *err)
{
	int r;

	if (!keys_is_kept(k, key))
		return err_set(err, -EPERM,
			"key '%s' stands in the configuration file: remove it there and reload",
			key->name);
	key->revoked = true;
	r = save(k, err);
	if (r < 0)
		key->revoked = false;
	return r;
}
