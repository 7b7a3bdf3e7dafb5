/* SPDX-License-Identifier: ISC */
/* What a session hears of mailboxes that it has not open (NOTIFY): a second inotify instance, made
 * when the first session asks, since a watch that two parts of the keeper share would end for both
 * when one of them drops it. A folder is told once until the session has asked what it was. */
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "os/fd.h"

enum {
    FOLDER_EVENTS = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR,
    MBOX_EVENTS = IN_MODIFY,
    EVENT_BYTES = 4096,
};

struct watched_dir { /* one of the kernel's watches */
    int wd;
    size_t users;
};
struct notices {
    struct keeper *keeper;
    int inotify;
    struct loop_fd *watch;
    VEC(struct watched_dir) dirs;
    char moved_from[STORE_NAME_MAX + 1]; /* a folder on its way to another name */
    uint32_t cookie;
};

/* ---- watches ---- */

static int add_watch(struct notices *n, const char *path, uint32_t mask)
{
    int wd = inotify_add_watch(n->inotify, path, mask);
    if (wd < 0)
        return -1;
    for (size_t i = 0; i < n->dirs.n; i++)
        if (n->dirs.at[i].wd == wd) {
            n->dirs.at[i].users++;
            return wd;
        }
    vec_push(&n->dirs, (struct watched_dir){wd, 1});
    return wd;
}

static void drop_watch(struct notices *n, int wd)
{
    for (size_t i = 0; wd >= 0 && i < n->dirs.n; i++) {
        if (n->dirs.at[i].wd != wd)
            continue;
        if (--n->dirs.at[i].users == 0) {
            (void)inotify_rm_watch(n->inotify, wd); /* gone with its directory: fine */
            n->dirs.at[i] = n->dirs.at[--n->dirs.n];
        }
        return;
    }
}

static void watch_folder(struct notices *n, struct watched *w)
{
    struct keeper *k = n->keeper;
    auto_buf struct buf path;
    buf_init(&path, 2048);
    w->wd[0] = w->wd[1] = -1;
    err e = folders_path(&k->folders, str_from(w->name), &path);
    if (failed(e))
        return;
    size_t bare = path.n;
    bool mbox = folder_is_inbox(str_from(w->name)) && k->folders.inbox_is_mbox;
    for (size_t i = 0; i < (mbox ? 1 : 2); i++) {
        path.n = bare;
        buf_add(&path, mbox ? S("") : i == 0 ? S("/new") : S("/cur"));
        buf_addc(&path, 0);
        w->wd[i] = path.over ? -1 : add_watch(n, path.p, mbox ? MBOX_EVENTS : FOLDER_EVENTS);
    }
}

void notices_leave(struct client *c)
{
    struct notices *n = c->keeper->notices;
    for (size_t i = 0; i < c->watched.n; i++) {
        drop_watch(n, c->watched.at[i].wd[0]);
        drop_watch(n, c->watched.at[i].wd[1]);
        free(c->watched.at[i].name);
    }
    vec_done(&c->watched);
    if (c->watches_tree)
        drop_watch(n, c->tree_wd);
    c->watches_tree = false;
    buf_done(&c->notices);
}

/* ---- telling ---- */

static void notice(struct client *c, enum keeper_notice kind, str name, str other)
{
    buf_addc(&c->notices, (char)kind);
    buf_add(&c->notices, name);
    buf_addc(&c->notices, 0);
    buf_add(&c->notices, other);
    buf_addc(&c->notices, 0);
    if (c->notices.over) { /* RFC 5465 5.8: too much to be told one by one */
        buf_reset(&c->notices);
        c->notices.over = false;
        buf_addc(&c->notices, KEEPER_NOTICE_OVERFLOW);
        buf_add(&c->notices, S("\0\0"));
    }
    if (c->notice_told)
        return;
    /* Full: the session has unread packets anyway and will ask. */
    err e = channel_try_send(c->channel, &keeper_notice_schema, 0, &(struct keeper_nothing){0},
                             NULL, 0);
    c->notice_told = !failed(e);
}

static void tell_tree(struct keeper *k, enum keeper_notice kind, str name, str other,
                      const struct client *but)
{
    list_each (it, &k->clients) {
        struct client *c = container_of(it, struct client, node);
        if (c->watches_tree && c != but)
            notice(c, kind, name, other);
    }
}

void notices_attributes(struct keeper *k, str folder, str names, const struct client *but)
{
    tell_tree(k, KEEPER_NOTICE_ATTRIBUTES, folder, names, but);
}

static void tell_messages(struct keeper *k, int wd)
{
    list_each (it, &k->clients) {
        struct client *c = container_of(it, struct client, node);
        for (size_t i = 0; i < c->watched.n; i++) {
            struct watched *w = &c->watched.at[i];
            if (w->dirty || (w->wd[0] != wd && w->wd[1] != wd))
                continue;
            w->dirty = true;
            notice(c, KEEPER_NOTICE_MESSAGES, str_from(w->name), S(""));
        }
    }
}

/* A folder is a directory ".Name" in the root; one that is being deleted is "..deleted-…". */
static bool folder_of(str file, str *ret_name)
{
    *ret_name = file;
    return str_skip(ret_name, S(".")) && ret_name->n > 0 && ret_name->n <= STORE_NAME_MAX &&
           ret_name->p[0] != '.';
}

