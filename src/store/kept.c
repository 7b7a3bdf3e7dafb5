/* SPDX-License-Identifier: ISC */
#include "store/kept.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "store/maildir.h"
#include "store/maildir_name.h"

#define KEYWORDS_PREFIX "keywords."
enum {
    PATH_BYTES = 1400,
    NAME_BYTES = 255,
    PREFIX_BYTES = 32,
    SWEEP_FILES = 2000, /* removed at a time */
    KEYWORDS_KEY = 0x6b657074,
};

static err open_place(const struct kept *k, str folder, int *ret_dir)
{
    char path[PATH_BYTES];
    bool inbox = str_ieq(folder, S("INBOX"));
    (void)snprintf(path, sizeof path, "%s/" KEPT_DIR "/%.*s", k->root, inbox ? 5 : (int)folder.n,
                   inbox ? "INBOX" : folder.p); /* fits */
    err e = dir_make_all(k->home, path, 0700);
    return failed(e) ? e : dir_open(k->home, path, ret_dir);
}

/* ---- taking ---- */

/* Letters mean nothing without their list, and the list of a mailbox changes. */
static err keep_keywords(const struct box *b, int dir, uint32_t *ret_hash)
{
    auto_buf struct buf text;
    char name[64];
    struct stat st;
    buf_init(&text, 64 * 1024);
    keywords_write(&b->keywords, &text);
    uint32_t hash = (uint32_t)str_hash(buf_str(&text), KEYWORDS_KEY);
    *ret_hash = hash ? hash : 1;
    (void)snprintf(name, sizeof name, KEYWORDS_PREFIX "%08x", *ret_hash); /* fits */
    err e = file_stat(dir, name, &st);
    return e.kind == ERR_NOTFOUND ? file_replace(dir, name, buf_str(&text), 0600) : e;
}

static err write_name(struct buf *b, str name, uint32_t flags, uint32_t keywords)
{
    buf_addf(b, "%lld,%08x,", (long long)clock_seconds(), keywords);
    if (name.n && name.n <= (size_t)NAME_BYTES - PREFIX_BYTES) {
        buf_add(b, name);
    } else {
        char scratch[16];
        auto_buf struct buf base;
        buf_init(&base, NAME_BYTES);
        maildir_unique(&base, S("kept"));
        struct maildir_name n = maildir_name_parse(buf_str(&base), scratch);
        maildir_name_write(b, &n, flags);
    }
    buf_addc(b, 0);
    return buf_check(b, "file name");
}

static err take_file(struct box *b, size_t at, int to, const char *name)
{
    const struct box_entry *entry = &b->entries.at[at];
    return file_rename(entry->in_new ? b->new : b->cur, box_name(b, entry->name), to, name);
}

/* An mbox's message becomes a file. */
static err copy_message(struct box *b, size_t at, int to, const char *name)
{
    auto_fd int from = -1, fd = -1;
    str text = {0};
    err e = b->kind->fetch(b, at, &from);
    if (!failed(e))
        e = fd_map(from, SIZE_MAX / 2, &text);
    if (!failed(e))
        e = file_open(to, name, O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd);
    if (!failed(e))
        e = file_write(fd, text);
    struct timespec times[2] = {{.tv_sec = b->table.at[at].date}, {.tv_sec = b->table.at[at].date}};
    if (!failed(e) && futimens(fd, times) < 0)
        e = err_sys("set the time of a kept message");
    if (!failed(e))
        e = file_sync(fd);
    fd_unmap(text);
    return e;
}

static err take_one(struct box *b, size_t at, int to, uint32_t keywords)
{
    auto_buf struct buf name;
    buf_init(&name, NAME_BYTES + 1);
    bool maildir = b->cur >= 0;
    uint32_t flags = b->table.at[at].flags;
    bool letters = flags >> STORE_KEYWORD_SHIFT;
    err e = write_name(&name, maildir ? str_from(box_name(b, b->entries.at[at].name)) : S(""),
                       flags, letters ? keywords : 0);
    if (failed(e))
        return e;
    return maildir ? take_file(b, at, to, name.p) : copy_message(b, at, to, name.p);
}

err kept_take(struct box *b, const bool *doomed, bool *ret_done)
{
    auto_fd int to = -1;
    uint32_t keywords = 0, letters = 0;
    for (size_t i = 0; i < b->table.n; i++)
        letters |= doomed[i] ? b->table.at[i].flags >> STORE_KEYWORD_SHIFT : 0;
    err e = open_place(b->keep, str_from(b->folder), &to);
    if (!failed(e) && letters)
        e = keep_keywords(b, to, &keywords);
    for (size_t i = 0; i < b->table.n && !failed(e); i++) {
        if (!doomed[i])
            continue;
        e = take_one(b, i, to, keywords);
        ret_done[i] = !failed(e);
        if (e.kind == ERR_NOTFOUND) { /* renamed or gone meanwhile: the next look tells */
            b->stale = true;
            e = OK_ERR;
        }
    }
    err synced = to >= 0 ? dir_sync(to) : OK_ERR;
    return failed(e) ? e : synced;
}

/* ---- looking ---- */

