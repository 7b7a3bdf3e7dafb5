/* SPDX-License-Identifier: ISC */
/* Where the words of the open mailbox lie: the session looks for itself. */
#include "keeper/indexer.h"
#include "os/fd.h"

err serve_find(struct client *c, const struct packet *p)
{
    struct keeper_find_ask q;
    err e = ipc_decode(&keeper_find_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct keeper_find a = {0};
    int fds[3] = {-1, -1, -1};
    auto_buf struct buf name;
    buf_init(&name, 2048);
    e = c->held ? OK_ERR : err_new(ERR_DENIED, "no mailbox is open");
    if (!failed(e) && indexer_is_off(c->keeper))
        e = err_new(ERR_NOTFOUND, "this user wants no index");
    if (!failed(e)) {
        struct fulltext_place place = indexer_place(c->keeper, c->held, &name);
        e = buf_check(&name, "path");
        if (!failed(e))
            e = fulltext_files(&place, &fds[0], &fds[1]);
    }
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    e = channel_try_send(c->channel, &keeper_find_schema, p->id, &a, fds, failed(e) ? 0 : 2);
    for (size_t i = 0; i < 3; i++)
        fd_close(fds[i]);
    return e;
}
