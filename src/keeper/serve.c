/* SPDX-License-Identifier: ISC */
/* How it works: one table from packet type to function; each decodes its question, does it,
 * and sends exactly one answer. Only a broken conversation is an error here. */
#include "keeper/keeper.h"

#include <errno.h>
#include <string.h>

#include "os/fd.h"

uint32_t outcome_of(err e)
{
    return (uint32_t)e.kind | (uint32_t)e.sys << KEEPER_OUTCOME_SYS;
}

str words_of(err e)
{
    if (!failed(e))
        return S("");
    bool own = e.kind == ERR_DENIED || e.kind == ERR_LIMIT; /* its words say it all */
    return str_slice(str_from(own ? e.what : err_text(e)), 0, KEEPER_TEXT_MAX);
}

void put_u32(struct buf *b, uint32_t v)
{
    char c[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
    buf_add(b, str_of(c, 4));
}

err serve_done(struct client *c, uint32_t id, err e)
{
    struct keeper_done d = {.outcome = outcome_of(e), .text = words_of(e)};
    return channel_try_send(c->channel, &keeper_done_schema, id, &d, NULL, 0);
}

err data_or_memory(struct buf *b, str *ret_data, int *ret_fd)
{
    *ret_data = S("");
    if (b->n <= KEEPER_INLINE_MAX) {
        *ret_data = buf_str(b);
        return OK_ERR;
    }
    return fd_sealed("answer", buf_str(b), ret_fd);
}

static err serve_list(struct client *c, const struct packet *p)
{
    auto_buf struct buf b;
    auto_fd int fd = -1;
    buf_init(&b, 16 << 20);
    struct keeper_data a = {.data = S("")};
    err e = folders_list(&c->keeper->folders, &b);
    auto_buf struct buf his;
    buf_init(&his, 16 << 20);
    bool all = c->standing != STANDING_VISITOR;
    if (!failed(e) && !all) {
        keeper_list_for(c, buf_str(&b), &his);
        e = buf_check(&his, "folder list");
    }
    if (!failed(e))
        e = data_or_memory(all ? &b : &his, &a.data, &fd);
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_folders_schema, p->id, &a, &fd, fd >= 0);
}

/* Sessions that have a folder open which goes or moves must hear it. */
static void forget_tree(struct keeper *k, str name)
{
    list_each_safe (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        str folder = str_from(h->box->folder);
        if (!str_eq(folder, name) &&
            !(str_starts(folder, name) && folder.n > name.n && folder.p[name.n] == '.'))
            continue;
        box_index_close(h->box); /* its messages are the same under another name */
        keeper_forget(k, h);
    }
}

static void forget_one(struct keeper *k, str name)
{
    list_each_safe (it, &k->boxes) {
        struct held *h = container_of(it, struct held, node);
        if (str_eq(str_from(h->box->folder), name))
            keeper_forget(k, h);
    }
}

static err rename_folder(struct keeper *k, str from, str to)
{
    if (folder_is_inbox(from))
        return move_inbox(k, to);
    err e = folders_rename(&k->folders, from, to);
    if (failed(e))
        return e;
    forget_tree(k, from);
    index_box_renamed(k->index, from, to);
    return e;
}

/* The messages of a folder that goes are kept like those that are expunged one by one. */
static err keep_messages(struct keeper *k, str name)
{
    struct held *h;
    size_t n = 0;
    auto_buf struct buf all;
    buf_init(&all, 8);
    put_u32(&all, 1);
    put_u32(&all, UINT32_MAX);
    err e = keeper_box(k, name, &h);
    if (!failed(e)) {
        h->box->stale = true;
        e = box_refresh(h->box);
    }
    if (!failed(e))
        e = box_expunge(h->box, STORE_EXPUNGE_ALL, buf_str(&all), &n);
    keeper_kept_some(k);
    return e;
}

static err delete_folder(struct keeper *k, str name)
{
    bool keep = k->kept.days && !folder_is_inbox(name) && folder_exists(&k->folders, name);
    err e = keep ? keep_messages(k, name) : OK_ERR;
    if (!failed(e))
        e = folders_delete(&k->folders, name);
    if (failed(e))
        return e;
    forget_one(k, name);
    index_box_deleted(k->index, name);
    return e;
}

static err no_subscriptions(void)
{
    err e = err_new(ERR_DENIED, "subscriptions are kept with one's own mail");
    e.sys = EACCES;
    return e;
}

static err may_operate(struct client *c, const struct keeper_folder_op_ask *q)
{
    bool visitor = c->standing == STANDING_VISITOR;
    switch (q->op) {
    case KEEPER_CREATE:
        return keeper_may_create(c, q->name);
    case KEEPER_DELETE:
        return keeper_may(c, q->name, ACL_DELETE_BOX);
    case KEEPER_RENAME:               /* RFC 4314 4 */
        if (folder_is_inbox(q->name)) /* its messages move */
            return keeper_may(c, q->name,
                              ACL_READ | ACL_DELETED | ACL_EXPUNGE | (visitor ? ACL_ADMIN : 0));
        err e = keeper_may(c, q->name, ACL_DELETE_BOX);
        return failed(e) ? e : keeper_may_create(c, q->to);
    default:
        return visitor ? no_subscriptions() : OK_ERR;
    }
}

