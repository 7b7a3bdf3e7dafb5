/* SPDX-License-Identifier: ISC */
/* Where the words of the open mailbox lie (the session looks for itself), and how far they are
 * gathered. */
#include "keeper/indexer.h"
#include "os/fd.h"

static err words_of_box(struct client *c, int *ret_index, int *ret_text)
{
    auto_buf struct buf name;
    buf_init(&name, 2048);
    if (!c->held)
        return err_new(ERR_DENIED, "no mailbox is open");
    if (indexer_is_off(c->keeper))
        return err_new(ERR_NOTFOUND, "this user wants no index");
    struct fulltext_place place = indexer_place(c->keeper, c->held, &name);
    err e = buf_check(&name, "path");
    return failed(e) ? e : fulltext_files(&place, ret_index, ret_text);
}

err serve_words(struct client *c, const struct packet *p)
{
    int fds[2] = {-1, -1};
    err e = words_of_box(c, &fds[0], &fds[1]);
    struct keeper_done a = {.outcome = outcome_of(e), .text = words_of(e)};
    e = channel_try_send(c->channel, &keeper_words_schema, p->id, &a, fds, failed(e) ? 0 : 2);
    fd_close(fds[0]);
    fd_close(fds[1]);
    return e;
}

static err forget_words(struct client *c)
{
    auto_buf struct buf name;
    buf_init(&name, 2048);
    struct fulltext_place place = indexer_place(c->keeper, c->held, &name);
    indexer_stop(c->keeper);
    c->held->unwilling = 0;
    err e = buf_check(&name, "path");
    return failed(e) ? e : fulltext_drop(&place);
}

static err grant(struct client *c, enum store_index_wish wish)
{
    struct keeper *k = c->keeper;
    err e = OK_ERR;
    if (!c->held)
        return err_new(ERR_DENIED, "no mailbox is open");
    if (wish == STORE_INDEX_ON || wish == STORE_INDEX_OFF)
        e = indexer_turn(k, wish == STORE_INDEX_ON);
    if (!failed(e) && (wish == STORE_INDEX_ANEW || wish == STORE_INDEX_OFF))
        e = forget_words(c);
    if (!failed(e) && (wish == STORE_INDEX_ANEW || wish == STORE_INDEX_NOW))
        indexer_hurry(k, c->held);
    return e;
}

err serve_index(struct client *c, const struct packet *p)
{
    struct keeper_index_ask q;
    err e = ipc_decode(&keeper_index_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    if (q.wish > STORE_INDEX_ON)
        return err_new(ERR_SYNTAX, "unknown wish");
    e = grant(c, (enum store_index_wish)q.wish);
    struct keeper_index a = {.outcome = outcome_of(e), .text = words_of(e)};
    if (c->held) {
        const struct box *b = c->held->box;
        uint32_t known = indexer_known(c->keeper, c->held);
        a.total = (uint32_t)b->table.n;
        a.done = (uint32_t)(known == UINT32_MAX ? 0 : box_from(b, known + 1));
        a.off = indexer_is_off(c->keeper);
        a.unwilling = b->table.n && c->held->unwilling == b->table.at[b->table.n - 1].uid;
    }
    return channel_try_send(c->channel, &keeper_index_schema, p->id, &a, NULL, 0);
}
