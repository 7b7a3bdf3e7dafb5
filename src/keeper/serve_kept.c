/* SPDX-License-Identifier: ISC */
/* What was expunged and can be brought back (store/kept.h), for `twinpost undelete`; and its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/init.h"
#include "keeper/keeper.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "store/kept.h"
#include "store/maildir_name.h"
#include "wire/header.h"

enum {
    LIST_MAX = 16 << 20,
    HEAD_MAX = 16 * 1024, /* read for a subject */
    SUBJECT_MAX = 200,
    AT_ONCE = 64, /* brought back with one call of box_add() */
    FIRST_SWEEP_MS = 1000,
    NEXT_SLICE_MS = 50,
    NEXT_SWEEP_MS = 6 * 3600 * 1000,
};

/* ---- the sweep ---- */

static void tell_init(struct keeper *k, int64_t oldest)
{
    struct init_kept m = {.due =
                              oldest ? (uint64_t)oldest + (uint64_t)k->kept.days * 86400 + 60 : 0};
    if (k->init) /* full: with the next sweep */
        (void)channel_try_send(k->init, &init_kept_schema, 0, &m, NULL, 0);
}

static void on_kept(void *ctx)
{
    struct keeper *k = ctx;
    bool more = false;
    int64_t oldest = 0;
    err e = kept_sweep(&k->kept, clock_seconds(), &more, &oldest);
    if (failed(e))
        log_event(k->log, EV_MAILBOX_PROBLEM, F_STR("folder", S(KEPT_DIR)), F_ERR(e));
    if (!more)
        tell_init(k, oldest);
    loop_timer_move(k->kept_timer, deadline_in_ms(more ? NEXT_SLICE_MS : NEXT_SWEEP_MS));
}

void keeper_set_kept(struct keeper *k, uint32_t days)
{
    k->kept = (struct kept){.home = k->folders.home, .days = days};
    (void)snprintf(k->kept.root, sizeof k->kept.root, "%s", k->folders.root); /* as large */
    k->kept_timer = loop_at(k->loop, deadline_in_ms(FIRST_SWEEP_MS), on_kept, k);
}

/* What is kept now is due in some days: soon enough told by the next sweep. */
void keeper_kept_some(struct keeper *k)
{
    if (k->kept_timer && k->kept.days)
        loop_timer_move(k->kept_timer, deadline_in_ms(FIRST_SWEEP_MS));
}

/* ---- listing ---- */

struct listing {
    struct buf *out;
    int64_t since;
};

static void add_subject(struct buf *out, int fd)
{
    char head[HEAD_MAX];
    ssize_t n = read(fd, head, sizeof head);
    struct header_field f;
    str header = header_split(str_of(head, n > 0 ? (size_t)n : 0), 0).header;
    if (!header_find(header, S("Subject"), &f))
        return;
    str value = str_slice(str_trim(f.value), 0, SUBJECT_MAX);
    for (size_t i = 0; i < value.n; i++)
        buf_addc(out, (unsigned char)value.p[i] < ' ' ? ' ' : value.p[i]);
}

