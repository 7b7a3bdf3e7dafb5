/* SPDX-License-Identifier: ISC */
/* Where the words of the open mailbox lie: the session looks for itself. */
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
