/* SPDX-License-Identifier: ISC */
/* How it works: one loop with the doors, the clients and one inotify descriptor. Events mark
 * mailboxes; once per round they are read again and sessions whose view is older are told. */
#include "keeper/keeper.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "ipc/door.h"
#include "keeper/indexer.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "store/maildir.h"

enum {
    DIR_EVENTS = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR,
    MBOX_EVENTS = IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF,
    EVENT_BYTES = 4096,
    FLUSH_MS = 150,
    REST_MS = 2000,
    SWEEP_MS = 5,
    SWEEP_REST_MS = 10, /* between two sweeps */
    AHEAD_MS = 5,       /* of making digests, when nobody has asked for REST_MS */
    AHEAD_REST_MS = 15,
};

/* ---- mailboxes ---- */

void keeper_set_folders(struct keeper *k, const str *names, size_t n)
{
    k->new_folders = names;
    k->n_new_folders = n;
}

/* Nobody has looked into this mail by IMAP or POP3 yet: no UID was ever given. */
static bool is_new_user(const struct keeper *k)
{
    struct stat st;
    auto_buf struct buf path;
    buf_init(&path, 2048);
    buf_addf(&path, "%s/%s", k->folders.root, k->folders.inbox_is_mbox ? "cur" : "dovecot-uidlist");
    buf_addc(&path, 0);
    return !path.over && file_stat(k->folders.home, path.p, &st).kind == ERR_NOTFOUND;
}

/* What fails here can be made by hand, and does not keep the user from his mail. */
static void welcome(struct keeper *k)
{
    for (size_t i = 0; i < k->n_new_folders; i++) {
        str name = k->new_folders[i];
        err e = folder_exists(&k->folders, name) ? OK_ERR : folders_create(&k->folders, name);
        if (!failed(e))
            e = folders_subscribe(&k->folders, name, STORE_SUBSCRIBE);
        if (failed(e))
            log_event(k->log, EV_MAILBOX_PROBLEM, F_STR("folder", name), F_ERR(e));
    }
}

static err open_box(struct keeper *k, str folder, struct box **ret)
{
    auto_buf struct buf path;
    buf_init(&path, 2048);
    err e = folders_path(&k->folders, folder, &path);
    if (failed(e))
        return e;
    if (folder_is_inbox(folder) && k->n_new_folders > 0 && is_new_user(k))
        welcome(k);
    if (!folder_is_inbox(folder))
        return box_open_maildir_with(k->folders.home, path.p, folder, k->index, ret);
    if (k->folders.inbox_is_mbox)
        return box_open_mbox_with(k->folders.home, path.p, S("INBOX"), k->index, ret);
    e = box_open_maildir_with(k->folders.home, path.p, S("INBOX"), k->index, ret);
    if (e.kind != ERR_NOTFOUND)
        return e;
    e = maildir_make(k->folders.home, path.p); /* the first login of a new user */
    return failed(e) ? e
                     : box_open_maildir_with(k->folders.home, path.p, S("INBOX"), k->index, ret);
}

void keeper_report(struct keeper *k, struct box *b)
{
    if (!b->problems)
        return;
    log_event(k->log, EV_MAILBOX_PROBLEM, F_STR("folder", str_from(b->folder)),
              F_INT("damaged", (int64_t)b->problems));
    b->problems = 0;
}

static void add_watches(struct keeper *k, str folder, int ret_watch[2])
{
    ret_watch[0] = ret_watch[1] = -1;
    if (k->inotify < 0)
        return;
    auto_buf struct buf path;
    buf_init(&path, 2048);
    err e = folders_path(&k->folders, folder, &path);
    if (failed(e))
        return; /* then changes show when a session asks */
    size_t n = path.n;
    static const char *const parts[] = {"/new", "/cur"};
    bool mbox = folder_is_inbox(folder) && k->folders.inbox_is_mbox;
    for (size_t i = 0; i < (mbox ? 1 : 2); i++) {
        path.n = n;
        buf_add(&path, mbox ? S("") : str_from(parts[i]));
        buf_addc(&path, 0);
        ret_watch[i] =
            path.over ? -1 : inotify_add_watch(k->inotify, path.p, mbox ? MBOX_EVENTS : DIR_EVENTS);
    }
}

