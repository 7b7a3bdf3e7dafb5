/* SPDX-License-Identifier: ISC */
/* How it works: the keeper passes the files with the mailbox's words; to look through them is this
 * process's work. */
#include "os/fd.h"
#include "store/fulltext.h"
#include "store/session_private.h"

err store_find(struct store *s, struct arena *a, const struct store_find_key *key,
               struct store_found *ret)
{
    struct keeper_done d;
    struct packet p;
    *ret = (struct store_found){0}; /* no index: every message has to be read */
    err e = store_ask(s, &keeper_words_ask_schema, &(struct keeper_nothing){0},
                      &keeper_words_schema, &d, &p);
    if (failed(e))
        return e;
    e = store_verdict(s, d.outcome, d.text);
    if (failed(e))
        return e.kind == ERR_NOTFOUND ? OK_ERR : e;
    if (p.n_fds != 2)
        return store_broken(s);
    auto_fd int index = fd_take(&p.fds[0]), text = fd_take(&p.fds[1]);
    struct fulltext_view v;
    e = fulltext_view_open(index, text, s->box.uidvalidity, &v);
    if (failed(e)) /* of other messages, or being replaced */
        return e.kind == ERR_NOTFOUND ? OK_ERR : e;
    fulltext_find(&v, key, a, ret);
    fulltext_view_done(&v);
    return OK_ERR;
}

err store_index_wish(struct store *s, enum store_index_wish wish, struct store_index *ret)
{
    struct keeper_index_ask q = {(uint32_t)wish};
    struct keeper_index a;
    err e = store_ask(s, &keeper_index_ask_schema, &q, &keeper_index_schema, &a, NULL);
    if (!failed(e))
        e = store_verdict(s, a.outcome, a.text);
    if (!failed(e))
        *ret = (struct store_index){
            .done = a.done, .total = a.total, .off = a.off != 0, .unwilling = a.unwilling != 0};
    return e;
}