static bool read_name(const char *file, struct kept_message *ret)
{
    uint64_t when, keywords = 0;
    str rest = str_from(file);
    if (!str_take_u64(&rest, &when) || !str_skip(&rest, S(",")) || rest.n < 10 || rest.p[8] != ',')
        return false;
    for (size_t i = 0; i < 8; i++) {
        char c = char_lower(rest.p[i]);
        bool digit = char_is_digit(c);
        if (!digit && (c < 'a' || c > 'f'))
            return false;
        keywords = keywords << 4 | (uint64_t)(digit ? c - '0' : c - 'a' + 10);
    }
    ret->file = file;
    ret->expunged = when > INT64_MAX ? 0 : (int64_t)when;
    ret->keywords = (uint32_t)keywords;
    ret->name = str_from_at(rest, 9);
    return maildir_name_is_message(ret->name);
}

struct looking {
    const struct kept *k;
    str only;
    int top;
    struct kept_message m;
    err (*each)(void *ctx, const struct kept_message *m);
    void *ctx;
};

static err look_at_file(void *ctx, const struct dir_entry *d)
{
    struct looking *l = ctx;
    char file[NAME_BYTES + 1];
    (void)snprintf(file, sizeof file, "%.*s", STR_ARG(d->name)); /* a file name */
    return read_name(file, &l->m) ? l->each(l->ctx, &l->m) : OK_ERR;
}

static err look_at_folder(void *ctx, const struct dir_entry *d)
{
    struct looking *l = ctx;
    char name[NAME_BYTES + 1];
    auto_fd int dir = -1;
    if (l->only.n && !str_eq(d->name, l->only) &&
        !(str_ieq(l->only, S("INBOX")) && str_eq(d->name, S("INBOX"))))
        return OK_ERR;
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* as above */
    if (failed(file_open(l->top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &dir)))
        return OK_ERR; /* no folder of ours */
    l->m.dir = dir;
    l->m.folder = str_from(name);
    return dir_each(dir, ".", look_at_file, l);
}

err kept_each(const struct kept *k, str folder,
              err (*each)(void *ctx, const struct kept_message *m), void *ctx)
{
    char path[PATH_BYTES];
    auto_fd int top = -1;
    (void)snprintf(path, sizeof path, "%s/" KEPT_DIR, k->root); /* fits */
    err e = dir_open(k->home, path, &top);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    struct looking l = {.k = k, .only = folder, .top = top, .each = each, .ctx = ctx};
    return failed(e) ? e : dir_each(top, ".", look_at_folder, &l);
}

err kept_keywords(const struct kept_message *m, struct keywords *ret)
{
    char name[64];
    str text;
    auto_arena struct arena *a = arena_new("keywords", 1 << 20);
    (void)snprintf(name, sizeof name, KEYWORDS_PREFIX "%08x", m->keywords); /* fits */
    err e = file_read(m->dir, name, 64 * 1024, a, &text);
    if (!failed(e))
        keywords_parse(ret, text);
    return e;
}

/* ---- the end of it ---- */

struct sweeping {
    int64_t before, oldest;
    size_t removed;
};

static err sweep_one(void *ctx, const struct kept_message *m)
{
    struct sweeping *s = ctx;
    if (m->expunged >= s->before) {
        s->oldest = !s->oldest || m->expunged < s->oldest ? m->expunged : s->oldest;
        return OK_ERR;
    }
    if (s->removed == SWEEP_FILES)
        return err_new(ERR_TIMEOUT, "enough for now");
    s->removed++;
    (void)unlinkat(m->dir, m->file, 0); /* the next sweep tries again */
    return OK_ERR;
}

/* A folder's directory goes when only lists of keywords are left in it. */
static err tidy_folder(void *ctx, const struct dir_entry *d)
{
    (void)ctx;
    return str_starts(d->name, S(KEYWORDS_PREFIX)) ? OK_ERR
                                                   : err_new(ERR_DENIED, "something is in it");
}

static err remove_lists(void *ctx, const struct dir_entry *d)
{
    char name[NAME_BYTES + 1];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* a file name */
    (void)unlinkat(*(int *)ctx, name, 0);                        /* tried again */
    return OK_ERR;
}

static err tidy(void *ctx, const struct dir_entry *d)
{
    int top = *(int *)ctx;
    char name[NAME_BYTES + 1];
    auto_fd int dir = -1;
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* as above */
    err e = file_open(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &dir);
    if (failed(e) || failed(dir_each(dir, ".", tidy_folder, NULL)))
        return OK_ERR;
    e = dir_each(dir, ".", remove_lists, &dir);
    (void)unlinkat(top, name, AT_REMOVEDIR); /* not empty after all: it stays */
    return e;
}

err kept_sweep(const struct kept *k, int64_t now, bool *ret_more, int64_t *ret_oldest)
{
    char path[PATH_BYTES];
    auto_fd int top = -1;
    struct sweeping s = {.before = k->days ? now - (int64_t)k->days * 86400 : INT64_MAX};
    *ret_oldest = 0;
    *ret_more = false;
    (void)snprintf(path, sizeof path, "%s/" KEPT_DIR, k->root); /* fits */
    err e = dir_open(k->home, path, &top);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (!failed(e))
        e = kept_each(k, S(""), sweep_one, &s);
    *ret_more = e.kind == ERR_TIMEOUT;
    *ret_oldest = s.oldest;
    if (*ret_more)
        return OK_ERR;
    return failed(e) || !s.removed ? e : dir_each(top, ".", tidy, &top);
}
