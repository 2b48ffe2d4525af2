/* SPDX-License-Identifier: MIT */
#pragma once

/* idmap: uint32_t keys to pointers (stream ids); open addressing. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idmap_slot;
struct idmap {
	struct idmap_slot *slots;
	size_t cap; /* power of two, or 0 */
	size_t n;
	size_t used; /* live and deleted slots */
	uint64_t seed;
};

void idmap_init(struct idmap *m);
void idmap_deinit(struct idmap *m);
void *idmap_get(const struct idmap *m, uint32_t key);
/* @value must not be NULL, @key must not be present. */
void idmap_set(struct idmap *m, uint32_t key, void *value);
void *idmap_del(struct idmap *m, uint32_t key);
/* Give memory back that many removed ones have left: at most four slots a value stay. Not inside of
 * an iteration. */
void idmap_trim(struct idmap *m);
/* What one value takes at most, after idmap_trim() and while there are more than a few. */
#define IDMAP_SHARE (4 * (2 * sizeof(void *)))
static inline size_t idmap_count(const struct idmap *m)
{
	return m->n;
}
/* Iterate like map_next(); deleting inside is allowed. */
bool idmap_next(const struct idmap *m, size_t *at, uint32_t *ret_key, void **ret_value);
