/* SPDX-License-Identifier: ISC */
/* base/oom.h -- the one answer to memory that is not there: say so and exit 111, qmail's
 * "temporary". See base/arena.h for why this is safe. */
#pragma once
#include <stddef.h>

_Noreturn void oom(const char *name);
/* malloc and realloc that never return NULL. For the few growing tables of event loops. */
void *mem_alloc(const char *name, size_t n) __attribute__((returns_nonnull)); /* zeroed */
void *mem_grow(const char *name, void *p, size_t n) __attribute__((returns_nonnull));
