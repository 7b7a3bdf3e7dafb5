/* SPDX-License-Identifier: ISC */
#include "list/members.h"

#include <stdio.h>

#include "list/bucket.h"
#include "list/lock.h"
#include "os/clock.h"
#include "os/file.h"

struct file {
    str text;      /* mapped */
    struct buf to; /* what it becomes, when dirty */
    bool dirty;
};

struct scan {
    const struct members *m;
    struct file files[BUCKETS];
};

static const char *file_path(char path[32], int bucket)
{
    (void)snprintf(path, 32, "subscribers/%c", BUCKET_FIRST + bucket); /* fits */
    return path;
}

err members_open(int list_dir, str sub, struct members *ret)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(sub)); /* a cut name is not there */
    return dir_open(list_dir, sub.n ? name : ".", &ret->dir);
}

void members_close(struct members *m)
{
    fd_close(m->dir);
    m->dir = -1;
}

err member_normal(struct arena *a, str address, str *ret)
{
    address = str_trim(address);
    ptrdiff_t at = str_rfind(address, '@');
    if (at < 0 || address.n > MEMBER_MAX)
        return err_new(ERR_SYNTAX, "no address");
    for (size_t i = 0; i < address.n; i++)
        if (address.p[i] == 0 || address.p[i] == '\n' || address.p[i] == '\r')
            return err_new(ERR_SYNTAX, "no address");
    str domain = arena_lower(a, str_from_at(address, (size_t)at));
    *ret = arena_printf(a, "%.*s%.*s", (int)at, address.p, STR_ARG(domain));
    return OK_ERR;
}

static err map_file(const struct members *m, int bucket, str *ret)
{
    char path[32];
    auto_fd int fd = -1;
    *ret = (str){0};
    err e = file_open(m->dir, file_path(path, bucket), O_RDONLY, 0, &fd);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    return failed(e) ? e : fd_map(fd, MEMBER_FILE_MAX, ret);
}

/* The next whole record of *rest; false at the end or before a torn one (which stays in *rest). */
static bool next_record(str *rest, str *ret_address)
{
    ptrdiff_t end = str_find(*rest, '\0');
    if (end < 0)
        return false;
    *ret_address = str_slice(*rest, rest->n && *rest->p == 'T' ? 1 : 0, (size_t)end);
    *rest = str_from_at(*rest, (size_t)end + 1);
    return true;
}

static bool file_has(str text, str address)
{
    str record;
    while (next_record(&text, &record))
        if (record.n == address.n && str_ieq(record, address))
            return true;
    return false;
}

bool members_has(const struct members *m, str address, err *ret_problem)
{
    char folded[MEMBER_MAX];
    *ret_problem = OK_ERR;
    if (address.n > MEMBER_MAX)
        return false;
    for (size_t i = 0; i < address.n; i++)
        folded[i] = char_lower(address.p[i]);
    str low = str_of(folded, address.n);
    /* The likely files first: of a hit nothing else is read. */
    int order[BUCKETS + 2] = {bucket_letter(low, BUCKET_64) - BUCKET_FIRST,
                              bucket_letter(low, BUCKET_32) - BUCKET_FIRST};
    for (int i = 0; i < BUCKETS; i++)
        order[i + 2] = i;
    for (size_t i = 0; i < BUCKETS + 2; i++) {
        if (i >= 2 && (order[i] == order[0] || order[i] == order[1]))
            continue;
        str text;
        err e = map_file(m, order[i], &text);
        if (failed(e)) {
            *ret_problem = e;
            return false;
        }
        bool there = file_has(text, low);
        fd_unmap(text);
        if (there)
            return true;
    }
    return false;
}

bool members_covers(const struct members *m, str address, err *ret_problem)
{
    if (members_has(m, address, ret_problem))
        return true;
    ptrdiff_t at = str_rfind(address, '@');
    return !failed(*ret_problem) && at > 0 &&
           members_has(m, str_from_at(address, (size_t)at), ret_problem);
}

err members_each(const struct members *m, members_fn *fn, void *ctx)
{
    err e = OK_ERR;
    for (int i = 0; i < BUCKETS && !failed(e); i++) {
        str text, rest, record;
        e = map_file(m, i, &text);
        if (failed(e))
            break;
        rest = text;
        while (!failed(e) && next_record(&rest, &record))
            e = fn(ctx, record);
        fd_unmap(text);
    }
    return e;
}

static err scan_open(struct scan *s, const struct members *m)
{
    *s = (struct scan){.m = m};
    err e = OK_ERR;
    for (int i = 0; i < BUCKETS; i++) {
        buf_init(&s->files[i].to, MEMBER_FILE_MAX);
        if (!failed(e))
            e = map_file(m, i, &s->files[i].text);
    }
    return e;
}

static void scan_close(struct scan *s)
{
    for (int i = 0; i < BUCKETS; i++) {
        fd_unmap(s->files[i].text);
        buf_done(&s->files[i].to);
    }
}

