/* SPDX-License-Identifier: ISC */
#include "moving/moving.h"

#include "crypt/hash.h"
#include "os/file.h"

enum {
    INLINE_MAX = 60 * 1024, /* with the rest of its request it fits one packet */
    MARK_EVERY = 100,       /* messages between two durable marks */
};

struct import {
    struct store *to;
    struct moving_source *from;
    struct notes *j;
    const struct import_options *o;
    struct moving_result *result;
    str target;         /* the folder at work */
    struct map *strays; /* digest -> how often it lies there without a note, as a pointer */
    size_t since_mark, seen;
};

static void tell(const struct import *m, str key, const char *why)
{
    m->result->problems++;
    if (m->o->watch.problem)
        m->o->watch.problem(m->o->watch.ctx, m->target, key, why);
}

static bool known(void *ctx, str key)
{
    struct import *m = ctx;
    if (!notes_has(m->j, m->target, key))
        return false;
    m->result->before++;
    m->seen++;
    return true;
}

/* ---- what an earlier run added and did not note ---- */

static err count_body(struct import *m, const struct store_body *body)
{
    str bytes;
    char hex[2 * HASH_SIZE_MAX + 1];
    if (body->fd < 0)
        return OK_ERR;
    err e = fd_map(body->fd, MOVING_MESSAGE_MAX, &bytes);
    if (failed(e))
        return e;
    struct digest d = hash_of(HASH_SHA256, bytes);
    fd_unmap(bytes);
    digest_hex(&d, hex);
    str key = str_from(hex);
    map_put(m->strays, key, (void *)((uintptr_t)map_get(m->strays, key) + 1));
    return OK_ERR;
}

static void subtract_noted(struct import *m)
{
    size_t at = 0;
    str key;
    void *value;
    while (map_next(m->strays, &at, &key, &value)) {
        size_t there = (size_t)(uintptr_t)value, noted = notes_since_mark(m->j, m->target, key);
        if (there > noted)
            map_put(m->strays, key, (void *)(uintptr_t)(there - noted));
        else
            (void)map_take(m->strays, key); /* a count, no memory */
    }
}

static err find_strays(struct import *m)
{
    struct notes_mark mark;
    const struct store_box *box;
    map_free(m->strays);
    m->strays = map_new();
    if (!notes_last_mark(m->j, m->target, &mark))
        return OK_ERR;
    err e = store_select(m->to, m->target, STORE_EXAMINE, &box);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR; /* removed since: it all comes again, but for what is noted */
    if (failed(e) || box->uidvalidity != mark.uidvalidity)
        return e;
    for (size_t i = store_index(box, mark.uidnext); i < box->n && !failed(e);) {
        uint32_t uids[STORE_FETCH_MAX];
        struct store_body bodies[STORE_FETCH_MAX];
        size_t n = 0;
        for (; i < box->n && n < STORE_FETCH_MAX; i++)
            uids[n++] = box->messages[i].uid;
        e = store_fetch(m->to, uids, n, bodies);
        for (size_t k = 0; k < n && !failed(e); k++) {
            e = count_body(m, &bodies[k]);
            fd_closep(&bodies[k].fd);
        }
    }
    if (!failed(e))
        e = store_unselect(m->to);
    if (!failed(e))
        subtract_noted(m);
    return e;
}

/* ---- one message ---- */

static err spool(struct import *m, str bytes, uint32_t *ret_spool)
{
    auto_fd int fd = -1;
    err e = store_spool(m->to, m->target, &fd, ret_spool);
    if (!failed(e))
        e = file_write(fd, bytes);
    if (failed(e) && fd >= 0)
        (void)store_spool_drop(m->to, *ret_spool); /* it goes with the conversation at the latest */
    return e;
}

static err append(struct import *m, const struct moving_message *one, bool keywords)
{
    struct store_appended done;
    struct store_append a = {.folder = m->target,
                             .system_flags = one->flags,
                             .keywords = one->keywords,
                             .n_keywords = keywords ? one->n_keywords : 0,
                             .date = one->date < 0 ? -1 : one->date};
    err e = OK_ERR;
    if (one->bytes.n <= INLINE_MAX)
        a.bytes = one->bytes;
    else
        e = spool(m, one->bytes, &a.spool);
    return failed(e) ? e : store_append(m->to, &a, &done);
}

static err add(struct import *m, const struct moving_message *one)
{
    err e = append(m, one, true);
    if ((e.kind == ERR_LIMIT || e.kind == ERR_SYNTAX) && one->n_keywords) {
        e = append(m, one, false);
        if (!failed(e))
            tell(m, one->key,
                 "taken without its keywords: the folder has 26 others, or they are no atoms");
    }
    if (failed(e))
        m->result->why = store_reason(m->to);
    return e;
}

