/* SPDX-License-Identifier: ISC */
/* The open mailbox: opening, telling what changed, flags, expunging, bodies. */
#include <string.h>

#include "keeper/indexer.h"
#include "os/fd.h"

enum { CHANGES_INLINE = KEEPER_INLINE_MAX / KEEPER_CHANGE_BYTES };

static err refuse(struct client *c)
{
    (void)c;
    return err_new(ERR_DENIED, "no mailbox is open");
}

/* ---- open and close ---- */

/* c->held becomes the mailbox as it is on the disk now. One that another program put in the place
 * of the one we knew (a backup restored) is a new mailbox; who looks at the old one is told. */
static err hold(struct client *c, str folder)
{
    struct keeper *k = c->keeper;
    for (int tries = 0; tries < 2; tries++) {
        struct held *h;
        err e = keeper_box(k, folder, &h);
        if (failed(e))
            return e;
        keeper_use(k, h);
        c->held = h;
        e = box_refresh(h->box);
        if (!h->box->lost)
            return e;
        keeper_tell(k, h, c);
        keeper_leave(k, c);
    }
    return err_new(ERR_TEMP, "the mailbox is being replaced by another program");
}

static void write_changes(const struct client *c, uint64_t from, struct buf *out);

/* The table as it was some changes ago serves many sessions; the changes come with it. */
static err table_for(struct client *c, struct keeper_box *ret, struct buf *changes, int fds[2],
                     size_t *ret_fds)
{
    struct box *b = c->held->box;
    struct box_snapshot snap;
    err e = box_snapshot(b, BOX_SNAPSHOT_RECENT, c->modseqs, &snap);
    if (failed(e))
        return e;
    *ret_fds = snap.n ? 1u + c->modseqs : 0;
    fds[0] = snap.table;
    fds[1] = snap.modseqs;
    write_changes(c, snap.version, changes);
    ret->messages = (uint32_t)snap.n;
    ret->changes = buf_str(changes);
    return OK_ERR;
}

static void count_for(struct box *b, struct keeper_box *ret)
{
    size_t unseen = b->count.unseen ? box_first_unseen(b) : b->table.n;
    ret->recent = ret->first_recent ? (uint32_t)(b->table.n - box_from(b, ret->first_recent)) : 0;
    ret->unseen = b->count.unseen;
    ret->first_unseen = unseen < b->table.n ? (uint32_t)unseen + 1 : 0;
}

static void name_box(const struct box *b, struct buf *id)
{
    if (b->guid[0])
        buf_add(id, str_from(b->guid));
    else /* the one mbox of its owner */
        buf_addf(id, "mbox-%08x", b->uidvalidity);
}

struct open_answer {
    struct keeper_box a;
    struct buf keywords, changes, id;
    int fds[2];
    size_t n_fds;
};

static err open_for(struct client *c, const struct keeper_open *q, struct open_answer *o)
{
    struct keeper *k = c->keeper;
    if (q->mode > STORE_POP)
        return err_new(ERR_SYNTAX, "unknown mode");
    c->mode = (enum store_mode)q->mode;
    c->modseqs = q->modseqs != 0;
    err e = folder_exists(&k->folders, q->name) ? keeper_may(c, q->name, ACL_READ) : OK_ERR;
    if (failed(e))
        return e;
    o->a.rights = keeper_rights(c, q->name);
    /* RFC 4314 5.2; who can change nothing must not take what is recent either. */
    if (!(o->a.rights & ACL_CHANGES))
        c->mode = STORE_EXAMINE;
    e = hold(c, q->name);
    struct held *h = c->held;
    if (!failed(e))
        e = box_take_recent(h->box, c->mode, &o->a.first_recent);
    if (!failed(e))
        e = table_for(c, &o->a, &o->changes, o->fds, &o->n_fds);
    if (failed(e)) {
        keeper_leave(k, c);
        return e;
    }
    keywords_list(&h->box->keywords, &o->keywords);
    name_box(h->box, &o->id);
    count_for(h->box, &o->a);
    c->version = box_version(h->box);
    c->told = false;
    o->a.uidvalidity = h->box->uidvalidity;
    o->a.uidnext = h->box->uidnext;
    o->a.writable = c->mode != STORE_EXAMINE && !h->box->read_only;
    o->a.version = c->version;
    o->a.highest = h->box->highest;
    o->a.keywords = buf_str(&o->keywords);
    o->a.id = buf_str(&o->id);
    return OK_ERR;
}

