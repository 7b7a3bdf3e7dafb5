/* SPDX-License-Identifier: ISC */
/* How it works: the keeper passes the files with the mailbox's words (and, for a large one, which
 * messages can match at all); the search itself is this process's work. */
#include "os/fd.h"
#include "store/fulltext.h"
#include "store/session_private.h"

static err only_of(const struct keeper_find *f, struct packet *p, struct arena *a, uint32_t **ret,
                   size_t *ret_n)
{
    str mapped, data;
    err e = store_data_of(f->only, p, &mapped, &data);
    if (failed(e))
        return e;
    *ret_n = data.n / 4;
    *ret = NEW_N(a, uint32_t, *ret_n + 1);
    for (size_t i = 0; i < *ret_n; i++)
        (*ret)[i] = store_get_u32(data, i * 4);
    fd_unmap(mapped);
    return OK_ERR;
}

err store_find(struct store *s, struct arena *a, const struct store_find_key *key,
               struct store_found *ret)
{
    struct keeper_find_ask q = {str_slice(key->text, 0, KEEPER_FIND_MAX)};
    struct keeper_find f;
    struct packet p;
    *ret = (struct store_found){0}; /* no index: every message has to be read */
    err e = store_ask(s, &keeper_find_ask_schema, &q, &keeper_find_schema, &f, &p);
    if (failed(e))
        return e;
    if (f.outcome == ERR_NOTFOUND)
        return OK_ERR;
    e = store_verdict(s, f.outcome, f.text);
    if (failed(e))
        return e;
    if (p.n_fds < 2)
        return store_broken(s);
    auto_fd int index = fd_take(&p.fds[0]), text = fd_take(&p.fds[1]);
    uint32_t *only = NULL;
    size_t n_only = 0;
    if (f.narrowed) {
        p.n_fds = p.n_fds > 2; /* store_data_of() looks at the first */
        if (p.n_fds)
            p.fds[0] = fd_take(&p.fds[2]);
        e = only_of(&f, &p, a, &only, &n_only);
        if (failed(e))
            return e;
    }
    struct fulltext_view v;
    e = fulltext_view_open(index, text, s->box.uidvalidity, &v);
    if (failed(e)) /* of other messages, or being replaced */
        return e.kind == ERR_NOTFOUND ? OK_ERR : e;
    fulltext_find(&v, key, only, n_only, a, ret);
    fulltext_view_done(&v);
    return OK_ERR;
}
