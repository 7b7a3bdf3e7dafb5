/* SPDX-License-Identifier: ISC */
/* APPEND: one message, or several that show together; and what it replaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "os/file.h"

/* ---- staged: whole in tmp/, not yet shown ---- */

static void forget(struct client *c)
{
    for (size_t i = 0; i < c->staged.n; i++)
        buf_done(&c->staged.at[i].keywords);
    c->staged.n = 0;
}

void drop_staged(struct client *c)
{
    auto_fd int dir = -1;
    if (c->staged.n > 0) {
        err e = spool_dir(c->keeper, str_from(c->staged_folder), &dir);
        for (size_t i = 0; i < c->staged.n && !failed(e); i++)
            (void)unlinkat(dir, c->staged.at[i].name, 0); /* used up, or cleaned after 36 h */
    }
    forget(c);
    vec_done(&c->staged);
}

static err stage(struct client *c, const struct keeper_append *q, struct spool *s)
{
    if (c->staged.n == KEEPER_STAGED_MAX)
        return err_new(ERR_LIMIT, "too many messages at once");
    if (c->staged.n > 0 && !str_eq(str_from(c->staged_folder), q->folder))
        return err_new(ERR_SYNTAX, "messages for several folders");
    auto_fd int dir = -1, fd = -1;
    err e = spool_dir(c->keeper, q->folder, &dir);
    if (!failed(e))
        e = file_open(dir, s->name, O_RDWR, 0, &fd);
    if (!failed(e) && q->message.n)
        e = file_write(fd, q->message);
    if (failed(e))
        return e;
    struct staged one = {
        .flags = q->flags & STORE_SYSTEM_FLAGS & ~(uint32_t)STORE_RECENT,
        .date = q->date > INT32_MAX ? -1 : (int64_t)q->date,
    };
    memcpy(one.name, s->name, sizeof one.name);
    buf_init(&one.keywords, KEEPER_KEYWORDS_MAX);
    buf_add(&one.keywords, q->keywords);
    vec_push(&c->staged, one);
    memset(c->staged_folder, 0, sizeof c->staged_folder);
    memcpy(c->staged_folder, q->folder.p, q->folder.n); /* the schema limits it */
    s->number = 0;                                      /* the file is the staged one's now */
    return OK_ERR;
}

/* ---- showing ---- */

static err open_all(struct client *c, struct held *h, struct box_incoming *in)
{
    auto_fd int dir = -1;
    uint32_t allowed = keeper_flags_allowed(c, str_from(c->staged_folder));
    err e = spool_dir(c->keeper, str_from(c->staged_folder), &dir);
    for (size_t i = 0; i < c->staged.n && !failed(e); i++) {
        const struct staged *s = &c->staged.at[i];
        uint32_t bits = 0;
        if (allowed & STORE_FLAGGED) /* `w`: a keyword may be new */
            e = box_keywords(h->box, buf_str(&s->keywords), &bits);
        if (!failed(e))
            e = file_open(dir, s->name, O_RDWR, 0, &in[i].fd);
        in[i].spool = h->box->tmp >= 0 ? s->name : NULL;
        in[i].flags = (s->flags | bits) & allowed;
        in[i].date = s->date;
    }
    return e;
}

static err has_room(struct client *c, const struct box_incoming *in, size_t n, uint64_t *ret_bytes)
{
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        if (fstat(in[i].fd, &st) < 0)
            return err_sys("look at a spool");
        *ret_bytes += (uint64_t)st.st_size;
    }
    return keeper_room(c->keeper, *ret_bytes, n);
}

static err replace(struct client *c, uint32_t uid)
{
    auto_buf struct buf set;
    buf_init(&set, 8);
    put_u32(&set, uid);
    put_u32(&set, uid);
    size_t n;
    uint64_t bytes, messages;
    keeper_sum(c->held->box, buf_str(&set), false, false, &bytes, &messages);
    err e = box_expunge(c->held->box, STORE_EXPUNGE_ALL, buf_str(&set), &n);
    if (!failed(e))
        keeper_count(c->keeper, c->held->box, -(int64_t)bytes, -(int64_t)messages);
    keeper_tell(c->keeper, c->held, c);
    return e;
}