static void drop_watches(struct keeper *k, int watch[2])
{
    for (size_t i = 0; i < 2; i++) {
        if (watch[i] >= 0)
            (void)inotify_rm_watch(k->inotify, watch[i]); /* gone with its directory: fine */
        watch[i] = -1;
    }
}

static void watch_box(struct keeper *k, struct held *h)
{
    add_watches(k, str_from(h->box->folder), h->watch);
    h->box->stale = true; /* what happened between reading and watching */
}

static void unwatch_box(struct keeper *k, struct held *h)
{
    drop_watches(k, h->watch);
    h->box->stale = true;
}

static void free_held(struct keeper *k, struct held *h)
{
    drop_watches(k, h->watch);
    list_del(&h->node);
    box_free(h->box);
    free(h);
}

/* Keeps the few mailboxes used last; a copy's or an APPEND's target is often wanted again. */
static void trim_boxes(struct keeper *k)
{
    size_t idle = 0;
    list_each (it, &k->boxes)
        idle += container_of(it, struct held, node)->users == 0;
    list_each_safe (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        if (h->users == 0 && idle > KEEPER_WARM_BOXES) {
            free_held(k, h);
            idle--;
        }
    }
}

static bool is_named(const struct held *h, str folder)
{
    str name = str_from(h->box->folder);
    return str_eq(name, folder) || (folder_is_inbox(name) && folder_is_inbox(folder));
}

/* Another directory has its name now: a watch tells of what happens in a directory, not of a
 * rename above it. */
static bool is_replaced(const struct keeper *k, const struct held *h)
{
    auto_buf struct buf path;
    struct stat now, ours;
    if (h->users || h->box->cur < 0)
        return false;
    buf_init(&path, 2048);
    if (failed(folders_path(&k->folders, str_from(h->box->folder), &path)))
        return true;
    buf_add(&path, str_of("/cur", 5)); /* with the NUL */
    return path.over || failed(file_stat(k->folders.home, path.p, &now)) ||
           fstat(h->box->cur, &ours) < 0 || now.st_ino != ours.st_ino || now.st_dev != ours.st_dev;
}

err keeper_box(struct keeper *k, str folder, struct held **ret)
{
    list_each_safe (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        if (!is_named(h, folder) || h->box->lost)
            continue;
        if (is_replaced(k, h)) {
            free_held(k, h);
            continue;
        }
        list_del(&h->node); /* used last: to the end */
        list_add(&k->boxes, &h->node);
        *ret = h;
        return OK_ERR;
    }
    if (!folder_exists(&k->folders, folder))
        return err_new(ERR_NOTFOUND, "no such folder");
    struct box *b;
    int watch[2]; /* before the reading, so that it need not be read again */
    add_watches(k, folder, watch);
    err e = open_box(k, folder, &b);
    if (failed(e)) {
        drop_watches(k, watch);
        return e;
    }
    struct held *h = mem_alloc("mailbox", sizeof *h);
    *h = (struct held){.box = b, .watch = {watch[0], watch[1]}};
    b->keep = k->kept.days ? &k->kept : NULL;
    if ((watch[0] < 0) != (watch[1] < 0) && b->cur >= 0) /* one half is of no use */
        drop_watches(k, h->watch);
    list_add(&k->boxes, &h->node);
    log_event(k->log, EV_MAILBOX_OPENED, F_STR("folder", str_from(b->folder)),
              F_INT("messages", (int64_t)b->table.n));
    keeper_report(k, b);
    *ret = h;
    return OK_ERR;
}

void keeper_use(struct keeper *k, struct held *h)
{
    if (h->users++ == 0 && h->watch[0] < 0)
        watch_box(k, h);
}

