/* SPDX-License-Identifier: ISC */
/* How it works: one table from packet type to function; each decodes its question, does it,
 * and sends exactly one answer. Only a broken conversation is an error here. */
#include "keeper/keeper.h"

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
    if (!failed(e))
        e = data_or_memory(&b, &a.data, &fd);
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

static err delete_folder(struct keeper *k, str name)
{
    err e = folders_delete(&k->folders, name);
    if (failed(e))
        return e;
    forget_one(k, name);
    index_box_deleted(k->index, name);
    return e;
}

static err serve_folder_op(struct client *c, const struct packet *p)
{
    struct keeper_folder_op_ask q;
    err e = ipc_decode(&keeper_folder_op_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct keeper *k = c->keeper;
    switch (q.op) {
    case KEEPER_CREATE:
        e = folders_create(&k->folders, q.name);
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

err serve(struct client *c, const struct packet *p)
{
    static const struct {
        uint32_t type;
        err (*run)(struct client *c, const struct packet *p);
    } table[] = {
        {IPC_KEEPER_SYNC_ASK, serve_sync},
        {IPC_KEEPER_FETCH, serve_fetch},
        {IPC_KEEPER_FLAGS, serve_flags},
        {IPC_KEEPER_LIST, serve_list},
        {IPC_KEEPER_OPEN, serve_open},
        {IPC_KEEPER_CLOSE, serve_close},
        {IPC_KEEPER_EXPUNGE, serve_expunge},
        {IPC_KEEPER_COPY, serve_copy},
        {IPC_KEEPER_APPEND, serve_append},
        {IPC_KEEPER_STATUS_ASK, serve_status},
        {IPC_KEEPER_SPOOL_ASK, serve_spool},
        {IPC_KEEPER_SPOOL_DROP, serve_spool_drop},
        {IPC_KEEPER_SETTLE, serve_settle},
        {IPC_KEEPER_NAMES_ASK, serve_names},
        {IPC_KEEPER_FOLDER_OP, serve_folder_op},
        {IPC_KEEPER_WORDS_ASK, serve_words},
        {IPC_KEEPER_INDEX_ASK, serve_index},
        {IPC_KEEPER_PICK, serve_pick},
        {IPC_KEEPER_QUOTA_ASK, serve_quota},
        {IPC_KEEPER_WATCH, serve_watch},
        {IPC_KEEPER_NOTICES_ASK, serve_notices},
        {IPC_KEEPER_ATTRIBUTES_ASK, serve_attributes},
        {IPC_KEEPER_ATTRIBUTES_SET, serve_set_attributes},
        {IPC_KEEPER_DIGESTS_ASK, serve_digests},
        {IPC_KEEPER_COLUMN_ASK, serve_column},
        {IPC_KEEPER_VANISHED_ASK, serve_vanished},
        {IPC_KEEPER_REMEMBER, serve_remember},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].type == p->type)
            return table[i].run(c, p);
    return err_new(ERR_SYNTAX, "a packet that no keeper knows");
}
