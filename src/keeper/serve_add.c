/* SPDX-License-Identifier: ISC */
/* What adds messages: spools, COPY and MOVE, and the renaming of INBOX. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/maildir.h"

/* ---- spools ---- */

/* The folder's own tmp/, so that a rename shows the message; an mbox INBOX has none, and its
 * spools lie in the tmp/ of the Maildir beside it. */
err spool_dir(struct keeper *k, str folder, int *ret_fd)
{
    auto_buf struct buf path;
    buf_init(&path, 2048);
    bool mbox = folder_is_inbox(folder) && k->folders.inbox_is_mbox;
    err e = OK_ERR;
    if (mbox) {
        e = maildir_make(k->folders.home, k->folders.root);
        buf_add(&path, str_from(k->folders.root));
    } else if (!folder_exists(&k->folders, folder)) {
        e = err_new(ERR_NOTFOUND, "no such folder");
    } else {
        e = folders_path(&k->folders, folder, &path);
    }
    if (failed(e))
        return e;
    buf_add(&path, S("/tmp"));
    buf_addc(&path, 0);
    e = buf_check(&path, "path");
    return failed(e) ? e : dir_open(k->folders.home, path.p, ret_fd);
}

err open_spool(struct client *c, str folder, struct spool **ret, int *ret_fd)
{
    struct spool *s = NULL;
    for (size_t i = 0; i < KEEPER_SPOOLS_MAX; i++)
        if (!c->spools[i].number)
            s = &c->spools[i];
    if (!s)
        return err_new(ERR_LIMIT, "too many spools");
    auto_fd int dir = -1;
    struct held *h;
    err e = folder_exists(&c->keeper->folders, folder) ? keeper_may(c, folder, ACL_INSERT) : OK_ERR;
    if (!failed(e))
        e = keeper_box(c->keeper, folder, &h); /* makes INBOX at a user's first login */
    if (!failed(e))
        e = spool_dir(c->keeper, folder, &dir);
    if (failed(e))
        return e;
    auto_buf struct buf name;
    buf_init(&name, sizeof s->name - 1);
    maildir_unique(&name, S("spool"));
    memset(s->name, 0, sizeof s->name);
    memcpy(s->name, name.p, name.n);
    memset(s->folder, 0, sizeof s->folder);
    memcpy(s->folder, folder.p, folder.n); /* the schema limits it */
    e = file_open(dir, s->name, O_RDWR | O_CREAT | O_EXCL, 0600, ret_fd);
    if (failed(e))
        return e;
    s->number = ++c->last_spool ? c->last_spool : ++c->last_spool;
    *ret = s;
    return OK_ERR;
}

void remove_spool(struct client *c, struct spool *s)
{
    auto_fd int dir = -1;
    err e = spool_dir(c->keeper, str_from(s->folder), &dir);
    if (!failed(e))
        (void)unlinkat(dir, s->name, 0); /* used up, or cleaned after 36 h */
    s->number = 0;
}

void drop_spools(struct client *c)
{
    for (size_t i = 0; i < KEEPER_SPOOLS_MAX; i++)
        if (c->spools[i].number)
            remove_spool(c, &c->spools[i]);
    drop_staged(c);
}

struct spool *spool_of(struct client *c, uint32_t number)
{
    for (size_t i = 0; i < KEEPER_SPOOLS_MAX; i++)
        if (number && c->spools[i].number == number)
            return &c->spools[i];
    return NULL;
}