static err serve_folder_op(struct client *c, const struct packet *p)
{
    struct keeper_folder_op_ask q;
    err e = ipc_decode(&keeper_folder_op_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct keeper *k = c->keeper;
    e = may_operate(c, &q);
    if (failed(e))
        return serve_done(c, p->id, e);
    switch (q.op) {
    case KEEPER_CREATE:
        e = folders_create(&k->folders, q.name);
        if (!failed(e))
            keeper_inherit(k, q.name);
        break;
    case KEEPER_DELETE:
        e = delete_folder(k, q.name);
        break;
    case KEEPER_RENAME:
        e = rename_folder(k, q.name, q.to);
        break;
    case KEEPER_SUBSCRIBE:
        e = folders_subscribe(&k->folders, q.name, STORE_SUBSCRIBE);
        break;
    case KEEPER_UNSUBSCRIBE:
        e = folders_subscribe(&k->folders, q.name, STORE_UNSUBSCRIBE);
        break;
    default:
        return err_new(ERR_SYNTAX, "unknown folder operation");
    }
    return serve_done(c, p->id, e);
}

enum { NOT_FOR_VISITORS = ACL_ALL + 1 };

/* `needs`: rights on the open mailbox without which the question is not even looked at; functions
 * ask for the others. Who lost them hears so by SYNC; who goes on asking is not heard any more. */
err serve(struct client *c, const struct packet *p)
{
    static const struct {
        uint32_t type;
        err (*run)(struct client *c, const struct packet *p);
        unsigned needs;
    } table[] = {
        {IPC_KEEPER_SYNC_ASK, serve_sync, 0},
        {IPC_KEEPER_FETCH, serve_fetch, ACL_READ},
        {IPC_KEEPER_FLAGS, serve_flags, ACL_READ},
        {IPC_KEEPER_LIST, serve_list, 0},
        {IPC_KEEPER_OPEN, serve_open, 0},
        {IPC_KEEPER_CLOSE, serve_close, 0},
        {IPC_KEEPER_EXPUNGE, serve_expunge, ACL_READ},
        {IPC_KEEPER_COPY, serve_copy, ACL_READ},
        {IPC_KEEPER_APPEND, serve_append, 0},
        {IPC_KEEPER_STATUS_ASK, serve_status, 0},
        {IPC_KEEPER_SPOOL_ASK, serve_spool, 0},
        {IPC_KEEPER_SPOOL_DROP, serve_spool_drop, 0},
        {IPC_KEEPER_SETTLE, serve_settle, NOT_FOR_VISITORS},
        {IPC_KEEPER_NAMES_ASK, serve_names, ACL_READ},
        {IPC_KEEPER_FOLDER_OP, serve_folder_op, 0},
        {IPC_KEEPER_WORDS_ASK, serve_words, ACL_READ},
        {IPC_KEEPER_INDEX_ASK, serve_index, NOT_FOR_VISITORS},
        {IPC_KEEPER_PICK, serve_pick, 0},
        {IPC_KEEPER_QUOTA_ASK, serve_quota, NOT_FOR_VISITORS},
        {IPC_KEEPER_WATCH, serve_watch, NOT_FOR_VISITORS},
        {IPC_KEEPER_NOTICES_ASK, serve_notices, NOT_FOR_VISITORS},
        {IPC_KEEPER_ATTRIBUTES_ASK, serve_attributes, 0},
        {IPC_KEEPER_ATTRIBUTES_SET, serve_set_attributes, 0},
        {IPC_KEEPER_DIGESTS_ASK, serve_digests, ACL_READ},
        {IPC_KEEPER_COLUMN_ASK, serve_column, ACL_READ},
        {IPC_KEEPER_VANISHED_ASK, serve_vanished, ACL_READ},
        {IPC_KEEPER_REMEMBER, serve_remember, ACL_READ},
        {IPC_KEEPER_RIGHTS_ASK, serve_rights, 0},
        {IPC_KEEPER_ACL_ASK, serve_acl, 0},
        {IPC_KEEPER_ACL_SET, serve_set_acl, 0},
        {IPC_KEEPER_KEPT_ASK, serve_kept, NOT_FOR_VISITORS},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].type == p->type) {
            if ((table[i].needs & NOT_FOR_VISITORS) && c->standing == STANDING_VISITOR)
                return err_new(ERR_DENIED, "not for visitors");
            unsigned needs = table[i].needs & ACL_ALL;
            err e = needs ? keeper_may_open(c, needs) : OK_ERR;
            return failed(e) ? e : table[i].run(c, p);
        }
    return err_new(ERR_SYNTAX, "a packet that no keeper knows");
}
