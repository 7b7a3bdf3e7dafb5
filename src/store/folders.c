/* SPDX-License-Identifier: ISC */
/* How it works: a folder is the directory ".Name" in the root Maildir. Deleting renames it to
 * "..deleted-N" (one step, and no folder has that name), then removes what is in it. */
#include "store/folders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "os/random.h"
#include "store/attributes.h"
#include "store/maildir.h"
#include "store/uses.h"

#define SUBSCRIPTIONS "subscriptions"
#define DELETED "..deleted-"
enum { QMAIL_MAX = 64 * 1024, SUBSCRIPTIONS_MAX = 4 << 20, LIST_MAX = 16 << 20, PATH_BYTES = 1400 };

/* ---- where ---- */

str folders_first_delivery(str qmail)
{
    str line;
    while (str_line(&qmail, &line)) {
        line = str_trim_end(line);
        if (line.n && (line.p[0] == '.' || line.p[0] == '/'))
            return line;
    }
    return S("");
}

static bool exists(int dir, const char *path)
{
    struct stat st;
    return fstatat(dir, path, &st, 0) == 0;
}

static void set_path(char *to, size_t size, str path)
{
    while (str_skip(&path, S("./")))
        ;
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    (void)snprintf(to, size, "%.*s", STR_ARG(path)); /* callers limit it */
}

static void use(struct folders *f, str delivery)
{
    f->inbox_is_mbox = !str_ends(delivery, S("/"));
    set_path(f->inbox, sizeof f->inbox, delivery);
    set_path(f->root, sizeof f->root, f->inbox_is_mbox ? S("Maildir") : delivery);
}

err folders_locate(struct folders *f, int home, str default_delivery)
{
    *f = (struct folders){.home = home};
    auto_arena struct arena *a = arena_new("where", QMAIL_MAX * 2);
    str text, delivery = S("");
    err e = file_read(home, ".qmail", QMAIL_MAX, a, &text);
    if (!failed(e))
        delivery = folders_first_delivery(text);
    bool own = delivery.n > 0;
    if (!delivery.n) /* none, unreadable, or it only forwards: what the site would do */
        delivery = folders_first_delivery(default_delivery);
    if (!delivery.n || delivery.n >= sizeof f->inbox)
        delivery = S("./Maildir/");
    use(f, delivery);
    /* An mbox that his .qmail names begins with its first mail: it is the INBOX before that. */
    if (exists(home, f->inbox) || (own && f->inbox_is_mbox))
        return OK_ERR;
    if (exists(home, "Maildir"))
        use(f, S("./Maildir/"));
    else if (exists(home, "Mailbox"))
        use(f, S("./Mailbox"));
    return OK_ERR;
}

/* ---- names ---- */

bool folder_is_inbox(str name)
{
    return str_ieq(name, S("INBOX"));
}

/* What may stand in a path at all. */
static bool is_safe(str name)
{
    return name.n && name.n < STORE_NAME_MAX && !memchr(name.p, '/', name.n) &&
           !memchr(name.p, 0, name.n) && !memchr(name.p, '\n', name.n) && name.p[0] != '.';
}

bool folder_name_is_valid(str name)
{
    if (!is_safe(name) || name.p[name.n - 1] == '.' || str_find_str(name, S("..")) >= 0)
        return false;
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < ' ' || name.p[i] == 127 || strchr("*%", name.p[i]))
            return false; /* nobody could LIST it */
    return true;
}

err folders_path(const struct folders *f, str name, struct buf *ret)
{
    if (folder_is_inbox(name)) {
        buf_add(ret, str_from(f->inbox));
    } else {
        if (!is_safe(name))
            return err_new(ERR_SYNTAX, "not a folder name");
        buf_add(ret, str_from(f->root));
        buf_add(ret, S("/."));
        buf_add(ret, name);
    }
    buf_addc(ret, 0);
    ret->n -= ret->n > 0; /* a NUL behind, for system calls */
    return buf_check(ret, "path");
}

err folders_attributes_path(const struct folders *f, str name, struct buf *ret)
{
    if (name.n == 0 || folder_is_inbox(name))
        buf_addf(ret, "%s/%s", f->root, name.n ? ATTRIBUTES_FILE : ATTRIBUTES_SERVER_FILE);
    else if (!is_safe(name))
        return err_new(ERR_SYNTAX, "not a folder name");
    else
        buf_addf(ret, "%s/.%.*s/" ATTRIBUTES_FILE, f->root, STR_ARG(name));
    buf_addc(ret, 0);
    ret->n -= ret->n > 0; /* a NUL behind, for system calls */
    return buf_check(ret, "path");
}

