/* SPDX-License-Identifier: MIT */
#pragma once

/* map: string keys to pointers, a seeded hash so that peers cannot choose collisions. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;
struct map {
	struct map_slot *slots;
	size_t cap; /* power of two, or 0 */
	size_t n;
	size_t used; /* live and deleted slots */
	uint64_t seed[2];
};

void map_init(struct map *m);
/* Frees the table and the key copies, not the values. */
void map_deinit(struct map *m);
void *map_get(const struct map *m, const char *key);
/* Insert or replace; returns the value that was there before, or NULL. @value must not be NULL. */
void *map_set(struct map *m, const char *key, void *value);
/* Remove; returns the value, or NULL. */
void *map_del(struct map *m, const char *key);
static inline size_t map_count(const struct map *m)
{
	return m->n;
}
/* Iterate: size_t at = 0; while (map_next(&m, &at, &key, &value)) { … }. Deleting is allowed. */
bool map_next(const struct map *m, size_t *at, const char **ret_key, void **ret_value);