void keeper_leave(struct keeper *k, struct client *c)
{
    struct held *h = c->held;
    c->held = NULL;
    if (!h || --h->users)
        return; /* the watch stays with the box: the next SELECT need not read the directory */
    if (h->box->lost)
        free_held(k, h);
    else
        trim_boxes(k);
}

void keeper_forget(struct keeper *k, struct held *h)
{
    h->box->lost = true;
    keeper_tell(k, h, NULL);
    if (!h->users)
        free_held(k, h);
}

/* ---- news ---- */

static void end_client(struct client *c)
{
    struct keeper *k = c->keeper;
    drop_spools(c);
    if (k->notices)
        notices_leave(c);
    keeper_leave(k, c);
    loop_del(c->watch);
    list_del(&c->node);
    channel_free(c->channel);
    free(c);
    if (--k->n_clients == 0)
        loop_timer_move(k->idle, deadline_in_ms(k->idle_ms));
}

void keeper_tell(struct keeper *k, struct held *h, const struct client *but)
{
    list_each (it, &k->clients) {
        struct client *c = container_of(it, struct client, node);
        if (c->held != h || c == but || c->told)
            continue;
        if (c->version == box_version(h->box) && !h->box->lost)
            continue;
        /* Full: the session has unread packets anyway and will ask. */
        err e = channel_try_send(c->channel, &keeper_news_schema, 0, &(struct keeper_nothing){0},
                                 NULL, 0);
        c->told = !failed(e);
    }
}

static struct held *held_by_watch(struct keeper *k, int watch, bool *ret_new)
{
    list_each (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        for (size_t i = 0; i < 2; i++) {
            if (h->watch[i] != watch)
                continue;
            *ret_new = i == 0;
            return h;
        }
    }
    return NULL;
}

static void take_event(struct keeper *k, const struct inotify_event *v)
{
    if (v->mask & IN_Q_OVERFLOW) {
        list_each (it, &k->boxes) {
            struct held *h = container_of(it, struct held, node);
            h->box->stale = h->noted = true;
        }
        return;
    }
    bool in_new;
    struct held *h = held_by_watch(k, v->wd, &in_new);
    if (!h)
        return;
    h->noted = true;
    if (v->mask & IN_IGNORED) { /* gone, or another box of this directory dropped it */
        h->watch[in_new ? 0 : 1] = -1;
        drop_watches(k, h->watch);
        watch_box(k, h);
        return;
    }
    if (v->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
        h->box->stale = true; /* the next look finds out */
    else if (h->box->cur < 0)
        h->box->stale = true;
    else if (v->len && !(v->mask & IN_ISDIR))
        box_event(h->box, in_new, (v->mask & (IN_CREATE | IN_MOVED_TO)) != 0, str_from(v->name));
}

void keeper_watch_events(struct keeper *k)
{
    _Alignas(struct inotify_event) char space[EVENT_BYTES];
    while (k->inotify >= 0) {
        ssize_t n = read(k->inotify, space, sizeof space);
        if (n <= 0)
            break; /* EAGAIN: all taken */
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *v = (const void *)(space + at);
            take_event(k, v);
            at += (ssize_t)(sizeof *v + v->len);
        }
    }
}

static void flush_soon(struct keeper *k);

static void on_inotify(void *ctx, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct keeper *k = ctx;
    keeper_watch_events(k);
    list_each_safe (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        if (!h->noted)
            continue;
        h->noted = false;
        if (!h->users) { /* whoever opens it next will look */
            unwatch_box(k, h);
            continue;
        }
        err e = box_refresh(h->box);
        if (failed(e) && !h->box->lost) {
            log_event(k->log, EV_MAILBOX_PROBLEM, F_STR("folder", str_from(h->box->folder)),
                      F_ERR(e));
            continue;
        }
        keeper_report(k, h->box);
        keeper_tell(k, h, NULL);
        indexer_wake(k);
        flush_soon(k);
    }
}

/* ---- the index ---- */

/* What changed is written when FLUSH_MS have passed, all of it with one commit; when nobody has
 * asked anything for REST_MS, file and memory are given back. */