bool folder_exists(const struct folders *f, str name)
{
    if (folder_is_inbox(name))
        return true;
    auto_buf struct buf path;
    buf_init(&path, PATH_BYTES);
    err e = folders_path(f, name, &path);
    if (failed(e))
        return false;
    buf_add(&path, S("/cur"));
    buf_addc(&path, 0);
    return !path.over && exists(f->home, path.p);
}

/* ---- subscriptions: one name a line, or Dovecot's version 2 with tabs between levels ---- */

static err read_subscriptions(const struct folders *f, struct arena *a, str *ret, bool *ret_v2)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/" SUBSCRIPTIONS, f->root); /* fits */
    *ret = S("");
    *ret_v2 = false;
    err e = file_read(f->home, path, SUBSCRIPTIONS_MAX, a, ret);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e))
        return e;
    if (str_skip(ret, S("V\t2\n"))) {
        *ret_v2 = true;
        char *p = arena_alloc(a, ret->n + 1, 1);
        memcpy(p, ret->p, ret->n);
        for (size_t i = 0; i < ret->n; i++)
            if (p[i] == '\t')
                p[i] = '.';
        *ret = str_of(p, ret->n);
    }
    return OK_ERR;
}

err folders_subscribe(const struct folders *f, str name, enum store_subscription want)
{
    if (!is_safe(name))
        return err_new(ERR_SYNTAX, "not a folder name");
    auto_arena struct arena *a = arena_new("subscriptions", 4 * SUBSCRIPTIONS_MAX);
    str old, line;
    bool v2, there = false;
    err e = maildir_make(f->home, f->root);
    if (!failed(e))
        e = read_subscriptions(f, a, &old, &v2);
    if (failed(e))
        return e;
    auto_buf struct buf out;
    buf_init(&out, SUBSCRIPTIONS_MAX);
    while (str_line(&old, &line)) {
        bool same = str_eq(line, name);
        there |= same;
        if (!line.n || (same && want == STORE_UNSUBSCRIBE))
            continue;
        buf_add(&out, line);
        buf_addc(&out, '\n');
    }
    if (there == (want == STORE_SUBSCRIBE))
        return OK_ERR;
    if (want == STORE_SUBSCRIBE) {
        buf_add(&out, name);
        buf_addc(&out, '\n');
    }
    for (size_t i = 0; v2 && i < out.n; i++)
        if (out.p[i] == '.')
            out.p[i] = '\t';
    e = buf_check(&out, "subscriptions");
    if (failed(e))
        return e;
    auto_buf struct buf all;
    buf_init(&all, SUBSCRIPTIONS_MAX + 16);
    buf_add(&all, v2 ? S("V\t2\n\n") : S(""));
    buf_add(&all, buf_str(&out));
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/" SUBSCRIPTIONS, f->root); /* fits */
    return file_replace(f->home, path, buf_str(&all), 0600);
}

/* ---- listing ---- */

struct found {
    str name;
    unsigned flags, uses;
};
struct listing {
    const struct folders *f;
    struct arena *a;
    struct map *by_name;
    int root;
};

static struct found *need(struct listing *l, str name, unsigned flags)
{
    struct found *x = map_get(l->by_name, name);
    if (!x) {
        x = NEW(l->a, struct found);
        x->name = arena_copy(l->a, name);
        x->flags = flags;
        map_put(l->by_name, name, x);
    }
    return x;
}

static err list_entry(void *ctx, const struct dir_entry *d)
{
    struct listing *l = ctx;
    str name = d->name;
    if (!str_skip(&name, S(".")) || !is_safe(name))
        return OK_ERR;
    char cur[PATH_BYTES];
    (void)snprintf(cur, sizeof cur, ".%.*s/cur", STR_ARG(name)); /* fits */
    if (!exists(l->root, cur))
        return OK_ERR;
    if (map_count(l->by_name) >= STORE_FOLDERS_MAX)
        return err_new(ERR_LIMIT, "too many folders");
    need(l, name, 0)->flags &= ~(unsigned)STORE_NOSELECT;
    for (size_t i = 0; i < name.n; i++) /* levels above that may have no folder */
        if (name.p[i] == '.' && !folder_is_inbox(str_slice(name, 0, i)))
            (void)need(l, str_slice(name, 0, i), STORE_NOSELECT); /* wanted in the map only */
    return OK_ERR;
}

