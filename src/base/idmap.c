/* SPDX-License-Identifier: MIT */
/*
 * idmap: a hash table from 32-bit numbers to pointers.
 *
 * The sister of map for stream ids: open addressing, linear probing, at most three
 * quarters full, graves until the next rehash. Peers choose the ids, so the multiplier
 * of the multiply-shift hash is a random odd number per map.
 */

#include "base/idmap.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"

#define IDMAP_FIRST_CAP 8

struct idmap_slot {
	void *value; /* NULL: free; &grave: removed */
	uint32_t key;
};

static char grave; /* its address marks a removed slot */

static size_t idmap_home(const struct idmap *m, uint32_t key)
{
	/* the high half is the well mixed one */
	return (size_t)((key + 1) * m->seed >> 32) & (m->cap - 1);
}

void idmap_init(struct idmap *m)
{
	*m = (struct idmap){.seed = rand_u64() | 1};
}

void idmap_deinit(struct idmap *m)
{
	if (!m)
		return;
	free(m->slots);
	m->slots = NULL;
	m->cap = m->n = m->used = 0;
}

static bool is_live(const struct idmap_slot *s)
{
	return s->value && s->value != &grave;
}

static struct idmap_slot *idmap_find(const struct idmap *m, uint32_t key)
{
	if (m->n == 0)
		return NULL;
	for (size_t i = idmap_home(m, key);; i = (i + 1) & (m->cap - 1)) {
		struct idmap_slot *s = &m->slots[i];

		if (!s->value)
			return NULL;
		if (s->key == key && is_live(s))
			return s;
	}
}

static void idmap_place(struct idmap *m, uint32_t key, void *value)
{
	size_t i = idmap_home(m, key);

	while (m->slots[i].value)
		i = (i + 1) & (m->cap - 1);
	m->slots[i] = (struct idmap_slot){value, key};
	m->used++;
}

/* Make room for one more, dropping the graves; the table ends at most half full. */
static void idmap_rehash(struct idmap *m)
{
	struct idmap_slot *old = m->slots;
	size_t old_cap = m->cap, cap = IDMAP_FIRST_CAP;

	while (cap < (m->n + 1) * 2)
		cap *= 2;
	m->slots = mem_zalloc(cap * sizeof(*m->slots));
	m->cap = cap;
	m->used = 0;
	for (size_t i = 0; i < old_cap; i++)
		if (is_live(&old[i]))
			idmap_place(m, old[i].key, old[i].value);
	free(old);
}

void *idmap_get(const struct idmap *m, uint32_t key)
{
	struct idmap_slot *s = idmap_find(m, key);

	return s ? s->value : NULL;
}

void idmap_set(struct idmap *m, uint32_t key, void *value)
{
	assert(value);
	assert(!idmap_find(m, key));
	if ((m->used + 1) * 4 > m->cap * 3)
		idmap_rehash(m);
	idmap_place(m, key, value);
	m->n++;
}

void *idmap_del(struct idmap *m, uint32_t key)
{
	struct idmap_slot *s = idmap_find(m, key);
	void *value;

	if (!s)
		return NULL;
	value = s->value;
	s->value = &grave;
	m->n--;
	return value;
}

void idmap_trim(struct idmap *m)
{
	if (m->n == 0)
		idmap_deinit(m);
	else if (m->cap > (m->n + 1) * 4 && m->cap > IDMAP_FIRST_CAP)
		idmap_rehash(m);
}

bool idmap_next(const struct idmap *m, size_t *at, uint32_t *ret_key, void **ret_value)
{
	for (; *at < m->cap; ++*at) {
		const struct idmap_slot *s = &m->slots[*at];

		if (!is_live(s))
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
