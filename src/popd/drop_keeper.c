/* SPDX-License-Identifier: ISC */
/* How it works: clients fetch messages one after the other, so a fetch asks the keeper for a
 * window of bodies, and for the next window at once: the keeper opens files while we send. The
 * window grows from one as the client goes on in order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/fd.h"
#include "popd/maildrop.h"
#include "store/session.h"

enum { READ_MAX = 256 * 1024 };

struct keeper_drop {
    struct store *store;
    const struct store_box *box;
    str names;
    uint32_t *name_at; /* offset of each message's UIDL in names */
    struct store_body window[STORE_FETCH_MAX];
    size_t first, n, width; /* window[0] is message `first` */
    size_t next;            /* one behind the message fetched last */
    char *bytes;            /* READ_MAX, for small messages */
    str mapped;
};

static void drop_window(struct keeper_drop *k)
{
    for (size_t i = 0; i < k->n; i++)
        fd_closep(&k->window[i].fd);
    k->n = 0;
}

static size_t uids_from(const struct keeper_drop *k, size_t from, size_t width, uint32_t *ret)
{
    size_t n = 0;
    for (; n < width && from + n < k->box->n; n++)
        ret[n] = k->box->messages[from + n].uid;
    return n;
}

static err load_window(struct keeper_drop *k, size_t i)
{
    uint32_t uids[STORE_FETCH_MAX];
    bool in_order = i == k->next && i > 0;
    if (!in_order)
        k->width = 1;
    else if (i != k->first + k->n || k->width == 1)
        k->width = k->width * 4 < STORE_FETCH_MAX ? k->width * 4 : STORE_FETCH_MAX;
    drop_window(k);
    size_t n = uids_from(k, i, k->width, uids);
    err e = store_fetch(k->store, uids, n, k->window);
    if (failed(e))
        return e;
    k->first = i;
    k->n = n;
    k->width = in_order ? (n * 4 < STORE_FETCH_MAX ? n * 4 : STORE_FETCH_MAX) : 1;
    size_t ahead = uids_from(k, i + n, k->width, uids);
    return in_order && ahead ? store_prefetch(k->store, uids, ahead) : OK_ERR;
}

static err read_body(struct keeper_drop *k, int fd, str *ret)
{
    size_t at = 0;
    while (at < READ_MAX) {
        ssize_t n = read(fd, k->bytes + at, READ_MAX - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys("read");
        if (n == 0) {
            *ret = str_of(k->bytes, at);
            return OK_ERR;
        }
        at += (size_t)n;
    }
    err e = fd_map(fd, SIZE_MAX / 2, &k->mapped);
    if (!failed(e))
        *ret = k->mapped;
    return e;
}

static err keeper_body(struct maildrop *d, size_t i, str *ret)
{
    struct keeper_drop *k = d->data;
    fd_unmap(k->mapped);
    k->mapped = S("");
    bool here = i >= k->first && i < k->first + k->n && k->window[i - k->first].fd >= 0;
    if (!here) {
        err e = load_window(k, i);
        if (failed(e))
            return e;
    }
    k->next = i + 1;
    struct store_body *b = &k->window[i - k->first];
    if (b->fd < 0)
        return err_new(ERR_NOTFOUND, "unable to open that message");
    err e = read_body(k, b->fd, ret);
    fd_closep(&b->fd);
    return e;
}

static uint64_t keeper_size(struct maildrop *d, size_t i)
{
    const struct keeper_drop *k = d->data;
    return k->box->messages[i].size;
}

static str keeper_uidl(struct maildrop *d, size_t i)
{
    const struct keeper_drop *k = d->data;
    return str_from(k->names.p + k->name_at[i]);
}

static err keeper_commit(struct maildrop *d, const bool *deleted)
{
    struct keeper_drop *k = d->data;
    VEC(struct store_range) set = {0};
    for (size_t i = 0; i < d->n; i++) {
        uint32_t uid = k->box->messages[i].uid;
        if (!deleted[i])
            continue;
        /* Neighbours in the table join: no UID between them exists. */
        if (set.n && i && deleted[i - 1])
            set.at[set.n - 1].to = uid;
        else
            vec_push(&set, (struct store_range){uid, uid});
    }
    drop_window(k);
    err e = set.n ? store_expunge(k->store, STORE_EXPUNGE_ALL, set.at, set.n) : OK_ERR;
    vec_done(&set);
    err settled = store_settle(k->store);
    return failed(e) ? e : settled;
}

static void keeper_free(struct maildrop *d)
{
    struct keeper_drop *k = d->data;
    drop_window(k);
    fd_unmap(k->mapped);
    store_free(k->store);
    free(k->name_at);
    free(k->bytes);
    free(k);
}

static const struct maildrop_kind keeper_kind = {
    .size = keeper_size,
    .uidl = keeper_uidl,
    .body = keeper_body,
    .commit = keeper_commit,
    .free = keeper_free,
};

static err find_names(struct keeper_drop *k)
{
    k->name_at = mem_alloc("names", (k->box->n + 1) * sizeof *k->name_at);
    size_t at = 0;
    for (size_t i = 0; i < k->box->n; i++) {
        ptrdiff_t end = str_find(str_from_at(k->names, at), 0);
        if (end < 0 || at > UINT32_MAX)
            return err_new(ERR_SYNTAX, "names and messages do not agree");
        k->name_at[i] = (uint32_t)at;
        at += (size_t)end + 1;
    }
    return OK_ERR;
}

err maildrop_from_store(struct store *s, struct maildrop *ret)
{
    struct keeper_drop *k = mem_alloc("maildrop", sizeof *k);
    *k = (struct keeper_drop){.store = s, .mapped = S(""), .names = S("")};
    k->bytes = mem_alloc("message", READ_MAX);
    struct maildrop d = {.kind = &keeper_kind, .data = k};
    err e = store_select(s, S("INBOX"), STORE_POP, &k->box);
    if (!failed(e))
        e = store_uidls(s, &k->names);
    if (!failed(e))
        e = find_names(k);
    if (failed(e)) {
        keeper_free(&d);
        return e;
    }
    d.n = k->box->n;
    *ret = d;
    return OK_ERR;
}

void maildrop_done(struct maildrop *d)
{
    if (d->kind)
        d->kind->free(d);
    *d = (struct maildrop){0};
}