static err list_one(void *ctx, const struct kept_message *m)
{
    struct listing *l = ctx;
    auto_fd int fd = -1;
    struct stat st;
    if (m->expunged < l->since ||
        failed(file_open(m->dir, m->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd)) ||
        fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return OK_ERR;
    buf_addf(l->out, "%.*s\t%lld\t%lld\t%lld\t", STR_ARG(m->folder), (long long)m->expunged,
             (long long)st.st_mtim.tv_sec, (long long)st.st_size);
    add_subject(l->out, fd);
    buf_addc(l->out, '\n');
    return l->out->over ? err_new(ERR_LIMIT, "too many to be listed; name a folder or a time")
                        : OK_ERR;
}

/* ---- bringing back ---- */

struct back {
    struct keeper *keeper;
    int64_t since;
    struct held *box;
    char folder[256];
    struct box_incoming in[AT_ONCE];
    char files[AT_ONCE][256];
    size_t n;
    int dir; /* of those files */
    uint64_t bytes;
};

static err flags_of(struct back *b, const struct kept_message *m, uint32_t *ret)
{
    uint32_t flags = maildir_name_flags(m->name);
    *ret = flags & STORE_SYSTEM_FLAGS & ~(uint32_t)(STORE_DELETED | STORE_RECENT);
    struct keywords k = {0};
    if (!m->keywords || failed(kept_keywords(m, &k)))
        return OK_ERR; /* better without them than not at all */
    auto_buf struct buf names;
    buf_init(&names, KEEPER_KEYWORDS_MAX);
    for (unsigned i = 0; i < STORE_KEYWORDS_MAX; i++)
        if ((flags & STORE_KEYWORD(i)) && k.name[i]) {
            buf_add(&names, str_from(k.name[i]));
            buf_addc(&names, 0);
        }
    keywords_done(&k);
    uint32_t bits = 0;
    err e = box_keywords(b->box->box, buf_str(&names), &bits);
    *ret |= bits;
    return e.kind == ERR_LIMIT ? OK_ERR : e; /* all letters are taken: as above */
}

static err open_target(struct back *b, str folder)
{
    struct keeper *k = b->keeper;
    if (b->box)
        return OK_ERR;
    (void)snprintf(b->folder, sizeof b->folder, "%.*s", STR_ARG(folder)); /* a file name */
    err e = OK_ERR;
    if (!folder_exists(&k->folders, folder)) {
        e = folders_create(&k->folders, folder);
        if (!failed(e))
            e = folders_subscribe(&k->folders, folder, STORE_SUBSCRIBE);
    }
    if (!failed(e))
        e = keeper_box(k, folder, &b->box);
    return failed(e) ? e : box_refresh(b->box->box);
}

/* Of one folder with each call. */
static err gather(void *ctx, const struct kept_message *m)
{
    struct back *b = ctx;
    auto_fd int fd = -1;
    struct stat st;
    if (m->expunged < b->since || (b->box && !str_eq(m->folder, str_from(b->folder))))
        return OK_ERR;
    if (b->n == AT_ONCE)
        return err_new(ERR_TIMEOUT, "enough for one call");
    err e = open_target(b, m->folder);
    if (!failed(e))
        e = file_open(m->dir, m->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (!failed(e) && fstat(fd, &st) < 0)
        e = err_sys("look at a kept message");
    if (failed(e) || !S_ISREG(st.st_mode))
        return e;
    if (b->dir < 0)
        b->dir = dup(m->dir);
    struct box_incoming *in = &b->in[b->n];
    *in = (struct box_incoming){.fd = -1, .date = st.st_mtim.tv_sec};
    e = flags_of(b, m, &in->flags);
    if (failed(e))
        return e;
    in->fd = fd_take(&fd);
    (void)snprintf(b->files[b->n++], sizeof b->files[0], "%s", m->file); /* a file name */
    b->bytes += (uint64_t)st.st_size;
    return OK_ERR;
}

/* The new message is durable before the kept one goes: a crash between leaves both. */
static err bring_back(struct keeper *k, const struct keeper_kept_ask *q, size_t *ret_n)
{
    struct back *b = mem_alloc("undelete", sizeof *b);
    *b = (struct back){.keeper = k, .since = (int64_t)q->since, .dir = -1};
    err e = kept_each(&k->kept, q->folder, gather, b);
    if (e.kind == ERR_TIMEOUT)
        e = OK_ERR;
    if (!failed(e) && b->n)
        e = box_add(b->box->box, NULL, BOX_APPEND, b->in, b->n);
    if (!failed(e) && b->n) {
        keeper_count(k, b->box->box, (int64_t)b->bytes, (int64_t)b->n);
        keeper_tell(k, b->box, NULL);
        for (size_t i = 0; i < b->n; i++)
            (void)unlinkat(b->dir, b->files[i], 0); /* brought back once more, at worst */
        log_event(k->log, EV_MAIL_APPENDED, F_STR("folder", str_from(b->folder)),
                  F_INT("messages", (int64_t)b->n));
    }
    for (size_t i = 0; i < b->n; i++)
        fd_close(b->in[i].fd);
    fd_close(b->dir);
    *ret_n = failed(e) ? 0 : b->n;
    free(b);
    return e;
}

static err kept_answer(struct client *c, const struct keeper_kept_ask *q, struct buf *out)
{
    if (c->standing != STANDING_ALL)
        return err_new(ERR_DENIED, "that is for the administrator");
    if (q->wish == KEEPER_KEPT_LIST)
        return kept_each(&c->keeper->kept, q->folder, list_one,
                         &(struct listing){out, (int64_t)q->since});
    size_t n = 0;
    err e = bring_back(c->keeper, q, &n);
    buf_addf(out, "%zu", n);
    return e;
}

err serve_kept(struct client *c, const struct packet *p)
{
    struct keeper_kept_ask q;
    err e = ipc_decode(&keeper_kept_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    auto_buf struct buf out;
    auto_fd int fd = -1;
    buf_init(&out, LIST_MAX);
    struct keeper_data a = {.data = S("")};
    e = kept_answer(c, &q, &out);
    if (!failed(e))
        e = data_or_memory(&out, &a.data, &fd);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_kept_schema, p->id, &a, &fd, fd >= 0);
}