/* A parent before its children, and all of them before "parent-x": '.' sorts lowest. */
static int by_level(const void *x, const void *y)
{
    str a = (*(struct found *const *)x)->name, b = (*(struct found *const *)y)->name;
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int c = a.p[i] == '.' ? 0 : (unsigned char)a.p[i];
        int d = b.p[i] == '.' ? 0 : (unsigned char)b.p[i];
        if (c != d)
            return c - d;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static void write_one(struct buf *out, str name, unsigned flags, unsigned uses)
{
    buf_addc(out, (char)(flags | 128));
    buf_addc(out, (char)(uses | 128));
    buf_add(out, name);
    buf_addc(out, 0);
}

static err add_subscribed(struct listing *l, bool *ret_inbox)
{
    str text, line;
    bool v2;
    *ret_inbox = false;
    err e = read_subscriptions(l->f, l->a, &text, &v2);
    if (failed(e))
        return e;
    while (str_line(&text, &line) && map_count(l->by_name) < STORE_FOLDERS_MAX) {
        if (folder_is_inbox(line))
            *ret_inbox = true;
        else if (is_safe(line))
            need(l, line, STORE_ABSENT)->flags |= STORE_SUBSCRIBED;
    }
    return OK_ERR;
}

/* ---- what folders are for ---- */

static unsigned read_uses(const struct folders *f, const char *path)
{
    auto_arena struct arena *a = arena_new("attributes", 2 * ATTRIBUTES_FILE_MAX);
    struct attributes all;
    err e = attributes_read(f->home, path, a, &all);
    for (size_t i = 0; !failed(e) && i < all.n; i++)
        if (str_ieq(all.at[i].name, S(ATTRIBUTES_USE)))
            return uses_read(all.at[i].value);
    return 0; /* one that cannot be read says nothing */
}

/* A use that no attribute gives goes to the first folder that is named for it. */
static void uses_by_name(struct listing *l, unsigned given)
{
    for (unsigned use = 1; use <= STORE_USE_ALL; use <<= 1) {
        size_t n;
        const str *names = uses_names(use, &n);
        struct found *x = NULL;
        for (size_t i = 0; !(given & use) && i < n * 2 && !x; i++) {
            str name =
                i % 2 ? arena_printf(l->a, "INBOX.%.*s", STR_ARG(names[i / 2])) : names[i / 2];
            x = map_get(l->by_name, name);
            if (x && (x->flags & (STORE_NOSELECT | STORE_ABSENT)))
                x = NULL;
        }
        if (x)
            x->uses |= use;
    }
}

static void find_uses(struct listing *l)
{
    unsigned given = 0;
    size_t at = 0;
    void *v;
    str key;
    while (map_next(l->by_name, &at, &key, &v)) {
        struct found *x = v;
        char path[PATH_BYTES];
        if (x->flags & (STORE_NOSELECT | STORE_ABSENT))
            continue;
        (void)snprintf(path, sizeof path, "%s/.%.*s/" ATTRIBUTES_FILE, l->f->root,
                       STR_ARG(x->name)); /* fits */
        if (exists(l->f->home, path))
            x->uses = read_uses(l->f, path);
        given |= x->uses;
    }
    uses_by_name(l, given);
}

err folders_list(const struct folders *f, struct buf *out)
{
    auto_fd int root = -1;
    auto_arena struct arena *a = arena_new("folders", 64 << 20);
    struct listing l = {.f = f, .a = a, .by_name = map_new(), .root = -1};
    bool inbox = false;
    err e = dir_open(f->home, f->root, &root);
    l.root = root;
    if (!failed(e))
        e = dir_each(f->home, f->root, list_entry, &l);
    if (e.kind == ERR_NOTFOUND)
        e = OK_ERR; /* an mbox owner without folders */
    if (!failed(e))
        e = add_subscribed(&l, &inbox);
    if (!failed(e)) {
        find_uses(&l);
        size_t n = map_count(l.by_name), at = 0, i = 0;
        struct found **all = NEW_N(a, struct found *, n + 1);
        void *v;
        str key;
        while (map_next(l.by_name, &at, &key, &v))
            all[i++] = v;
        qsort(all, n, sizeof *all, by_level);
        write_one(out, S("INBOX"), inbox ? STORE_SUBSCRIBED : 0, 0);
        for (i = 0; i < n; i++)
            write_one(out, all[i]->name, all[i]->flags, all[i]->uses);
        e = buf_check(out, "folder list");
    }
    map_free(l.by_name);
    return e;
}

/* ---- changes ---- */

static err sync_root(const struct folders *f)
{
    auto_fd int fd = -1;
    err e = dir_open(f->home, f->root, &fd);
    return failed(e) ? e : dir_sync(fd);
}

static err exists_already(void)
{
    err e = err_new(ERR_DENIED, "a folder of that name exists already");
    e.sys = EEXIST;
    return e;
}

err folders_create(const struct folders *f, str name)
{
    if (!folder_name_is_valid(name))
        return err_new(ERR_SYNTAX, "not a name for a folder");
    if (folder_exists(f, name))
        return exists_already();
    err e = maildir_make(f->home, f->root);
    if (failed(e))
        return e;
    auto_buf struct buf path;
    buf_init(&path, PATH_BYTES);
    e = folders_path(f, name, &path);
    if (!failed(e))
        e = maildir_make(f->home, path.p);
    if (failed(e))
        return e;
    /* Maildir++ wants this mark, so that quota code finds the root. */
    buf_add(&path, S("/maildirfolder"));
    buf_addc(&path, 0);
    auto_fd int mark = -1;
    e = file_open(f->home, path.p, O_WRONLY | O_CREAT, 0600, &mark);
    return failed(e) ? e : sync_root(f);
}

struct removal {
    int dir;
    int depth;
};

static err remove_entry(void *ctx, const struct dir_entry *d)
{
    const struct removal *r = ctx;
    char name[256];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* a file name */
    if (unlinkat(r->dir, name, 0) == 0 || (errno != EISDIR && errno != EPERM))
        return OK_ERR;
    auto_fd int sub = -1;
    err e = r->depth ? dir_open(r->dir, name, &sub) : err_new(ERR_LIMIT, "too deep");
    if (failed(e))
        return e;
    struct removal below = {.dir = sub, .depth = r->depth - 1};
    e = dir_each(sub, ".", remove_entry, &below);
    if (!failed(e) && unlinkat(r->dir, name, AT_REMOVEDIR) < 0)
        e = err_sys("remove directory");
    return e;
}

static err clean_entry(void *ctx, const struct dir_entry *d)
{
    if (!str_starts(d->name, S(DELETED)))
        return OK_ERR;
    return remove_entry(ctx, d);
}

err folders_clean(const struct folders *f)
{
    auto_fd int root = -1;
    err e = dir_open(f->home, f->root, &root);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e))
        return e;
    struct removal r = {.dir = root, .depth = 4};
    return dir_each(root, ".", clean_entry, &r);
}

