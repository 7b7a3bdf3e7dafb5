/* SPDX-License-Identifier: ISC */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/oom.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONING 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define POISONING 1
#endif

#ifdef POISONING
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { FIRST_BLOCK = 2048, LARGEST_BLOCK = 256 * 1024 };

struct block {
    struct block *next;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) char data[];
};

struct arena {
    const char *name;
    size_t cap;
    size_t used;
    size_t next_size;
    struct block *top;
};

struct arena *arena_new(const char *name, size_t cap)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a)
        oom(name);
    a->name = name;
    a->cap = cap;
    a->next_size = FIRST_BLOCK;
    return a;
}

static void free_blocks(struct block *b)
{
    while (b) {
        struct block *next = b->next;
        UNPOISON(b->data, b->size);
        free(b);
        b = next;
    }
}

void arena_reset(struct arena *a)
{
    a->used = 0;
    if (!a->top)
        return;
    struct block *last = a->top; /* keep the oldest block: it is the small one */
    struct block *rest = NULL;
    while (last->next) {
        struct block *next = last->next;
        last->next = rest;
        rest = last;
        last = next;
    }
    free_blocks(rest);
    a->top = last;
    a->next_size = FIRST_BLOCK;
    last->used = 0;
    POISON(last->data, last->size);
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    free_blocks(a->top);
    free(a);
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

static struct block *add_block(struct arena *a, size_t need)
{
    size_t size = a->next_size > need ? a->next_size : need;
    struct block *b = malloc(sizeof *b + size);
    if (!b)
        oom(a->name);
    *b = (struct block){.next = a->top, .size = size};
    POISON(b->data, size);
    a->top = b;
    if (a->next_size < LARGEST_BLOCK)
        a->next_size *= 2;
    return b;
}

void *arena_alloc(struct arena *a, size_t n, size_t align)
{
    size_t need;
    if (__builtin_add_overflow(n, align, &need) || need > a->cap || a->used > a->cap - need)
        oom(a->name);
    a->used += n;
    struct block *b = a->top;
    size_t at = b ? (b->used + align - 1) & ~(align - 1) : 0;
    if (!b || at > b->size || b->size - at < n) {
        b = add_block(a, n);
        at = 0;
    }
    b->used = at + n;
    UNPOISON(b->data + at, n);
    return memset(b->data + at, 0, n);
}

void *arena_alloc_n(struct arena *a, size_t size, size_t n, size_t align)
{
    size_t all;
    if (__builtin_mul_overflow(size, n, &all))
        oom(a->name);
    return arena_alloc(a, all, align);
}

str arena_copy(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1, 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return (str){p, s.n};
}

str arena_lower(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1, 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = char_lower(s.p[i]);
    return (str){p, s.n};
}

const char *arena_cstr(struct arena *a, str s)
{
    return arena_copy(a, s).p;
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    assert(fmt); /* UBSan's own check makes gcc see a path where it is null */
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        oom(a->name);
    char *p = arena_alloc(a, (size_t)n + 1, 1);
    va_start(ap, fmt);
    (void)vsnprintf(p, (size_t)n + 1, fmt, ap); /* measured above */
    va_end(ap);
    return (str){p, (size_t)n};
}

void arena_freep(struct arena **a)
{
    arena_free(*a);
    *a = NULL;
}