err serve_open(struct client *c, const struct packet *p)
{
    struct keeper_open q;
    err e = ipc_decode(&keeper_open_schema, p->bytes, &q);
    if (failed(e))
        return e;
    keeper_leave(c->keeper, c);
    struct open_answer o = {.fds = {-1, -1}};
    buf_init(&o.keywords, KEEPER_KEYWORDS_MAX);
    buf_init(&o.changes, KEEPER_INLINE_MAX);
    buf_init(&o.id, KEEPER_ID_MAX);
    e = open_for(c, &q, &o);
    o.a.outcome = outcome_of(e);
    o.a.text = words_of(e);
    if (c->held) {
        keeper_report(c->keeper, c->held->box);
        keeper_tell(c->keeper, c->held, c);
        indexer_wake(c->keeper);
    }
    e = channel_try_send(c->channel, &keeper_box_schema, p->id, &o.a, o.fds, o.n_fds);
    buf_done(&o.keywords);
    buf_done(&o.changes);
    buf_done(&o.id);
    return e;
}

err serve_close(struct client *c, const struct packet *p)
{
    keeper_leave(c->keeper, c);
    return serve_done(c, p->id, OK_ERR);
}

/* RFC 9208 4.1.4. */
static uint64_t deleted_size(const struct box *b, uint32_t deleted)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < b->table.n && deleted > 0; i++)
        if (b->table.at[i].flags & STORE_DELETED) {
            sum += b->table.at[i].size;
            deleted--;
        }
    return sum;
}

err serve_status(struct client *c, const struct packet *p)
{
    struct keeper_name q;
    err e = ipc_decode(&keeper_status_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct held *h;
    struct keeper_status a = {0};
    auto_buf struct buf id;
    buf_init(&id, KEEPER_ID_MAX);
    e = folder_exists(&c->keeper->folders, q.name) ? keeper_may(c, q.name, ACL_READ) : OK_ERR;
    if (!failed(e))
        e = keeper_box(c->keeper, q.name, &h);
    if (!failed(e)) {
        keeper_watch_events(c->keeper);
        /* Without a watch only a look tells. */
        h->box->stale |= h->watch[0] < 0;
        e = box_refresh(h->box);
    }
    if (!failed(e)) {
        struct store_status s;
        box_status(h->box, &s);
        a = (struct keeper_status){.messages = s.messages,
                                   .recent = s.recent,
                                   .unseen = s.unseen,
                                   .deleted = s.deleted,
                                   .uidnext = s.uidnext,
                                   .uidvalidity = s.uidvalidity,
                                   .size = s.size,
                                   .deleted_size = deleted_size(h->box, s.deleted),
                                   .highest = h->box->highest};
        name_box(h->box, &id);
        a.id = buf_str(&id);
        keeper_report(c->keeper, h->box);
        keeper_tell(c->keeper, h, NULL);
        keeper_use(c->keeper, h); /* through leave: also trims what is kept warm */
        struct held *open = c->held;
        c->held = h;
        keeper_leave(c->keeper, c);
        c->held = open;
    }
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_status_schema, p->id, &a, NULL, 0);
}

/* ---- what changed ---- */

static void write_change(struct buf *b, uint32_t kind, const struct store_message *m,
                         uint64_t modseq)
{
    put_u32(b, kind);
    put_u32(b, m->uid);
    put_u32(b, m->flags);
    put_u32(b, m->size);
    put_u32(b, m->date);
    put_u32(b, (uint32_t)modseq);
    put_u32(b, (uint32_t)(modseq >> 32));
}

static void write_changes(const struct client *c, uint64_t from, struct buf *out)
{
    const struct box *b = c->held->box;
    for (size_t i = (size_t)(from - b->first_version); i < b->changes.n; i++) {
        const struct box_change *x = &b->changes.at[i];
        size_t at = x->kind ? box_find(b, x->uid) : b->table.n;
        uint32_t kind = x->kind;
        if (kind == KEEPER_CHANGED && x->by == c->number)
            kind = KEEPER_CHANGED_OWN;
        if (kind == KEEPER_GONE)
            write_change(out, kind, &(struct store_message){.uid = x->uid}, 0);
        else if (kind && at < b->table.n)
            write_change(out, kind, &b->table.at[at], b->entries.at[at].modseq);
    }
}