static void put(struct file *f, str address)
{
    buf_addc(&f->to, 'T');
    buf_add(&f->to, address);
    buf_addc(&f->to, '\0');
}

static err scan_write(struct scan *s)
{
    err e = OK_ERR;
    for (int i = 0; i < BUCKETS && !failed(e); i++) {
        char path[32];
        if (!s->files[i].dirty)
            continue;
        e = buf_check(&s->files[i].to, "member file is too large");
        if (!failed(e))
            e = file_replace(s->m->dir, file_path(path, i), buf_str(&s->files[i].to), 0644);
    }
    return e;
}

static str folded(char to[MEMBER_MAX], str address)
{
    size_t n = address.n < MEMBER_MAX ? address.n : MEMBER_MAX;
    for (size_t i = 0; i < n; i++)
        to[i] = char_lower(address.p[i]);
    return str_of(to, n);
}

/* Copies what stays; notes which changes found their address, and which width is in use. */
static void pass_over(struct scan *s, const struct map *wanted, enum bucket_width *ret_width)
{
    size_t wide = 0, narrow = 0;
    for (int i = 0; i < BUCKETS; i++) {
        struct file *f = &s->files[i];
        str rest = f->text, record;
        while (next_record(&rest, &record)) {
            char low_text[MEMBER_MAX];
            str low = folded(low_text, record);
            struct member_change *c = record.n <= MEMBER_MAX ? map_get(wanted, low) : NULL;
            char letter = (char)(BUCKET_FIRST + i);
            wide += bucket_letter(low, BUCKET_64) == letter;
            narrow += bucket_letter(low, BUCKET_32) == letter;
            if (c && !c->add) {
                c->done = true;
                f->dirty = true;
                continue;
            }
            if (c)
                c->done = true; /* is there: nothing to add; turned round by the caller */
            put(f, record);
        }
    }
    *ret_width = narrow > wide ? BUCKET_32 : BUCKET_64;
}

static void add_new(struct scan *s, struct member_change *c, enum bucket_width width)
{
    char low[MEMBER_MAX];
    int bucket =
        c->bucket >= 0 ? c->bucket : bucket_letter(folded(low, c->address), width) - BUCKET_FIRST;
    struct file *f = &s->files[bucket % BUCKETS];
    put(f, c->address);
    f->dirty = true;
}

err members_change(struct members *m, struct member_change *changes, size_t n)
{
    auto_fd int lock = -1;
    err e = dir_make(m->dir, "subscribers", 0755);
    if (!failed(e))
        e = list_lock(m->dir, "lock", &lock);
    if (failed(e))
        return e;
    struct map *wanted = map_new();
    for (size_t i = 0; i < n; i++) {
        char low[MEMBER_MAX];
        changes[i].done = false;
        map_put(wanted, folded(low, changes[i].address), &changes[i]);
    }
    struct scan s;
    e = scan_open(&s, m);
    if (!failed(e)) {
        enum bucket_width width;
        size_t at = 0;
        str key;
        void *value;
        pass_over(&s, wanted, &width);
        while (map_next(wanted, &at, &key, &value)) {
            struct member_change *c = value;
            if (!c->add)
                continue;
            c->done = !c->done;
            if (c->done)
                add_new(&s, c, width);
        }
        e = scan_write(&s);
    }
    scan_close(&s);
    map_free(wanted);
    return e;
}

static void judge(struct scan *s, struct map *seen, struct member_report *r, int bucket, str record)
{
    char low_text[MEMBER_MAX];
    str low = folded(low_text, record);
    char letter = (char)(BUCKET_FIRST + bucket);
    char wide = bucket_letter(low, BUCKET_64), narrow = bucket_letter(low, BUCKET_32);
    if (record.n > MEMBER_MAX || str_find(record, '@') < 0) {
        r->torn++;
        return;
    }
    r->members++;
    r->wide += letter == wide && wide != narrow;
    r->narrow += letter == narrow && wide != narrow;
    r->misplaced += letter != wide && letter != narrow;
    if (map_get(seen, low)) {
        r->doubled++;
        return;
    }
    map_put(seen, low, s);
    put(&s->files[wide - BUCKET_FIRST], record);
}

err members_check(struct members *m, bool repair, struct member_report *ret)
{
    auto_fd int lock = -1;
    err e = list_lock(m->dir, "lock", &lock);
    if (failed(e))
        return e;
    struct scan s;
    struct map *seen = map_new();
    struct member_report r = {0};
    e = scan_open(&s, m);
    for (int i = 0; i < BUCKETS && !failed(e); i++) {
        str rest = s.files[i].text, record;
        while (next_record(&rest, &record))
            judge(&s, seen, &r, i, record);
        r.torn += rest.n > 0;
    }
    for (int i = 0; i < BUCKETS; i++)
        s.files[i].dirty = repair && !str_eq(buf_str(&s.files[i].to), s.files[i].text);
    if (!failed(e))
        e = scan_write(&s);
    scan_close(&s);
    map_free(seen);
    if (!failed(e))
        *ret = r;
    return e;
}
