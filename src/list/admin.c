/* SPDX-License-Identifier: ISC */
#include "list/admin.h"

#include <unistd.h>

#include "list/archive.h"
#include "list/lock.h"
#include "os/file.h"
#include "wire/date.h"
#include "wire/header.h"

enum { PAGES_MAX = 64 << 20 };

err list_reindex(struct list_run *r)
{
    struct list_num num;
    auto_fd int lock = -1;
    err e = list_lock(r->list->dir, "lock", &lock);
    if (!failed(e))
        e = num_read(r->list, "num", &num);
    for (uint64_t hundred = 0; !failed(e) && hundred <= num.number / 100; hundred++)
        e = archive_reindex(r->list, hundred);
    return failed(e) || !num.number ? e : list_thread(r);
}

/* A file of archive/ that is being put together. */
struct page {
    const char *path;
    str head; /* its first line; empty: none */
    struct buf lines;
    /* of a thread */
    uint64_t first, count;
    str hash, subject;
};

static struct page *page_of(struct map *pages, struct arena *a, const char *path)
{
    struct page *p = map_get(pages, str_from(path));
    if (!p) {
        p = NEW(a, struct page);
        p->path = path;
        buf_init(&p->lines, PAGES_MAX);
        map_put(pages, str_from(path), p);
    }
    return p;
}

struct threading {
    struct list_run *run;
    struct map *pages;   /* subjects and authors, by path */
    struct map *threads; /* by month and hash */
};

static const char *hash_path(struct arena *a, const char *kind, str hash)
{
    return arena_printf(a, "archive/%s/%.2s/%.*s", kind, hash.p, STR_ARG(str_from_at(hash, 2))).p;
}

static void take_entry(struct threading *t, const struct index_entry *e)
{
    struct arena *a = t->run->list->arena;
    struct mail_date date = {0};
    auto_buf struct buf stamp;
    buf_init(&stamp, 64);
    if (failed(date_parse(e->date, &date)))
        date.epoch = 0; /* a post without a date: the first month there is */
    date_write_stamp(&stamp, date.epoch);
    str month = arena_copy(a, str_slice(buf_str(&stamp), 0, 6));
    const char *key =
        arena_printf(a, "archive/threads/%.*s %.*s", STR_ARG(month), STR_ARG(e->hash)).p;
    struct page *thread = page_of(t->threads, a, key);
    thread->path = arena_printf(a, "archive/threads/%.*s", STR_ARG(month)).p;
    if (!thread->count++) {
        thread->first = e->number;
        thread->hash = e->hash;
        thread->subject = e->subject;
    }
    if (e->hash.n != 20)
        return;
    struct page *subject = page_of(t->pages, a, hash_path(a, "subjects", e->hash));
    subject->head = arena_printf(a, "%.*s %.*s\n", STR_ARG(e->hash), STR_ARG(e->subject));
    buf_addf(&subject->lines, "%llu:%.*s:%.*s %.*s\n", (unsigned long long)e->number,
             STR_ARG(month), STR_ARG(e->author_hash), STR_ARG(e->author));
    if (e->author_hash.n != 20)
        return;
    struct page *author = page_of(t->pages, a, hash_path(a, "authors", e->author_hash));
    author->head = arena_printf(a, "%.*s %.*s\n", STR_ARG(e->author_hash), STR_ARG(e->author));
    buf_addf(&author->lines, "%llu:%.*s:%.*s %.*s\n", (unsigned long long)e->number, STR_ARG(month),
             STR_ARG(e->hash), STR_ARG(e->subject));
}

static err write_pages(struct list_run *r, struct map *pages)
{
    size_t at = 0;
    str key;
    void *value;
    err e = OK_ERR;
    while (map_next(pages, &at, &key, &value)) {
        struct page *p = value;
        struct arena *a = r->list->arena;
        if (!failed(e)) {
            ptrdiff_t slash = str_rfind(key, '/');
            str text = arena_printf(a, "%.*s%.*s", STR_ARG(p->head), STR_ARG(buf_str(&p->lines)));
            e = dir_make_all(r->list->dir, arena_cstr(a, str_slice(key, 0, (size_t)slash)), 0755);
            if (!failed(e))
                e = file_replace(r->list->dir, p->path, text, 0644);
        }
        buf_done(&p->lines);
    }
    return e;
}

