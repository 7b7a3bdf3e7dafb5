/* SPDX-License-Identifier: ISC */
/* base/map.h -- str -> pointer, keyed hash, in insertion order.
 *
 * The map owns its table and copies of its keys; values are the caller's.
 */
#pragma once
#include "base/str.h"

struct map;

struct map *map_new(void);
void map_free(struct map *m);                      /* NULL is fine; values untouched */
void map_put(struct map *m, str key, void *value); /* replaces; value must not be NULL */
void *map_get(const struct map *m, str key);       /* NULL when absent */
void *map_take(struct map *m, str key);            /* removes and returns, or NULL */
size_t map_count(const struct map *m);
/* Walks in insertion order: start with *at = 0; false at the end. Removing the entry just
 * returned is allowed; adding is not. */
bool map_next(const struct map *m, size_t *at, str *ret_key, void **ret_value);