/* RFC 8508: what is replaced must be there, or nothing is done. */
static err may_replace(struct client *c, uint32_t uid)
{
    if (uid == 0)
        return OK_ERR;
    if (!c->held || c->mode == STORE_EXAMINE)
        return err_new(ERR_DENIED, "no mailbox is open for changes");
    err e = keeper_may_open(c, ACL_READ | ACL_DELETED | ACL_EXPUNGE);
    if (failed(e))
        return e;
    keeper_watch_events(c->keeper);
    e = box_refresh(c->held->box);
    if (!failed(e) && box_find(c->held->box, uid) == c->held->box->table.n)
        return err_new(ERR_DENIED, "the message to be replaced is gone");
    return e;
}

static err show(struct client *c, uint32_t replaces, struct keeper_appended *ret)
{
    struct keeper *k = c->keeper;
    struct held *h;
    err e = may_replace(c, replaces);
    if (!failed(e))
        e = keeper_may(c, str_from(c->staged_folder), ACL_INSERT);
    if (!failed(e))
        e = keeper_box(k, str_from(c->staged_folder), &h);
    if (failed(e))
        return e;
    size_t n = c->staged.n;
    struct box_incoming *in = mem_alloc("append", n * sizeof *in);
    for (size_t i = 0; i < n; i++)
        in[i] = (struct box_incoming){.fd = -1};
    uint64_t bytes = 0;
    e = open_all(c, h, in);
    if (!failed(e))
        e = has_room(c, in, n, &bytes);
    if (!failed(e))
        e = box_add(h->box, NULL, BOX_APPEND, in, n);
    if (!failed(e)) {
        *ret = (struct keeper_appended){
            .uidvalidity = h->box->uidvalidity, .uid = in[0].uid, .count = (uint32_t)n};
        log_event(k->log, EV_MAIL_APPENDED, F_STR("folder", str_from(h->box->folder)),
                  F_INT("uid", in[0].uid));
        keeper_count(k, h->box, (int64_t)bytes, (int64_t)n);
        keeper_tell(k, h, c);
    }
    for (size_t i = 0; i < n; i++)
        fd_close(in[i].fd);
    free(in);
    return failed(e) || replaces == 0 ? e : replace(c, replaces);
}

static err append(struct client *c, const struct keeper_append *q, struct keeper_appended *ret)
{
    struct spool *s = spool_of(c, q->spool);
    err e = OK_ERR;
    if (q->spool && !s) {
        e = err_new(ERR_NOTFOUND, "no such spool");
    } else if (s && !str_eq(str_from(s->folder), q->folder)) {
        e = err_new(ERR_SYNTAX, "a spool of another folder");
    } else if (!s) {
        int fd = -1;
        e = open_spool(c, q->folder, &s, &fd);
        fd_close(fd);
    }
    if (!failed(e))
        e = stage(c, q, s);
    if (s && s->number)
        remove_spool(c, s);
    if (!failed(e) && q->step == KEEPER_APPEND_NOW)
        e = show(c, q->replaces, ret);
    if (failed(e) || q->step == KEEPER_APPEND_NOW)
        drop_staged(c);
    return e;
}

err serve_append(struct client *c, const struct packet *p)
{
    struct keeper_append q;
    err e = ipc_decode(&keeper_append_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct keeper_appended a = {0};
    if (q.step == KEEPER_APPEND_FORGET)
        drop_staged(c);
    else
        e = append(c, &q, &a);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_appended_schema, p->id, &a, NULL, 0);
}

/* ---- one message of any folder ---- */

static err pick(struct client *c, const struct keeper_pick *q, int *ret_fd)
{
    struct held *h;
    err e =
        folder_exists(&c->keeper->folders, q->folder) ? keeper_may(c, q->folder, ACL_READ) : OK_ERR;
    if (!failed(e))
        e = keeper_box(c->keeper, q->folder, &h);
    if (failed(e))
        return e;
    keeper_watch_events(c->keeper);
    h->box->stale |= h->watch[0] < 0; /* without a watch only a look tells */
    e = box_refresh(h->box);
    if (failed(e))
        return e;
    if (q->uidvalidity != 0 && q->uidvalidity != h->box->uidvalidity)
        return err_new(ERR_NOTFOUND, "the mailbox is another one by now");
    return box_fetch(h->box, q->uid, ret_fd);
}

err serve_pick(struct client *c, const struct packet *p)
{
    struct keeper_pick q;
    err e = ipc_decode(&keeper_pick_schema, p->bytes, &q);
    if (failed(e))
        return e;
    auto_fd int fd = -1;
    e = pick(c, &q, &fd);
    struct keeper_bodies a = {
        .outcome = outcome_of(e), .text = words_of(e), .found = fd >= 0 ? 1 : 0};
    return channel_try_send(c->channel, &keeper_bodies_schema, p->id, &a, &fd, fd >= 0);
}