static void tell_gone(struct notices *n)
{
    if (n->cookie != 0)
        tell_tree(n->keeper, KEEPER_NOTICE_DELETED, str_from(n->moved_from), S(""), NULL);
    n->cookie = 0;
}

static void take_root(struct notices *n, const struct inotify_event *v)
{
    str name, file = str_from(v->len ? v->name : "");
    bool is_folder = (v->mask & IN_ISDIR) && folder_of(file, &name);
    bool arrives = (v->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
    if (n->cookie != 0 && !((v->mask & IN_MOVED_TO) && v->cookie == n->cookie))
        tell_gone(n);
    if (str_eq(file, S("subscriptions")) && arrives)
        tell_tree(n->keeper, KEEPER_NOTICE_SUBSCRIPTIONS, S(""), S(""), NULL);
    if ((v->mask & IN_MOVED_FROM) && is_folder) {
        memset(n->moved_from, 0, sizeof n->moved_from);
        memcpy(n->moved_from, name.p, name.n); /* folder_of() limits it */
        n->cookie = v->cookie;
    } else if (n->cookie != 0 && !is_folder) {
        tell_gone(n);
    } else if (n->cookie != 0) {
        tell_tree(n->keeper, KEEPER_NOTICE_RENAMED, name, str_from(n->moved_from), NULL);
        n->cookie = 0;
    } else if (is_folder && arrives) {
        tell_tree(n->keeper, KEEPER_NOTICE_CREATED, name, S(""), NULL);
    } else if (is_folder && (v->mask & IN_DELETE)) {
        tell_tree(n->keeper, KEEPER_NOTICE_DELETED, name, S(""), NULL);
    }
}

static bool is_root(const struct keeper *k, int wd)
{
    list_each (it, &k->clients) {
        const struct client *c = container_of(it, struct client, node);
        if (c->watches_tree && c->tree_wd == wd)
            return true;
    }
    return false;
}

static void overflow(struct keeper *k)
{
    list_each (it, &k->clients) {
        struct client *c = container_of(it, struct client, node);
        if (c->watches_tree || c->watched.n > 0)
            notice(c, KEEPER_NOTICE_OVERFLOW, S(""), S(""));
    }
}

static void on_event(void *ctx, int fd, unsigned events)
{
    (void)events;
    struct notices *n = ctx;
    _Alignas(struct inotify_event) char space[EVENT_BYTES];
    ssize_t got;
    while ((got = read(fd, space, sizeof space)) > 0)
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *v = (const void *)(space + at);
            at += (ssize_t)(sizeof *v + v->len);
            if (v->mask & IN_Q_OVERFLOW)
                overflow(n->keeper);
            else if (is_root(n->keeper, v->wd))
                take_root(n, v);
            else if (!(v->mask & IN_IGNORED))
                tell_messages(n->keeper, v->wd);
        }
    tell_gone(n); /* both halves of a rename come together */
}

/* ---- asking ---- */

static err begin(struct keeper *k)
{
    if (k->notices != NULL)
        return OK_ERR;
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return err_new(ERR_LIMIT, "the system has no more watches");
    k->notices = mem_alloc("notices", sizeof *k->notices);
    *k->notices = (struct notices){.keeper = k, .inotify = fd};
    k->notices->watch = loop_add(k->loop, fd, LOOP_IN, on_event, k->notices);
    return OK_ERR;
}

void notices_done(struct keeper *k)
{
    if (k->notices == NULL)
        return;
    loop_del(k->notices->watch);
    fd_close(k->notices->inotify);
    vec_done(&k->notices->dirs);
    free(k->notices);
    k->notices = NULL;
}

static err watch(struct client *c, const struct keeper_watch *q)
{
    struct keeper *k = c->keeper;
    if (k->notices != NULL)
        notices_leave(c);
    if (!q->tree && !q->folders.n)
        return OK_ERR;
    err e = begin(k);
    if (failed(e))
        return e;
    buf_init(&c->notices, KEEPER_NOTICES_MAX);
    if (q->tree) {
        c->tree_wd = add_watch(k->notices, k->folders.root, FOLDER_EVENTS);
        c->watches_tree = c->tree_wd >= 0;
    }
    str rest = q->folders, one;
    while (str_cut(rest, 0, &one, &rest)) {
        if (c->watched.n == KEEPER_WATCHED_MAX)
            return err_new(ERR_LIMIT, "too many mailboxes");
        struct watched w = {.name = mem_alloc("watched folder", one.n + 1)};
        memcpy(w.name, one.p, one.n);
        watch_folder(k->notices, &w);
        vec_push(&c->watched, w);
    }
    return OK_ERR;
}

err serve_watch(struct client *c, const struct packet *p)
{
    struct keeper_watch q;
    err e = ipc_decode(&keeper_watch_schema, p->bytes, &q);
    if (failed(e))
        return e;
    e = watch(c, &q);
    if (failed(e) && c->keeper->notices != NULL)
        notices_leave(c);
    return serve_done(c, p->id, e);
}

err serve_notices(struct client *c, const struct packet *p)
{
    struct keeper_data a = {.data = buf_str(&c->notices)};
    err e = channel_try_send(c->channel, &keeper_notices_schema, p->id, &a, NULL, 0);
    buf_reset(&c->notices);
    c->notice_told = false;
    for (size_t i = 0; i < c->watched.n; i++)
        c->watched.at[i].dirty = false;
    return e;
}
