/* SPDX-License-Identifier: ISC */
/* How it works: a timer looks for a mailbox whose last message is not indexed and forks a child for
 * it; when the child has ended the timer looks again. A run that brought nothing is repeated once
 * with force (the message was renamed while we forked, or cannot be read); after that the mailbox
 * is left alone until it changes. */
#include "keeper/indexer.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"

struct indexer {
    struct keeper *keeper;
    struct loop_timer *timer;
    bool waiting;                /* the timer will fire */
    int64_t wished_ms, asked_ms; /* since when there is a wish; when somebody last asked */
    pid_t pid;                   /* the child; 0: none */
    char folder[STORE_NAME_MAX + 1];
    uint32_t before; /* what was known when it started */
    bool again;      /* the last run of that folder brought nothing */
};

struct fulltext_place indexer_place(const struct keeper *k, const struct held *h, struct buf *name)
{
    bool mbox = h->box->cur < 0;
    buf_reset(name);
    if (mbox)
        buf_add(name, str_from(k->folders.inbox));
    buf_add(name, mbox ? S(FULLTEXT_MBOX_SUFFIX) : S(FULLTEXT_NAME));
    buf_addc(name, 0);
    return (struct fulltext_place){mbox ? k->folders.home : h->box->dir, name->p};
}

static err off_path(const struct keeper *k, struct buf *path)
{
    buf_add(path, str_from(k->folders.root));
    buf_add(path, S("/" INDEXER_OFF_NAME));
    buf_addc(path, 0);
    return buf_check(path, "path");
}

bool indexer_is_off(const struct keeper *k)
{
    auto_buf struct buf path;
    struct stat st;
    buf_init(&path, 2048);
    err e = off_path(k, &path);
    return !failed(e) && !failed(file_stat(k->folders.home, path.p, &st));
}

err indexer_turn(struct keeper *k, bool on)
{
    auto_buf struct buf path;
    auto_fd int fd = -1;
    buf_init(&path, 2048);
    err e = off_path(k, &path);
    if (failed(e))
        return e;
    if (!on)
        return file_open(k->folders.home, path.p, O_WRONLY | O_CREAT, 0600, &fd);
    e = file_unlink(k->folders.home, path.p);
    return e.kind == ERR_NOTFOUND ? OK_ERR : e;
}

static uint32_t last_uid(const struct held *h)
{
    return h->box->table.n ? h->box->table.at[h->box->table.n - 1].uid : 0;
}

uint32_t indexer_known(const struct keeper *k, const struct held *h)
{
    auto_buf struct buf name;
    buf_init(&name, 2048);
    struct fulltext_place p = indexer_place(k, h, &name);
    return name.over ? UINT32_MAX : fulltext_known(&p, h->box->uidvalidity);
}

static struct held *next_box(struct keeper *k)
{
    list_each (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        uint32_t last = last_uid(h);
        if (!h->box->lost && h->users && last && last != h->unwilling && indexer_known(k, h) < last)
            return h;
    }
    return NULL;
}

/* Whoever talks to the keeper must not see it live on in its child. */
static void leave_the_others(struct keeper *k)
{
    list_each (it, &k->clients)
        fd_close(channel_fd(container_of(it, struct client, node)->channel));
    for (size_t i = 0; i < k->n_doors; i++)
        fd_close(channel_fd(k->doors[i]));
    if (k->init)
        fd_close(channel_fd(k->init));
    fd_close(k->inotify);
}

static _Noreturn void be_child(struct keeper *k, struct held *h, enum indexer_how how)
{
    auto_buf struct buf name;
    buf_init(&name, 2048);
    struct fulltext_place place = indexer_place(k, h, &name);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* these only make it a better neighbour */
    (void)setpriority(PRIO_PROCESS, 0, 19);
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
    leave_the_others(k);
    _exit((int)indexer_run(&place, h->box, how));
}

static void start(struct indexer *x, struct held *h)
{
    struct keeper *k = x->keeper;
    const char *folder = h->box->folder;
    uint32_t before = indexer_known(k, h);
    bool stuck = x->again && !strcmp(x->folder, folder) && x->before == before;
    pid_t pid;
    err e = child_fork(&pid);
    if (failed(e)) { /* searches read messages meanwhile */
        h->unwilling = last_uid(h);
        return;
    }
    if (pid == 0)
        be_child(k, h, stuck ? INDEXER_FORCE : INDEXER_CAREFUL);
    x->pid = pid;
    x->before = before;
    (void)memcpy(x->folder, folder, sizeof x->folder);
}

static void arm(struct indexer *x, int64_t ms)
{
    x->waiting = true;
    loop_timer_move(x->timer, deadline_in_ms(ms));
}

static void on_timer(void *ctx)
{
    struct indexer *x = ctx;
    struct keeper *k = x->keeper;
    x->waiting = false;
    if (x->pid)
        return;
    int64_t now = clock_ms(), rest = x->asked_ms + INDEXER_QUIET_MS - now;
    if (rest > 0 && now - x->wished_ms < INDEXER_PATIENCE_MS) {
        arm(x, rest);
        return;
    }
    struct held *h = indexer_is_off(k) ? NULL : next_box(k);
    if (h)
        start(x, h);
    if (!x->pid && k->n_clients == 0) /* the keeper stayed for this alone */
        loop_timer_move(k->idle, deadline_in_ms(k->idle_ms));
}

static void on_child(void *ctx, int pid, int status)
{
    struct indexer *x = ctx;
    struct keeper *k = x->keeper;
    if (pid != x->pid)
        return;
    x->pid = 0;
    list_each (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        if (strcmp(h->box->folder, x->folder))
            continue;
        bool nothing = indexer_known(k, h) <= x->before;
        if (status != 0 || (nothing && x->again))
            h->unwilling = last_uid(h);
        x->again = nothing;
    }
    x->wished_ms = clock_ms();
    arm(x, 0);
    if (k->n_clients == 0) /* the keeper stayed for this alone */
        loop_timer_move(k->idle, deadline_in_ms(k->idle_ms));
}

struct indexer *indexer_new(struct keeper *k)
{
    struct indexer *x = mem_alloc("indexer", sizeof *x);
    *x = (struct indexer){.keeper = k};
    x->timer = loop_at(k->loop, (deadline){INT64_MAX}, on_timer, x);
    loop_children(k->loop, on_child, x);
    return x;
}

void indexer_free(struct indexer *x)
{
    if (!x)
        return;
    loop_timer_del(x->timer);
    if (x->pid)
        child_kill(x->pid, SIGKILL);
    free(x);
}

void indexer_wake(struct keeper *k)
{
    struct indexer *x = k->indexer;
    if (!x || x->waiting || x->pid)
        return;
    x->wished_ms = clock_ms();
    arm(x, INDEXER_QUIET_MS);
}

void indexer_quiet(struct keeper *k)
{
    if (k->indexer)
        k->indexer->asked_ms = clock_ms();
}

void indexer_hurry(struct keeper *k, struct held *h)
{
    struct indexer *x = k->indexer;
    if (!x->pid && !indexer_is_off(k) && last_uid(h) != h->unwilling &&
        indexer_known(k, h) < last_uid(h))
        start(x, h);
}

void indexer_stop(struct keeper *k)
{
    if (k->indexer->pid)
        child_kill(k->indexer->pid, SIGKILL); /* what it has committed is whole */
}

bool indexer_works(const struct keeper *k)
{
    return k->indexer && (k->indexer->pid || k->indexer->waiting);
}