static void flush_soon(struct keeper *k)
{
    k->active = true;
    if (k->flush_soon)
        return;
    k->flush_soon = true;
    loop_timer_move(k->flush, deadline_in_ms(FLUSH_MS));
}

/* Files of expunged messages, a little at a time: sessions wait meanwhile. */
static bool sweep(struct keeper *k)
{
    bool more = false;
    list_each (it, &k->boxes)
        more |= box_sweep(container_of(it, struct held, node)->box, SWEEP_MS);
    return more;
}

static void on_flush(void *ctx)
{
    struct keeper *k = ctx;
    k->flush_soon = false;
    list_each (it, &k->boxes)
        box_index_flush(container_of(it, struct held, node)->box);
    if (sweep(k)) {
        (void)index_commit(k->index); /* as below */
        loop_timer_move(k->flush, deadline_in_ms(SWEEP_REST_MS));
        return;
    }
    bool more = !k->active && keeper_digests_ahead(k, AHEAD_MS);
    (void)index_commit(k->index); /* what is lost is found out again */
    if (more)
        loop_timer_move(k->flush, deadline_in_ms(AHEAD_REST_MS));
    else if (!k->active)
        index_rest(k->index);
    else
        loop_timer_move(k->flush, deadline_in_ms(REST_MS));
    k->active = false;
}

/* In the Maildir's root, under a name that is no folder's; beside an mbox, whose owner may have no
 * Maildir. */
static void locate_index(struct keeper *k)
{
    char path[sizeof k->folders.inbox + sizeof "." INDEX_NAME];
    const struct folders *f = &k->folders;
    if (f->inbox_is_mbox)
        (void)snprintf(path, sizeof path, "%s." INDEX_NAME, f->inbox); /* fits */
    else
        (void)snprintf(path, sizeof path, "%s/" INDEX_NAME, f->root); /* as above */
    k->index = index_new(path);
}

/* ---- clients ---- */

static void on_client(void *ctx, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct client *c = ctx;
    struct packet p;
    err e = channel_try_recv(c->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    indexer_quiet(c->keeper);
    struct keeper *k = c->keeper;
    if (!failed(e))
        e = serve(c, &p);
    if (failed(e))
        end_client(c);
    flush_soon(k);
}

struct client *keeper_add_client(struct keeper *k, int fd)
{
    if (k->n_clients >= KEEPER_CLIENTS_MAX) {
        fd_close(fd);
        return NULL;
    }
    struct client *c = mem_alloc("client", sizeof *c);
    *c = (struct client){.keeper = k, .channel = channel_new(fd), .number = ++k->last_number};
    c->watch = loop_add(k->loop, fd, LOOP_IN, on_client, c);
    list_add(&k->clients, &c->node);
    k->n_clients++;
    return c;
}

void keeper_set_sharing(struct keeper *k, bool on)
{
    k->shares = on;
    keeper_announce(k);
}

/* Only init can say these things: it alone holds the other end of the door. */
static void let_in(struct keeper *k, const struct door_knock *who, int fd)
{
    if (who->visitor.n && !k->shares) {
        fd_close(fd);
        return;
    }
    struct client *c = keeper_add_client(k, fd);
    if (!c)
        return;
    (void)snprintf(c->visitor, sizeof c->visitor, "%.*s", STR_ARG(who->visitor)); /* limited */
    c->standing = who->visitor.n                                                ? STANDING_VISITOR
                  : who->program == PROGRAM_CTL || who->program == PROGRAM_POPD ? STANDING_ALL
                                                                                : STANDING_OWNER;
}

static bool answer_door(struct keeper *k, size_t i)
{
    struct door_knock who;
    int fd;
    bool any = false;
    for (;;) {
        err e = door_answer(k->doors[i], &who, &fd);
        if (e.kind == ERR_SYNTAX)
            continue;
        if (failed(e)) {
            if (e.kind != ERR_TEMP) { /* init went away: who is here may finish */
                loop_del(k->door_watch[i]);
                k->door_watch[i] = NULL;
            }
            return any;
        }
        let_in(k, &who, fd);
        any = true;
    }
}

static void on_door(void *ctx, int fd, unsigned events)
{
    (void)events;
    struct keeper *k = ctx;
    for (size_t i = 0; i < k->n_doors; i++)
        if (channel_fd(k->doors[i]) == fd && k->door_watch[i])
            answer_door(k, i);
}

void keeper_add_door(struct keeper *k, struct channel *door)
{
    if (k->n_doors == sizeof k->doors / sizeof *k->doors) {
        channel_free(door);
        return;
    }
    k->doors[k->n_doors] = door;
    k->door_watch[k->n_doors++] = loop_add(k->loop, channel_fd(door), LOOP_IN, on_door, k);
}

/* Nobody is here. A knock that comes after this look waits in the door, which init keeps open
 * for the next keeper. */
static void on_idle(void *ctx)
{
    struct keeper *k = ctx;
    bool late = k->n_clients > 0 || indexer_works(k);
    for (size_t i = 0; i < k->n_doors; i++)
        if (k->door_watch[i])
            late |= answer_door(k, i);
    if (!late)
        loop_stop(k->loop);
}

static void on_init(void *ctx, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct keeper *k = ctx;
    struct packet p;
    err e = channel_try_recv(k->init, &p);
    if (e.kind == ERR_TEMP || (!failed(e) && p.type != IPC_INIT_DRAIN))
        return; /* a new configuration concerns the next keeper */
    /* The house closes, or init is gone: whoever is here may finish. */
    loop_del(k->init_watch);
    k->init_watch = NULL;
    k->idle_ms = 0;
    loop_timer_move(k->idle, deadline_in_ms(0));
}

void keeper_add_init(struct keeper *k, struct channel *init)
{
    k->init = init;
    k->init_watch = loop_add(k->loop, channel_fd(init), LOOP_IN, on_init, k);
}

/* A host may have a hundred of these: the heap gives back what it can, soon. */
static void keep_heap_small(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024); /* these only tune */
    (void)mallopt(M_TRIM_THRESHOLD, 32 * 1024);
    (void)mallopt(M_TOP_PAD, 0);
    (void)malloc_trim(0);
}

