/* SPDX-License-Identifier: MIT */
/*
 * map: a hash table from strings to pointers.
 *
 * Open addressing with linear probing, at most three quarters full. Keys are copied,
 * values are the owner's. Keys are often chosen by strangers (host names, tunnel
 * names), so each map hashes with SipHash-1-3 under a random seed of its own: nobody
 * outside can construct collisions.
 *
 * A removed slot stays as a grave until the next rehash, which only map_set() does;
 * that is why removing while iterating is allowed and inserting is not.
 */

#include "base/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"

#define MAP_FIRST_CAP 8

struct map_slot {
	char *key;   /* NULL: free or grave */
	void *value; /* NULL: free */
	uint64_t hash;
};

static char grave; /* its address marks a removed slot */

static uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* SipHash with one compression and three final rounds (Aumasson, Bernstein 2012). */
static uint64_t map_hash(const struct map *m, const char *key)
{
	size_t len = strlen(key), left = len;
	uint64_t v[4] = {
		m->seed[0] ^ 0x736f6d6570736575,
		m->seed[1] ^ 0x646f72616e646f6d,
		m->seed[0] ^ 0x6c7967656e657261,
		m->seed[1] ^ 0x7465646279746573,
	};
	uint64_t word;

	for (; left >= 8; left -= 8, key += 8) {
		memcpy(&word, key, 8);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	word = 0;
	memcpy(&word, key, left);
	word |= (uint64_t)len << 56;
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m)
{
	*m = (struct map){0};
	rand_bytes(m->seed, sizeof(m->seed));
}

void map_deinit(struct map *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->cap; i++)
		free(m->slots[i].key);
	free(m->slots);
	m->slots = NULL;
	m->cap = m->n = m->used = 0;
}

/* The slot that holds @key, or NULL. The table is never full, so the walk ends. */
static struct map_slot *map_find(const struct map *m, const char *key, uint64_t hash)
{
	if (m->cap == 0)
		return NULL;
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_slot *s = &m->slots[i];

		if (!s->value)
			return NULL;
		if (s->key && s->hash == hash && strcmp(s->key, key) == 0)
			return s;
	}
}

/* Put into the first free slot; the key is known to be absent and there is room. */
static void map_place(struct map *m, struct map_slot item)
{
	size_t i = item.hash & (m->cap - 1);

	while (m->slots[i].value)
		i = (i + 1) & (m->cap - 1);
	m->slots[i] = item;
	m->used++;
}

/* Make room for one more, dropping the graves; the table ends at most half full. */
static void map_rehash(struct map *m)
{
	struct map_slot *old = m->slots;
	size_t old_cap = m->cap, cap = MAP_FIRST_CAP;

	while (cap < (m->n + 1) * 2)
		cap *= 2;
	m->slots = mem_zalloc(cap * sizeof(*m->slots));
	m->cap = cap;
	m->used = 0;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].key)
			map_place(m, old[i]);
	free(old);
}

void *map_get(const struct map *m, const char *key)
{
	struct map_slot *s;

	if (m->n == 0)
		return NULL;
	s = map_find(m, key, map_hash(m, key));
	return s ? s->value : NULL;
}

void *map_set(struct map *m, const char *key, void *value)
{
	uint64_t hash = map_hash(m, key);
	struct map_slot *s = map_find(m, key, hash);
	void *old;

	assert(value);
	if (s) {
		old = s->value;
		s->value = value;
		return old;
	}
	if ((m->used + 1) * 4 > m->cap * 3)
		map_rehash(m);
	map_place(m, (struct map_slot){mem_strdup(key), value, hash});
	m->n++;
	return NULL;
}

void *map_del(struct map *m, const char *key)
{
	struct map_slot *s = map_find(m, key, map_hash(m, key));
	void *value;

	if (!s)
		return NULL;
	value = s->value;
	free(s->key);
	*s = (struct map_slot){.value = &grave};
	m->n--;
	return value;
}

bool map_next(const struct map *m, size_t *at, const char **ret_key, void **ret_value)
{
	for (; *at < m->cap; ++*at) {
		const struct map_slot *s = &m->slots[*at];

		if (!s->key)
			continue;
		if (ret_key)
			*ret_key = s->key;
		if (ret_value)
			*ret_value = s->value;
		++*at;
		return true;
	}
	return false;
}
