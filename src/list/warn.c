/* SPDX-License-Identifier: ISC */
/* How it works: every file of a slice of time that is old enough leads to one mail, a warning for
 * a d, a probe for a w, and goes. What cannot be sent now stays for the next run. */
#include <stdlib.h>
#include <unistd.h>

#include "list/addresses.h"
#include "list/bounce.h"
#include "list/bounce_files.h"
#include "list/cookie.h"
#include "list/lock.h"
#include "list/members.h"
#include "list/reply.h"
#include "os/file.h"

enum { HISTORY_MAX = 1 << 20, ENCLOSED_MAX = 64 << 10, HISTORY_PAUSE = 100'000 };

struct round {
    struct list_run *run;
    const struct warn_options *options;
    const char *folder; /* of the slice, or of the letter */
};

static err send_warning(struct list_run *r, char kind, str address, str bounce)
{
    struct mlist *l = r->list;
    struct reply p;
    const char *path = bounce_history_path(l, address);
    bool probe = kind == 'w';
    str history;
    str stamp = arena_printf(l->arena, "%lld", (long long)r->now);
    struct cookie c = cookie_make(l->key, stamp, address, probe ? 'P' : 'W');
    reply_init(&p, r, probe ? "SUBJECT_PROBE" : "SUBJECT_WARNING", address);
    p.sender = arena_printf(l->arena, "%.*s-return-%s-%.*s.%s-%.*s@%.*s", STR_ARG(l->local),
                            probe ? "probe" : "warn", STR_ARG(stamp), c.at,
                            STR_ARG(verp_encode(l->arena, address)), STR_ARG(l->outhost));
    reply_text(&p, "top");
    reply_text(&p, probe ? "bounce-probe" : "bounce-warn");
    if (!probe && !failed(file_read(l->dir, path, HISTORY_MAX, l->arena, &history))) {
        reply_text(&p, l->sub.n ? "dig-bounce-num" : "bounce-num");
        buf_add(&p.body, history);
        buf_addc(&p.body, '\n');
    }
    if (!list_flag(l, FLAG_OMITBOTTOM))
        reply_text(&p, "bottom");
    reply_text(&p, "bounce-bottom");
    buf_add(&p.body, str_slice(bounce, 0, ENCLOSED_MAX));
    err e = reply_send(&p);
    reply_done(&p);
    if (!failed(e) && !probe) {
        err gone = file_unlink(l->dir, path);
        if (failed(gone) && gone.kind != ERR_NOTFOUND)
            e = gone;
    }
    return e;
}

static err take_file(struct round *d, str name)
{
    struct list_run *r = d->run;
    struct mlist *l = r->list;
    str text, address, bounce;
    const char *path = arena_printf(l->arena, "%s/%.*s", d->folder, STR_ARG(name)).p;
    err e = file_read(l->dir, path, (size_t)LIST_POST_MAX, l->arena, &text);
    if (failed(e))
        return e;
    struct members m;
    if (str_cut(text, '\0', &address, &bounce) && !failed(members_open(l->dir, l->sub, &m))) {
        bool member = members_has(&m, address, &e);
        members_close(&m);
        if (!failed(e) && member)
            e = send_warning(r, *name.p, address, bounce);
    }
    return failed(e) ? e : file_unlink(l->dir, path);
}

/* The names first: the directory changes while its files are worked on. */
struct names {
    struct arena *arena;
    VEC(str) all;
};

static err collect(void *ctx, const struct dir_entry *e)
{
    struct names *n = ctx;
    vec_push(&n->all, arena_copy(n->arena, e->name));
    return OK_ERR;
}

static err take_slice(struct round *d, str slice)
{
    struct mlist *l = d->run->list;
    struct names files = {.arena = l->arena};
    d->folder = arena_printf(l->arena, "%s/d/%.*s", bounce_folder(l), STR_ARG(slice)).p;
    err e = dir_each(l->dir, d->folder, collect, &files);
    for (size_t i = 0; i < files.all.n && !failed(e); i++) {
        char first = files.all.at[i].n ? *files.all.at[i].p : 0;
        if (first == 'd' || first == 'w')
            e = take_file(d, files.all.at[i]);
    }
    vec_done(&files.all);
    if (!failed(e))
        (void)unlinkat(l->dir, d->folder, AT_REMOVEDIR); /* not empty: it stays */
    return e;
}

static int by_number(const void *a, const void *b)
{
    const str *x = a, *y = b;
    return x->n != y->n ? (x->n > y->n) - (x->n < y->n) : str_cmp(*x, *y);
}

static err take_slices(struct round *d)
{
    struct mlist *l = d->run->list;
    struct names slices = {.arena = l->arena};
    const char *path = arena_printf(l->arena, "%s/d", bounce_folder(l)).p;
    err e = dir_each(l->dir, path, collect, &slices);
    if (e.kind == ERR_NOTFOUND)
        e = OK_ERR;
    if (slices.all.n)
        qsort(slices.all.at, slices.all.n, sizeof slices.all.at[0], by_number);
    for (size_t i = 0; i < slices.all.n && !failed(e); i++) {
        uint64_t at;
        if (!str_u64(slices.all.at[i], &at) || at > INT64_MAX / BOUNCE_SLICE - 1)
            continue;
        int64_t due = (int64_t)(at + 1) * BOUNCE_SLICE + d->options->timeout;
        if (d->options->timeout == 0 || d->run->now >= due)
            e = take_slice(d, slices.all.at[i]);
    }
    vec_done(&slices.all);
    return e;
}

/* One letter of the histories at a time: what nobody warned of for long goes. */
static err clean_histories(struct round *d)
{
    struct mlist *l = d->run->list;
    struct stat st;
    str last = S("p");
    const char *mark = arena_printf(l->arena, "%s/lasth", bounce_folder(l)).p;
    if (!failed(file_stat(l->dir, mark, &st)) && d->options->timeout &&
        d->run->now < st.st_mtime + HISTORY_PAUSE)
        return OK_ERR;
    (void)failed(file_read(l->dir, mark, 64, l->arena, &last)); /* none yet: begin */
    char letter = last.n && *last.p >= 'a' && *last.p < 'p' ? (char)(*last.p + 1) : 'a';
    struct names files = {.arena = l->arena};
    const char *folder = arena_printf(l->arena, "%s/h/%c", bounce_folder(l), letter).p;
    err e = dir_each(l->dir, folder, collect, &files);
    for (size_t i = 0; i < files.all.n && !failed(e); i++) {
        const char *path = arena_printf(l->arena, "%s/%.*s", folder, STR_ARG(files.all.at[i])).p;
        if (!failed(file_stat(l->dir, path, &st)) &&
            d->run->now > st.st_mtime + 3 * d->options->timeout)
            e = file_unlink(l->dir, path);
    }
    vec_done(&files.all);
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    return file_replace(l->dir, mark, arena_printf(l->arena, "%c", letter), 0644);
}

struct verdict bounce_warn(struct list_run *r, const struct warn_options *o)
{
    struct mlist *l = r->list;
    struct round d = {.run = r, .options = o};
    const char *mark = arena_printf(l->arena, "%s/lastd", bounce_folder(l)).p;
    int64_t lockout = o->lockout >= 0 ? o->lockout : o->timeout / 50;
    struct stat st;
    uint64_t last;
    str text;
    if (failed(file_stat(l->dir, bounce_folder(l), &st)))
        return (struct verdict){0}; /* a list that never bounced */
    if (!l->key.n)
        return VERDICT(100, "the list has no key");
    if (!failed(file_read(l->dir, mark, 64, l->arena, &text)) && str_take_u64(&text, &last) &&
        r->now < (int64_t)last + lockout && o->timeout)
        return (struct verdict){0};
    auto_fd int lock = -1;
    err e = list_lock(l->dir, bounce_lock_path(l), &lock);
    if (!failed(e))
        e = file_replace(l->dir, mark, arena_printf(l->arena, "%lld", (long long)r->now), 0644);
    if (!failed(e))
        e = take_slices(&d);
    if (!failed(e))
        e = clean_histories(&d);
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to work on bounces").text}
                     : (struct verdict){0};
}
