/* SPDX-License-Identifier: ISC */
#include "ctl/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

enum { PART = 1 << 20 };

static bool each_line(int fd, event_fn *fn, void *ctx)
{
    char *part = mem_alloc("log part", PART);
    size_t have = 0;
    bool going = true;
    while (going) {
        ssize_t n = read(fd, part + have, PART - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        str text = str_of(part, have + (size_t)n);
        ptrdiff_t at;
        while (going && (at = str_find(text, '\n')) >= 0) {
            going = fn(ctx, str_slice(text, 0, (size_t)at));
            text = str_from_at(text, (size_t)at + 1);
        }
        have = text.n < PART / 2 ? text.n : 0; /* no event is so long: not a log line */
        if (have)
            memmove(part, text.p, have);
    }
    free(part);
    return going;
}

struct names {
    VEC(char *) at;
};

static err add_name(void *ctx, const struct dir_entry *e)
{
    struct names *n = ctx;
    if (str_starts(e->name, S("events-")) && str_ends(e->name, S(".jsonl")))
        vec_push(&n->at, strdup(e->name.p));
    return OK_ERR;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

err events_each(struct ctl *c, event_fn *fn, void *ctx)
{
    auto_fd int dir = -1;
    err e = dir_open(c->root_dir, "var/log/twinpost", &dir);
    struct names names = {0};
    if (!failed(e))
        e = dir_each(dir, ".", add_name, &names);
    if (failed(e))
        return e;
    if (names.at.n)
        qsort(names.at.at, names.at.n, sizeof *names.at.at, by_name);
    vec_push(&names.at, strdup("events.jsonl"));
    bool going = true;
    for (size_t i = 0; i < names.at.n; i++) {
        auto_fd int fd = -1;
        if (going && !failed(file_open(dir, names.at.at[i], O_RDONLY, 0, &fd)))
            going = each_line(fd, fn, ctx);
        free(names.at.at[i]);
    }
    vec_done(&names.at);
    return OK_ERR;
}
