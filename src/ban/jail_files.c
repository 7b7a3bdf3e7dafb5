/* SPDX-License-Identifier: ISC */
#include "ban/jail_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "ban/filter.h"
#include "os/fd.h"
#include "os/file.h"

enum { LIST_MAX = 1000 };

static bool is_utf8(str s)
{
    auto_buf struct buf b;
    buf_init(&b, 4 * CONF_FILE_MAX);
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80) {
            text_to_utf8(s, &b);
            return str_eq(buf_str(&b), s);
        }
    return true;
}

static bool read_one(void *ctx, str path, struct arena *a, str *ret_text)
{
    struct jail_files *f = ctx;
    const char *what = NULL;
    err e = file_read(AT_FDCWD, arena_cstr(a, path), CONF_FILE_MAX, a, ret_text);
    if (e.kind == ERR_NOTFOUND)
        return false;
    if (failed(e))
        what = e.kind == ERR_LIMIT ? "the file is too large" : err_text(e);
    else if (!is_utf8(*ret_text))
        what = "the file is not UTF-8";
    if (!what)
        return true;
    finding_add(f->findings, FINDING_ERROR, (struct conf_place){path, 0},
                "make it a readable text file in UTF-8", "%s", what);
    return false;
}

struct names {
    struct arena *arena;
    str dir, suffix;
    VEC(str) list;
};

static err add_name(void *ctx, const struct dir_entry *e)
{
    struct names *n = ctx;
    if (str_ends(e->name, n->suffix) && e->name.n && e->name.p[0] != '.' && n->list.n < LIST_MAX)
        vec_push(&n->list, arena_printf(n->arena, "%.*s/%.*s", STR_ARG(n->dir), STR_ARG(e->name)));
    return OK_ERR;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

static size_t list_dir(void *ctx, str dir, str suffix, struct arena *a, str **ret_paths)
{
    struct jail_files *f = ctx;
    struct names n = {.arena = a, .dir = dir, .suffix = suffix};
    err e = dir_each(AT_FDCWD, arena_cstr(a, dir), add_name, &n);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        finding_add(f->findings, FINDING_ERROR, (struct conf_place){dir, 0},
                    "make the directory readable", "%s", err_text(e));
    if (n.list.n)
        qsort(n.list.at, n.list.n, sizeof *n.list.at, by_name);
    *ret_paths = NEW_N(a, str, n.list.n + 1);
    if (n.list.n)
        memcpy(*ret_paths, n.list.at, n.list.n * sizeof **ret_paths);
    size_t found = n.list.n;
    vec_done(&n.list);
    return found;
}

void jail_files_init(struct jail_files *f, struct findings *findings)
{
    *f = (struct jail_files){.findings = findings};
    f->files = (struct conf_files){f, read_one, list_dir};
}