err keeper_init(struct keeper *k, int home, str default_delivery, struct log *log)
{
    *k = (struct keeper){.log = log, .inotify = -1, .idle_ms = KEEPER_IDLE_MS};
    keep_heap_small();
    list_init(&k->boxes);
    list_init(&k->clients);
    err e = folders_locate(&k->folders, home, default_delivery);
    if (failed(e))
        return e;
    k->loop = loop_new();
    k->idle = loop_at(k->loop, deadline_in_ms(k->idle_ms), on_idle, k);
    k->indexer = indexer_new(k);
    k->flush = loop_at(k->loop, DEADLINE_NEVER, on_flush, k);
    locate_index(k);
    k->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (k->inotify >= 0)
        k->inotify_watch = loop_add(k->loop, k->inotify, LOOP_IN, on_inotify, k);
    e = folders_clean(&k->folders);
    if (failed(e)) /* leftovers of a deletion harm nobody */
        log_event(log, EV_MAILBOX_PROBLEM, F_STR("folder", str_from(k->folders.root)), F_ERR(e));
    return OK_ERR;
}

err keeper_run(struct keeper *k)
{
    return loop_run(k->loop);
}

void keeper_done(struct keeper *k)
{
    list_each_safe (it, &k->clients)
        end_client(container_of(it, struct client, node));
    list_each_safe (it, &k->boxes)
        free_held(k, container_of(it, struct held, node));
    for (size_t i = 0; i < k->n_doors; i++) {
        loop_del(k->door_watch[i]);
        channel_free(k->doors[i]);
    }
    indexer_free(k->indexer);
    loop_timer_del(k->kept_timer);
    loop_timer_del(k->flush);
    index_free(k->index);
    notices_done(k);
    loop_del(k->inotify_watch);
    loop_del(k->init_watch);
    loop_timer_del(k->idle);
    fd_close(k->inotify);
    loop_free(k->loop);
}