err serve_spool(struct client *c, const struct packet *p)
{
    struct keeper_name q;
    err e = ipc_decode(&keeper_spool_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct spool *s;
    auto_fd int fd = -1;
    e = open_spool(c, q.name, &s, &fd);
    struct keeper_spool a = {.outcome = outcome_of(e), .text = words_of(e)};
    if (!failed(e))
        a.spool = s->number;
    return channel_try_send(c->channel, &keeper_spool_schema, p->id, &a, &fd, fd >= 0);
}

err serve_spool_drop(struct client *c, const struct packet *p)
{
    struct keeper_spool_drop q;
    err e = ipc_decode(&keeper_spool_drop_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct spool *s = spool_of(c, q.spool);
    if (s)
        remove_spool(c, s);
    return serve_done(c, p->id, OK_ERR);
}

/* ---- COPY and MOVE ---- */

static err add_from(struct box *to, struct box *from, size_t at, struct box_incoming *ret)
{
    *ret = (struct box_incoming){
        .fd = -1, .from_uid = from->table.at[at].uid, .date = from->table.at[at].date};
    err e = box_translate(to, from, from->table.at[at].flags, &ret->flags);
    if (failed(e) || (from->tmp >= 0 && to->tmp >= 0)) /* Maildirs: by link */
        return e;
    return box_fetch(from, ret->from_uid, &ret->fd);
}

/* allowed: flags that may be set in the target. */
static err copy_set(struct box *from, struct box *to, enum box_add how, str set, uint32_t allowed,
                    struct buf *pairs)
{
    VEC(struct box_incoming) in = {0};
    err e = OK_ERR;
    for (size_t i = 0; i < set_count(set) && !failed(e); i++) {
        struct store_range r = set_at(set, i);
        for (size_t at = box_from(from, r.from);
             at < from->table.n && from->table.at[at].uid <= r.to && !failed(e); at++) {
            struct box_incoming one;
            e = add_from(to, from, at, &one);
            one.flags &= allowed;
            if (!failed(e))
                vec_push(&in, one);
        }
    }
    if (!failed(e))
        e = box_add(to, from, how, in.at, in.n);
    for (size_t i = 0; i < in.n; i++) {
        fd_close(in.at[i].fd);
        put_u32(pairs, in.at[i].from_uid);
        put_u32(pairs, in.at[i].uid);
    }
    vec_done(&in);
    return e;
}

static err copy_for(struct client *c, const struct keeper_copy *q, struct keeper_copied *ret,
                    struct buf *pairs)
{
    if (!c->held)
        return err_new(ERR_DENIED, "no mailbox is open");
    if (q->mode == STORE_MOVE && c->mode == STORE_EXAMINE)
        return err_new(ERR_DENIED, "the mailbox is open read-only");
    struct held *h;
    err e = q->mode == STORE_MOVE ? keeper_may_open(c, ACL_DELETED | ACL_EXPUNGE) : OK_ERR;
    if (!failed(e) && folder_exists(&c->keeper->folders, q->target))
        e = keeper_may(c, q->target, ACL_INSERT);
    if (!failed(e))
        e = keeper_box(c->keeper, q->target, &h);
    if (failed(e))
        return e;
    keeper_watch_events(c->keeper);
    e = box_refresh(c->held->box); /* names as they are now: a link must find its file */
    uint64_t bytes = 0, messages = 0;
    if (!failed(e) && q->mode == STORE_COPY && quota_is_set(&c->keeper->quota)) {
        keeper_sum(c->held->box, q->set, false, false, &bytes, &messages);
        e = keeper_room(c->keeper, bytes, messages);
    }
    if (!failed(e))
        e = copy_set(c->held->box, h->box, q->mode == STORE_MOVE ? BOX_MOVE : BOX_COPY, q->set,
                     keeper_flags_allowed(c, q->target), pairs);
    if (!failed(e) && messages)
        keeper_count(c->keeper, h->box, (int64_t)bytes, (int64_t)messages);
    ret->uidvalidity = h->box->uidvalidity;
    keeper_tell(c->keeper, h, c);
    keeper_tell(c->keeper, c->held, c);
    return e;
}

err serve_copy(struct client *c, const struct packet *p)
{
    struct keeper_copy q;
    err e = ipc_decode(&keeper_copy_schema, p->bytes, &q);
    if (failed(e))
        return e;
    if (q.mode > STORE_MOVE)
        return err_new(ERR_SYNTAX, "unknown copy mode");
    auto_buf struct buf pairs;
    auto_fd int fd = -1;
    buf_init(&pairs, (size_t)STORE_MESSAGES_MAX * 8);
    struct keeper_copied a = {.pairs = S("")};
    e = copy_for(c, &q, &a, &pairs);
    if (!failed(e))
        e = data_or_memory(&pairs, &a.pairs, &fd);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_copied_schema, p->id, &a, &fd, fd >= 0);
}

err move_inbox(struct keeper *k, str to)
{
    struct held *inbox, *target;
    err e = keeper_box(k, S("INBOX"), &inbox);
    if (!failed(e))
        e = folders_create(&k->folders, to);
    if (!failed(e))
        e = keeper_box(k, to, &target);
    if (failed(e))
        return e;
    auto_buf struct buf all, pairs;
    buf_init(&all, 8);
    buf_init(&pairs, (size_t)STORE_MESSAGES_MAX * 8);
    put_u32(&all, 1);
    put_u32(&all, UINT32_MAX);
    inbox->box->stale = true;
    e = box_refresh(inbox->box);
    if (!failed(e))
        e = copy_set(inbox->box, target->box, BOX_MOVE, buf_str(&all), UINT32_MAX, &pairs);
    keeper_tell(k, inbox, NULL);
    return e;
}
