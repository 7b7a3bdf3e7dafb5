/* SPDX-License-Identifier: ISC */
/* ban/conf_kit.h -- for tests: configuration files in memory. */
#pragma once
#include <string.h>

#include "ban/jail_conf.h"

struct kit_file {
    const char *path, *text;
};

static inline bool kit_read(void *ctx, str path, struct arena *a, str *ret)
{
    (void)a;
    for (const struct kit_file *f = ctx; f->path; f++)
        if (str_eq(path, str_from(f->path))) {
            *ret = str_from(f->text);
            return true;
        }
    return false;
}

static inline size_t kit_list(void *ctx, str dir, str suffix, struct arena *a, str **ret)
{
    size_t n = 0;
    *ret = NEW_N(a, str, 32);
    for (const struct kit_file *f = ctx; f->path; f++) {
        str p = str_from(f->path);
        if (str_starts(p, dir) && str_ends(p, suffix) && str_rfind(p, '/') == (ptrdiff_t)dir.n)
            (*ret)[n++] = p; /* given in order */
    }
    return n;
}