err folders_delete(const struct folders *f, str name)
{
    if (folder_is_inbox(name))
        return err_new(ERR_DENIED, "INBOX cannot be deleted");
    if (!folder_exists(f, name))
        return err_new(ERR_NOTFOUND, "no such folder");
    auto_buf struct buf path;
    buf_init(&path, PATH_BYTES);
    err e = folders_path(f, name, &path);
    if (failed(e))
        return e;
    char aside[PATH_BYTES];
    (void)snprintf(aside, sizeof aside, "%s/" DELETED "%016llx", f->root,
                   (unsigned long long)random_u64()); /* fits */
    e = file_rename(f->home, path.p, f->home, aside);
    if (!failed(e))
        e = sync_root(f);
    if (failed(e))
        return e;
    return folders_clean(f);
}

struct renaming {
    struct arena *a;
    str from, to;
    VEC(str) names; /* without the dot */
};

static err collect_children(void *ctx, const struct dir_entry *d)
{
    struct renaming *r = ctx;
    str name = d->name;
    if (!str_skip(&name, S(".")) || !str_starts(name, r->from))
        return OK_ERR;
    if (name.n == r->from.n || name.p[r->from.n] == '.')
        vec_push(&r->names, arena_copy(r->a, name));
    return OK_ERR;
}

static err rename_one(const struct folders *f, struct renaming *r, str name)
{
    auto_buf struct buf old, fresh;
    buf_init(&old, PATH_BYTES);
    buf_init(&fresh, PATH_BYTES);
    err e = folders_path(f, name, &old);
    str target =
        arena_printf(r->a, "%.*s%.*s", STR_ARG(r->to), STR_ARG(str_from_at(name, r->from.n)));
    if (!failed(e))
        e = folders_path(f, target, &fresh);
    if (!failed(e) && exists(f->home, fresh.p))
        e = exists_already();
    return failed(e) ? e : file_rename(f->home, old.p, f->home, fresh.p);
}

err folders_rename(const struct folders *f, str from, str to)
{
    if (!folder_name_is_valid(to))
        return err_new(ERR_SYNTAX, "not a name for a folder");
    if (folder_exists(f, to))
        return exists_already();
    auto_arena struct arena *a = arena_new("rename", 16 << 20);
    struct renaming r = {.a = a, .from = from, .to = to};
    if (str_starts(to, from) && to.n > from.n && to.p[from.n] == '.')
        return err_new(ERR_DENIED, "a folder cannot move into itself");
    err e = dir_each(f->home, f->root, collect_children, &r);
    if (!failed(e) && !r.names.n)
        e = err_new(ERR_NOTFOUND, "no such folder");
    for (size_t i = 0; i < r.names.n && !failed(e); i++)
        e = rename_one(f, &r, r.names.at[i]);
    vec_done(&r.names);
    err synced = sync_root(f);
    return failed(e) ? e : synced;
}