/* The threads of a month, in the order of their first posts. */
static void months(struct threading *t)
{
    size_t at = 0;
    str key;
    void *value;
    while (map_next(t->threads, &at, &key, &value)) {
        struct page *p = value;
        struct page *month = page_of(t->pages, t->run->list->arena, p->path);
        buf_addf(&month->lines, "%llu:%.*s [%llu] %.*s\n", (unsigned long long)p->first,
                 STR_ARG(p->hash), (unsigned long long)p->count, STR_ARG(p->subject));
        buf_done(&p->lines);
    }
}

err list_thread(struct list_run *r)
{
    struct mlist *l = r->list;
    struct list_num num;
    struct threading t = {.run = r, .pages = map_new(), .threads = map_new()};
    err e = num_read(l, "num", &num);
    for (uint64_t hundred = 0; !failed(e) && hundred <= num.number / 100; hundred++) {
        str text = archive_index_read(l, hundred, l->arena);
        struct index_entry entry;
        while (index_next(&text, &entry))
            if (entry.number <= num.number)
                take_entry(&t, &entry);
    }
    months(&t);
    if (!failed(e))
        e = write_pages(r, t.pages);
    map_free(t.pages);
    map_free(t.threads);
    if (!failed(e))
        e = file_replace(l->dir, "archnum",
                         arena_printf(l->arena, "%llu\n", (unsigned long long)num.number), 0644);
    return e;
}

/* From the line after one "From " line to before the next. */
static str next_message(str *rest)
{
    str line, from, at;
    if (str_starts(*rest, S("From ")))
        (void)str_line(rest, &line); /* there is one */
    from = at = *rest;
    while (str_line(rest, &line)) {
        if (str_starts(line, S("From "))) {
            *rest = at;
            break;
        }
        at = *rest;
    }
    return str_slice(from, 0, from.n - rest->n);
}

err list_import(struct list_run *r, str mbox, uint64_t *ret_n)
{
    struct mlist *l = r->list;
    struct list_num num;
    auto_fd int lock = -1;
    *ret_n = 0;
    err e = list_lock(l->dir, "lock", &lock);
    if (!failed(e))
        e = num_read(l, "num", &num);
    while (!failed(e) && mbox.n) {
        str post = next_message(&mbox);
        if (!post.n)
            continue;
        num.number++;
        num.units += (header_split(post, 0).body.n + 128) >> 8;
        e = archive_write(l, num.number, post);
        if (!failed(e))
            e = archive_index(l, num.number, post);
        if (!failed(e))
            e = num_write(l, &num);
        *ret_n += !failed(e);
    }
    return e;
}

struct verdict list_limit(struct list_run *r, const struct limit_rules *rules)
{
    struct mlist *l = r->list;
    struct list_num num;
    uint64_t number = 0, when = 0;
    str text;
    auto_fd int lock = -1;
    err e = list_lock(l->dir, "lock", &lock);
    if (!failed(e))
        e = num_read(l, "num", &num);
    if (failed(e))
        return (struct verdict){111, verdict_of(e, "unable to read the numbers").text};
    if (!failed(file_read(l->dir, "loopnum", 256, l->arena, &text)) &&
        str_take_u64(&text, &number) && str_skip(&text, S(":")))
        (void)str_take_u64(&text, &when); /* none: long ago */
    bool fresh = (uint64_t)r->now >= when && (uint64_t)r->now - when < (uint64_t)rules->seconds;
    if (fresh && num.number >= number + rules->posts) {
        if (rules->defer)
            return VERDICT(111, "too many posts, posting limited (#4.7.1)");
        if (!list_has(l, "modpost"))
            e = file_replace(l->dir, "modpost", S(""), 0644);
    } else if (!fresh) {
        text = arena_printf(l->arena, "%llu:%lld\n", (unsigned long long)num.number,
                            (long long)r->now);
        e = file_replace(l->dir, "loopnum", text, 0644);
    }
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to limit posts").text}
                     : (struct verdict){0};
}
