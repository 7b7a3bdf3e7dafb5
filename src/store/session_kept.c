/* SPDX-License-Identifier: ISC */
/* What was expunged and is kept: the administrator's questions. */
#include "ipc/keeper.h"
#include "os/fd.h"
#include "store/session_private.h"

static err ask(struct store *s, enum keeper_kept_wish wish, str folder, int64_t since,
               struct packet *ret_packet, struct keeper_data *ret)
{
    if (folder.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_kept_ask q = {
        .wish = (uint32_t)wish, .folder = folder, .since = since > 0 ? (uint64_t)since : 0};
    err e = store_ask(s, &keeper_kept_ask_schema, &q, &keeper_kept_schema, ret, ret_packet);
    return failed(e) ? e : store_verdict(s, ret->outcome, ret->text);
}

static bool take(str *line, str *ret)
{
    return str_cut(*line, '\t', ret, line);
}

static bool read_line(str line, struct store_kept *ret)
{
    str expunged, date, size;
    uint64_t e, d;
    if (!take(&line, &ret->folder) || !take(&line, &expunged) || !take(&line, &date) ||
        !take(&line, &size) || !str_u64(expunged, &e) || !str_u64(date, &d) ||
        !str_u64(size, &ret->size))
        return false;
    ret->expunged = (int64_t)e;
    ret->date = (int64_t)d;
    ret->subject = line;
    return true;
}

err store_kept(struct store *s, str folder, int64_t since, struct arena *a, struct store_kept **ret,
               size_t *ret_n)
{
    struct keeper_data d;
    struct packet p;
    str mapped, text, line;
    err e = ask(s, KEEPER_KEPT_LIST, folder, since, &p, &d);
    if (!failed(e))
        e = store_data_of(d.data, &p, &mapped, &text);
    if (failed(e))
        return e;
    text = arena_copy(a, text);
    fd_unmap(mapped);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    *ret = NEW_N(a, struct store_kept, n + 1);
    *ret_n = 0;
    while (str_line(&text, &line))
        if (read_line(line, &(*ret)[*ret_n]))
            ++*ret_n;
    return OK_ERR;
}

err store_undelete(struct store *s, str folder, int64_t since, size_t *ret_n)
{
    struct keeper_data d;
    struct packet p;
    uint64_t n = 0;
    err e = ask(s, KEEPER_KEPT_BACK, folder, since, &p, &d);
    if (!failed(e) && !str_u64(d.data, &n))
        e = store_broken(s);
    if (!failed(e))
        *ret_n = (size_t)n;
    return e;
}
