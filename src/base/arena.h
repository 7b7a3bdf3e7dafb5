/* SPDX-License-Identifier: ISC */
/* base/arena.h -- memory with one owner, one lifetime, one release.
 *
 * Every arena has a cap. Going past the cap or past what the kernel gives ends the process
 * with exit code 111 (qmail's "temporary"): nothing is promised before it is on disk, and
 * init starts the program again. So anything sized by a peer must meet a stated limit
 * (ERR_LIMIT) before memory is taken; the cap finds our mistakes, it answers nobody.
 * Three lifetimes only: process, session, command (reset after each command).
 */
#pragma once
#include "base/str.h"

struct arena;

struct arena *arena_new(const char *name, size_t cap); /* name: static text, for the oom line */
void arena_reset(struct arena *a);                     /* drops the contents, keeps one page */
void arena_free(struct arena *a);                      /* NULL is fine */
size_t arena_used(const struct arena *a);              /* bytes handed out since the last reset */
/* Zeroed memory; never NULL. align is a power of two. */
void *arena_alloc(struct arena *a, size_t n, size_t align)
    __attribute__((malloc, alloc_size(2), returns_nonnull));
void *arena_alloc_n(struct arena *a, size_t size, size_t n, size_t align)
    __attribute__((malloc, alloc_size(2, 3), returns_nonnull));
str arena_copy(struct arena *a, str s);         /* the copy is followed by a NUL */
str arena_lower(struct arena *a, str s);        /* a copy in ASCII lower case */
const char *arena_cstr(struct arena *a, str s); /* a NUL-terminated copy */
str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define NEW(a, T) ((T *)arena_alloc((a), sizeof(T), _Alignof(T)))
#define NEW_N(a, T, n) ((T *)arena_alloc_n((a), sizeof(T), (n), _Alignof(T)))

void arena_freep(struct arena **a);