struct sync_answer {
    struct keeper_sync a;
    struct buf changes, keywords;
    int fds[2];
    size_t n_fds;
};

static err reload_for(struct client *c, struct sync_answer *o)
{
    struct box_snapshot snap;
    err e = box_snapshot(c->held->box, BOX_SNAPSHOT_NOW, c->modseqs, &snap);
    if (failed(e))
        return e;
    o->a.reload = 1;
    o->a.messages = (uint32_t)snap.n;
    o->n_fds = snap.n ? 1u + c->modseqs : 0;
    o->fds[0] = snap.table;
    o->fds[1] = snap.modseqs;
    return OK_ERR;
}

static err sync_for(struct client *c, uint64_t from, struct sync_answer *o)
{
    struct box *b = c->held->box;
    keeper_watch_events(c->keeper);
    /* An mbox is one file: its stamp tells. Without a watch a Maildir has to be read. */
    b->stale |= c->held->watch[0] < 0;
    err e = box_refresh(b);
    o->a.lost = b->lost || failed(keeper_may_open(c, ACL_READ));
    if (o->a.lost)
        return OK_ERR;
    if (!failed(e))
        e = box_take_recent(b, c->mode, &o->a.first_recent);
    if (failed(e))
        return e;
    uint64_t now = box_version(b);
    bool too_far = from < b->first_version || from > now || now - from > CHANGES_INLINE;
    if (too_far)
        e = reload_for(c, o);
    else
        write_changes(c, from, &o->changes);
    o->a.version = now;
    o->a.uidnext = b->uidnext;
    o->a.highest = b->highest;
    return e;
}

err serve_sync(struct client *c, const struct packet *p)
{
    struct keeper_sync_ask q;
    err e = ipc_decode(&keeper_sync_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct sync_answer o = {.fds = {-1, -1}};
    buf_init(&o.changes, KEEPER_INLINE_MAX);
    buf_init(&o.keywords, KEEPER_KEYWORDS_MAX);
    e = c->held ? sync_for(c, q.version, &o) : refuse(c);
    if (c->held) {
        keywords_list(&c->held->box->keywords, &o.keywords);
        c->version = o.a.version;
        c->told = false;
        keeper_report(c->keeper, c->held->box);
        keeper_tell(c->keeper, c->held, c);
        indexer_wake(c->keeper);
    }
    o.a.outcome = outcome_of(e);
    o.a.text = words_of(e);
    o.a.changes = buf_str(&o.changes);
    o.a.keywords = buf_str(&o.keywords);
    e = channel_try_send(c->channel, &keeper_sync_schema, p->id, &o.a, o.fds, o.n_fds);
    buf_done(&o.changes);
    buf_done(&o.keywords);
    return e;
}

/* ---- changes ---- */

static err may_write(const struct client *c)
{
    if (!c->held)
        return err_new(ERR_DENIED, "no mailbox is open");
    if (c->mode == STORE_EXAMINE)
        return err_new(ERR_DENIED, "the mailbox is open read-only");
    return OK_ERR;
}

static err flags_for(struct client *c, const struct keeper_flags *q, struct buf *modified)
{
    uint32_t bits = 0;
    err e = may_write(c);
    if (failed(e))
        return e;
    str folder = str_from(c->held->box->folder);
    uint32_t allowed = keeper_flags_allowed(c, folder);
    bool others = (allowed & STORE_FLAGGED) != 0; /* `w` */
    if (others)
        e = box_keywords(c->held->box, q->keywords, &bits);
    /* RFC 4314 4: what one may not change stays; an error only when that is all. */
    uint32_t wants = q->op == STORE_FLAGS_SET ? ~UINT32_C(0) : (q->flags | bits);
    if (!failed(e) && !(wants & allowed) && (wants || q->keywords.n))
        e = keeper_may(c, folder, (unsigned)ACL_ALL + 1); /* no one has that: says why */
    if (failed(e))
        return e;
    struct box_flags f = {.set = q->set,
                          .op = (enum store_flags_op)q->op,
                          .flags = (q->flags & STORE_SYSTEM_FLAGS) | bits,
                          .by = c->number,
                          .unchanged_since = q->unchanged_since,
                          .frozen = ~allowed};
    return box_flags(c->held->box, &f, modified);
}

err serve_flags(struct client *c, const struct packet *p)
{
    struct keeper_flags q;
    err e = ipc_decode(&keeper_flags_schema, p->bytes, &q);
    if (failed(e))
        return e;
    if (q.op > STORE_FLAGS_REMOVE)
        return err_new(ERR_SYNTAX, "unknown flag operation");
    auto_buf struct buf modified;
    auto_fd int fd = -1;
    buf_init(&modified, (size_t)STORE_MESSAGES_MAX * 4);
    struct keeper_stored a = {.modified = S("")};
    e = flags_for(c, &q, &modified);
    if (!failed(e))
        e = data_or_memory(&modified, &a.modified, &fd);
    if (c->held)
        keeper_tell(c->keeper, c->held, c);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_stored_schema, p->id, &a, &fd, fd >= 0);
}

