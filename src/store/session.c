/* SPDX-License-Identifier: ISC */
/* How it works: store_ask() sends one packet and waits for its answer, taking note of NEWS on the
 * way. The table is a private mapping of the keeper's sealed memory; flags that change copy one
 * page of it, growth past the mapping moves it to the heap. Expunges that may not be told yet wait
 * in `held`. */
#include "store/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/session_private.h"

struct store *store_new(int channel_fd)
{
    struct store *s = mem_alloc("store", sizeof *s);
    s->channel = channel_new(channel_fd);
    buf_init(&s->keywords, KEEPER_KEYWORDS_MAX);
    buf_init(&s->reason, KEEPER_TEXT_MAX);
    buf_init(&s->digest_buf, KEEPER_INLINE_MAX);
    return s;
}

void store_drop_table(struct store *s)
{
    if (s->mapped)
        (void)munmap(s->rows, s->mapped); /* only fails on wrong arguments */
    else
        free(s->rows);
    if (s->modseqs_mapped)
        (void)munmap(s->modseqs, s->modseqs_mapped); /* as above */
    else
        free(s->modseqs);
    s->rows = NULL;
    s->modseqs = NULL;
    s->n = s->room = s->mapped = s->modseqs_mapped = 0;
    fd_unmap(s->names);
    s->names = S("");
}

void store_free(struct store *s)
{
    if (!s)
        return;
    store_drop_table(s);
    store_drop_known(s);
    channel_free(s->channel);
    buf_done(&s->digest_buf);
    vec_done(&s->modified);
    free(s->digests_uids);
    buf_done(&s->keywords);
    buf_done(&s->reason);
    vec_done(&s->gone);
    vec_done(&s->changed);
    vec_done(&s->held);
    vec_done(&s->pairs);
    free(s);
}

int store_fd(const struct store *s)
{
    return channel_fd(s->channel);
}

str store_reason(const struct store *s)
{
    return s->reason.n ? buf_str(&s->reason) : S("the mail store does not answer");
}

bool store_has_news(struct store *s)
{
    struct packet p;
    while (!s->broken && !s->n_prefetch && !s->n_digests) {
        err e = channel_try_recv(s->channel, &p);
        if (e.kind == ERR_TEMP)
            break;
        if (failed(e))
            s->broken = true;
        else if (p.type == IPC_KEEPER_NEWS)
            s->news = true;
        else if (p.type == IPC_KEEPER_NOTICE)
            s->noticed = true;
    }
    return s->news || s->broken || s->held.n;
}

/* ---- asking ---- */

err store_broken(struct store *s)
{
    s->broken = true;
    buf_reset(&s->reason);
    return err_new(ERR_CLOSED, "the mail store went away");
}

err store_wait_for(struct store *s, uint32_t id, const struct ipc_schema *reply, void *ret,
                   struct packet *ret_packet)
{
    deadline by = deadline_in_ms(STORE_ANSWER_MS);
    for (;;) {
        struct packet p;
        err e = channel_recv(s->channel, by, &p);
        if (failed(e)) {
            (void)store_broken(s); /* the first error says more */
            return e;
        }
        if (p.type == IPC_KEEPER_NEWS || p.type == IPC_KEEPER_NOTICE) {
            s->news |= p.type == IPC_KEEPER_NEWS;
            s->noticed |= p.type == IPC_KEEPER_NOTICE;
            continue;
        }
        if (p.id != id)
            return store_broken(s);
        e = ipc_decode(reply, p.bytes, ret);
        if (failed(e)) {
            (void)store_broken(s); /* as above */
            return e;
        }
        if (ret_packet)
            *ret_packet = p;
        return OK_ERR;
    }
}

err store_drop_prefetch(struct store *s)
{
    if (s->n_digests)
        return store_drop_digests(s);
    if (!s->n_prefetch)
        return OK_ERR;
    s->n_prefetch = 0;
    struct keeper_bodies b;
    return store_wait_for(s, s->prefetch_id, &keeper_bodies_schema, &b, NULL);
}

err store_ask(struct store *s, const struct ipc_schema *m, const void *question,
              const struct ipc_schema *reply, void *ret, struct packet *ret_packet)
{
    if (s->broken)
        return store_broken(s);
    err e = store_drop_prefetch(s);
    if (failed(e))
        return e;
    buf_reset(&s->reason);
    uint32_t id = ++s->last_id ? s->last_id : ++s->last_id;
    e = channel_send(s->channel, m, id, question, NULL, 0);
    if (failed(e)) {
        (void)store_broken(s); /* the first error says more */
        return e;
    }
    return store_wait_for(s, id, reply, ret, ret_packet);
}

/* An answer's own verdict. */
err store_verdict(struct store *s, uint32_t outcome, str text)
{
    if (!outcome)
        return OK_ERR;
    buf_reset(&s->reason);
    buf_add(&s->reason, text);
    uint32_t kind = outcome & ((1u << KEEPER_OUTCOME_SYS) - 1);
    err e = err_new(kind > 0 && kind <= ERR_SYS ? (enum err_kind)kind : ERR_SYNTAX, "mail store");
    e.sys = (int)(outcome >> KEEPER_OUTCOME_SYS & 0xffff);
    return e;
}

