/* SPDX-License-Identifier: ISC */
#include "base/oom.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void oom(const char *name)
{
    (void)fprintf(stderr, "out of memory in %s\n", name); /* nothing to do if this fails */
    _exit(111);
}

void *mem_alloc(const char *name, size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p)
        oom(name);
    return p;
}

void *mem_grow(const char *name, void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        oom(name);
    return q;
}