err serve_expunge(struct client *c, const struct packet *p)
{
    struct keeper_expunge q;
    err e = ipc_decode(&keeper_expunge_schema, p->bytes, &q);
    if (failed(e))
        return e;
    size_t n = 0;
    if (q.mode > STORE_EXPUNGE_ALL)
        return err_new(ERR_SYNTAX, "unknown expunge mode");
    uint64_t bytes = 0, messages = 0;
    e = may_write(c);
    if (!failed(e))
        e = keeper_may_open(c, ACL_EXPUNGE);
    if (!failed(e) && quota_is_set(&c->keeper->quota))
        keeper_sum(c->held->box, q.set, !q.set.n, q.mode == STORE_EXPUNGE_DELETED, &bytes,
                   &messages);
    if (!failed(e))
        e = box_expunge(c->held->box, (enum store_expunge_mode)q.mode, q.set, &n);
    if (!failed(e) && messages)
        keeper_count(c->keeper, c->held->box, -(int64_t)bytes, -(int64_t)messages);
    if (n)
        keeper_kept_some(c->keeper);
    if (n)
        log_event(c->keeper->log, EV_MAIL_EXPUNGED, F_STR("folder", str_from(c->held->box->folder)),
                  F_INT("messages", (int64_t)n));
    if (c->held)
        keeper_tell(c->keeper, c->held, c);
    return serve_done(c, p->id, e);
}

err serve_settle(struct client *c, const struct packet *p)
{
    err e = may_write(c);
    uint32_t first;
    if (!failed(e))
        e = box_take_recent(c->held->box, STORE_SELECT, &first);
    return serve_done(c, p->id, e);
}

/* ---- bodies ---- */

static uint32_t uid_at(str uids, size_t i)
{
    const unsigned char *u = (const unsigned char *)uids.p + i * 4;
    return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

err serve_fetch(struct client *c, const struct packet *p)
{
    struct keeper_fetch q;
    err e = ipc_decode(&keeper_fetch_schema, p->bytes, &q);
    if (failed(e))
        return e;
    int fds[KEEPER_FETCH_MAX];
    size_t n = 0;
    struct keeper_bodies a = {0};
    e = c->held ? OK_ERR : refuse(c);
    for (size_t i = 0; i < q.uids.n / 4 && !failed(e); i++) {
        e = box_fetch(c->held->box, uid_at(q.uids, i), &fds[n]);
        if (!failed(e)) {
            a.found |= UINT32_C(1) << i;
            n++;
        }
        if (e.kind == ERR_NOTFOUND)
            e = OK_ERR;
    }
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    err sent = channel_try_send(c->channel, &keeper_bodies_schema, p->id, &a, fds, n);
    for (size_t i = 0; i < n; i++)
        fd_close(fds[i]);
    return sent;
}

err serve_names(struct client *c, const struct packet *p)
{
    auto_buf struct buf b;
    auto_fd int fd = -1;
    buf_init(&b, 1u << 31);
    struct keeper_data a = {.data = S("")};
    err e = c->held ? OK_ERR : refuse(c);
    if (!failed(e)) {
        box_uidls(c->held->box, &b);
        e = buf_check(&b, "names");
    }
    if (!failed(e) && b.n) /* always in memory of its own: it outlives this packet */
        e = fd_sealed("names", buf_str(&b), &fd);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_names_schema, p->id, &a, &fd, fd >= 0);
}