err store_ask_done(struct store *s, const struct ipc_schema *m, const void *question)
{
    struct keeper_done d;
    err e = store_ask(s, m, question, &keeper_done_schema, &d, NULL);
    return failed(e) ? e : store_verdict(s, d.outcome, d.text);
}

uint32_t store_get_u32(str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Data that is either in the packet or, when long, in its first descriptor. */
err store_data_of(str data, struct packet *p, str *ret_mapped, str *ret)
{
    *ret_mapped = S("");
    *ret = data;
    if (!p->n_fds)
        return OK_ERR;
    if (!fd_is_sealed(p->fds[0]))
        return err_new(ERR_SYNTAX, "memory that is not sealed");
    err e = fd_map(p->fds[0], SIZE_MAX / 2, ret_mapped);
    if (!failed(e))
        *ret = *ret_mapped;
    return e;
}

/* ---- folders ---- */

/* Sorted: a parent stands before all that is below it. INBOX stands first, apart from its own. */
static void link_children(struct store_folder *f, size_t n)
{
    size_t path[STORE_NAME_MAX], depth = 0; /* the folders that f[i] is below */
    for (size_t i = 1; i < n; i++) {
        str name = f[i].name;
        if (str_istarts(name, S("INBOX.")) && !(f[i].flags & STORE_ABSENT))
            f[0].flags |= STORE_HAS_CHILDREN;
        while (depth > 0) {
            str up = f[path[depth - 1]].name;
            if (name.n > up.n && str_starts(name, up) && name.p[up.n] == '.')
                break;
            depth--;
        }
        for (size_t k = 0; k < depth && !(f[i].flags & STORE_ABSENT); k++)
            f[path[k]].flags |= STORE_HAS_CHILDREN;
        if (depth < STORE_NAME_MAX)
            path[depth++] = i;
    }
}

err store_list(struct store *s, struct arena *a, struct store_folder **ret, size_t *ret_n)
{
    struct keeper_data d;
    struct packet p;
    err e = store_ask(s, &keeper_list_schema, &(struct keeper_nothing){0}, &keeper_folders_schema,
                      &d, &p);
    if (!failed(e))
        e = store_verdict(s, d.outcome, d.text);
    str mapped, rest;
    if (!failed(e))
        e = store_data_of(d.data, &p, &mapped, &rest);
    if (failed(e))
        return e;
    size_t n = 0;
    for (size_t i = 0; i < rest.n; i++)
        n += rest.p[i] == 0;
    struct store_folder *f = NEW_N(a, struct store_folder, n + 1);
    n = 0;
    str one;
    while (str_cut(rest, 0, &one, &rest)) {
        if (one.n < 3)
            continue;
        /* 128 marks the byte as not NUL */
        f[n].flags = (unsigned char)one.p[0] & 127u;
        f[n].uses = (unsigned char)one.p[1] & 127u;
        f[n++].name = arena_copy(a, str_from_at(one, 2));
    }
    fd_unmap(mapped);
    link_children(f, n);
    *ret = f;
    *ret_n = n;
    return OK_ERR;
}

static err folder_op(struct store *s, enum keeper_folder_op op, str name, str to)
{
    if (name.n > STORE_NAME_MAX || to.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_folder_op_ask q = {.op = (uint32_t)op, .name = name, .to = to};
    return store_ask_done(s, &keeper_folder_op_schema, &q);
}

err store_create(struct store *s, str name)
{
    return folder_op(s, KEEPER_CREATE, name, S(""));
}

err store_delete(struct store *s, str name)
{
    return folder_op(s, KEEPER_DELETE, name, S(""));
}

err store_rename(struct store *s, str from, str to)
{
    return folder_op(s, KEEPER_RENAME, from, to);
}

err store_subscribe(struct store *s, str name, enum store_subscription want)
{
    return folder_op(s, want == STORE_SUBSCRIBE ? KEEPER_SUBSCRIBE : KEEPER_UNSUBSCRIBE, name,
                     S(""));
}

err store_status(struct store *s, str name, struct store_status *ret)
{
    if (name.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_status st;
    err e = store_ask(s, &keeper_status_ask_schema, &(struct keeper_name){name},
                      &keeper_status_schema, &st, NULL);
    if (!failed(e))
        e = store_verdict(s, st.outcome, st.text);
    if (failed(e))
        return e;
    *ret = (struct store_status){.messages = st.messages,
                                 .recent = st.recent,
                                 .unseen = st.unseen,
                                 .deleted = st.deleted,
                                 .uidnext = st.uidnext,
                                 .uidvalidity = st.uidvalidity,
                                 .size = st.size,
                                 .deleted_size = st.deleted_size,
                                 .highestmodseq = st.highest};
    (void)snprintf(ret->id, sizeof ret->id, "%.*s", STR_ARG(st.id)); /* the schema limits it */
    return OK_ERR;
}