static err mark(struct import *m)
{
    struct store_status st;
    err e = store_status(m->to, m->target, &st);
    if (!failed(e))
        e = notes_set_mark(m->j, m->target, (struct notes_mark){st.uidvalidity, st.uidnext});
    m->since_mark = 0;
    return e;
}

static err take(struct import *m, const struct moving_message *one)
{
    char hex[2 * HASH_SIZE_MAX + 1];
    struct digest d = hash_of(HASH_SHA256, one->bytes);
    digest_hex(&d, hex);
    size_t strays = (size_t)(uintptr_t)map_get(m->strays, str_from(hex));
    if (strays) {
        if (strays > 1)
            map_put(m->strays, str_from(hex), (void *)(uintptr_t)(strays - 1));
        else
            (void)map_take(m->strays, str_from(hex)); /* a count, no memory */
        m->result->before++;
        return notes_add(m->j, m->target, one->key, str_from(hex));
    }
    err e = OK_ERR;
    /* While strays are looked for, the old mark must stand: it is what finds them. */
    if (m->since_mark >= MARK_EVERY && map_count(m->strays) == 0)
        e = mark(m);
    if (!failed(e))
        e = add(m, one);
    if (failed(e))
        return e;
    m->since_mark++;
    m->result->moved++;
    return notes_add(m->j, m->target, one->key, str_from(hex));
}

/* ---- folders ---- */

static err ready_target(struct import *m, const struct moving_folder *f)
{
    struct store_status st;
    err e = store_status(m->to, m->target, &st);
    if (e.kind == ERR_NOTFOUND)
        e = store_create(m->to, m->target);
    if (!failed(e) && f->subscribed)
        e = store_subscribe(m->to, m->target, STORE_SUBSCRIBE);
    if (failed(e)) {
        m->result->why = store_reason(m->to);
        return e;
    }
    e = find_strays(m);
    struct notes_mark old;
    if (!failed(e) && (map_count(m->strays) == 0 || !notes_last_mark(m->j, m->target, &old)))
        e = mark(m);
    return e;
}

static err move_folder(struct import *m, size_t number)
{
    const struct moving_folder *f = &m->from->folders[number];
    err e = ready_target(m, f);
    if (e.kind == ERR_DENIED || e.kind == ERR_SYNTAX || e.kind == ERR_LIMIT) {
        auto_arena struct arena *a = arena_new("reason", 1 << 16);
        tell(m, S(""), m->result->why.n ? arena_cstr(a, m->result->why) : err_text(e));
        m->result->why = S("");
        return OK_ERR;
    }
    if (failed(e))
        return e;
    e = m->from->open(m->from, number);
    if (failed(e)) {
        tell(m, S(""), err_text(e));
        return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? e : OK_ERR;
    }
    m->result->folders++;
    m->seen = 0;
    for (;;) {
        struct moving_message one;
        bool end;
        e = m->from->next(m->from, &one, &end);
        if (failed(e))
            m->result->why = m->from->why;
        if (failed(e) || end)
            break;
        m->seen++;
        if (one.problem)
            tell(m, one.key, one.problem);
        else
            e = take(m, &one);
        if (failed(e))
            break;
        if (m->o->watch.progress)
            m->o->watch.progress(m->o->watch.ctx, m->target, m->seen, f->messages);
    }
    err kept = notes_flush(m->j);
    return failed(e) ? e : kept;
}

err moving_import(struct store *to, struct moving_source *from, struct notes *j,
                  const struct import_options *o, struct moving_result *ret)
{
    struct import m = {.to = to, .from = from, .j = j, .o = o, .result = ret};
    err e = OK_ERR;
    *ret = (struct moving_result){0};
    from->is_done = known;
    from->done_ctx = &m;
    for (size_t i = 0; i < from->n_folders && !failed(e); i++) {
        auto_buf struct buf name;
        str own = from->folders[i].name;
        buf_init(&name, STORE_NAME_MAX + 1);
        bool inbox = str_ieq(own, S("INBOX"));
        buf_add(&name, o->into);
        if (!inbox || !o->into.n) { /* the source's INBOX becomes that folder itself */
            if (name.n)
                buf_addc(&name, '.');
            buf_add(&name, own);
        }
        m.target = buf_str(&name);
        if (name.over) {
            m.target = own;
            tell(&m, S(""), "its name is too long");
            continue;
        }
        e = move_folder(&m, i);
    }
    map_free(m.strays);
    from->is_done = NULL;
    return e;
}
