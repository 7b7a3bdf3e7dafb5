/* SPDX-License-Identifier: ISC */
/* How a session adds messages, picks one from anywhere, and keeps attributes. */
#include <assert.h>
#include <string.h>

#include "os/file.h"
#include "store/attributes.h"
#include "store/session_private.h"

static_assert((int)STORE_STAGED_MAX == (int)KEEPER_STAGED_MAX &&
                  (int)STORE_ATTRIBUTE_MAX == (int)ATTRIBUTES_VALUE_MAX &&
                  (int)STORE_ATTRIBUTES_MAX == (int)ATTRIBUTES_MAX,
              "the face says the same limits");

err store_spool(struct store *s, str folder, int *ret_fd, uint32_t *ret_spool)
{
    if (folder.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_spool a;
    struct packet p;
    err e = store_ask(s, &keeper_spool_ask_schema, &(struct keeper_name){folder},
                      &keeper_spool_schema, &a, &p);
    if (!failed(e))
        e = store_verdict(s, a.outcome, a.text);
    if (failed(e))
        return e;
    if (p.n_fds != 1)
        return store_broken(s);
    *ret_fd = fd_take(&p.fds[0]);
    *ret_spool = a.spool;
    return OK_ERR;
}

err store_spool_drop(struct store *s, uint32_t spool)
{
    return store_ask_done(s, &keeper_spool_drop_schema, &(struct keeper_spool_drop){spool});
}

/* Too long for a packet: by way of a file. */
static err append_by_spool(struct store *s, struct keeper_append *q)
{
    auto_fd int fd = -1;
    err e = store_spool(s, q->folder, &fd, &q->spool);
    if (failed(e))
        return e;
    e = file_write(fd, q->message);
    if (failed(e)) {
        (void)store_spool_drop(s, q->spool); /* the write's error is the one to tell */
        return e;
    }
    q->message = S("");
    return OK_ERR;
}

static err send_append(struct store *s, const struct store_append *m, enum keeper_append_step step,
                       struct store_appended *ret)
{
    if (m->folder.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    auto_buf struct buf names;
    buf_init(&names, KEEPER_KEYWORDS_MAX);
    err e = store_join_keywords(&names, m->keywords, m->n_keywords);
    struct keeper_append q = {.folder = m->folder,
                              .flags = m->system_flags & STORE_SYSTEM_FLAGS,
                              .keywords = buf_str(&names),
                              .date = m->date < 0 ? UINT64_MAX : (uint64_t)m->date,
                              .message = m->bytes,
                              .spool = m->spool,
                              .step = step,
                              .replaces = m->replaces};
    if (!failed(e) && m->bytes.n > KEEPER_INLINE_MAX)
        e = append_by_spool(s, &q);
    if (failed(e))
        return e;
    struct keeper_appended a;
    e = store_ask(s, &keeper_append_schema, &q, &keeper_appended_schema, &a, NULL);
    if (!failed(e))
        e = store_verdict(s, a.outcome, a.text);
    if (!failed(e))
        *ret = (struct store_appended){a.uidvalidity, a.uid, a.count};
    return e;
}

err store_append(struct store *s, const struct store_append *m, struct store_appended *ret)
{
    return send_append(s, m, KEEPER_APPEND_NOW, ret);
}

err store_stage(struct store *s, const struct store_append *m)
{
    struct store_appended nothing;
    return send_append(s, m, KEEPER_APPEND_STAGE, &nothing);
}

err store_unstage(struct store *s)
{
    struct store_appended nothing;
    return send_append(s, &(struct store_append){.date = -1}, KEEPER_APPEND_FORGET, &nothing);
}

err store_pick(struct store *s, str folder, uint32_t uidvalidity, uint32_t uid, int *ret_fd)
{
    if (folder.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_bodies b;
    struct packet p;
    err e = store_ask(s, &keeper_pick_schema, &(struct keeper_pick){folder, uidvalidity, uid},
                      &keeper_bodies_schema, &b, &p);
    if (!failed(e))
        e = store_verdict(s, b.outcome, b.text);
    if (!failed(e) && p.n_fds != 1)
        return store_broken(s);
    if (!failed(e))
        *ret_fd = fd_take(&p.fds[0]);
    return e;
}

err store_watch(struct store *s, const str *folders, size_t n, bool tree)
{
    auto_buf struct buf names;
    buf_init(&names, KEEPER_INLINE_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_add(&names, folders[i]);
        buf_addc(&names, 0);
    }
    if (names.over || n > KEEPER_WATCHED_MAX)
        return store_verdict(s, ERR_LIMIT, S("too many mailboxes"));
    return store_ask_done(s, &keeper_watch_schema, &(struct keeper_watch){buf_str(&names), tree});
}

bool store_has_notices(struct store *s)
{
    return s->noticed;
}

err store_notices(struct store *s, struct arena *a, struct store_notice **ret, size_t *ret_n)
{
    struct keeper_data d;
    s->noticed = false;
    err e = store_ask(s, &keeper_notices_ask_schema, &(struct keeper_nothing){0},
                      &keeper_notices_schema, &d, NULL);
    if (!failed(e))
        e = store_verdict(s, d.outcome, d.text);
    if (failed(e))
        return e;
    str rest = arena_copy(a, d.data), first, second;
    *ret = NEW_N(a, struct store_notice, rest.n / 3 + 1);
    *ret_n = 0;
    while (rest.n >= 3) {
        unsigned char kind = (unsigned char)rest.p[0];
        str after;
        if (!str_cut(str_from_at(rest, 1), 0, &first, &after) || !str_cut(after, 0, &second, &rest))
            break;
        (*ret)[(*ret_n)++] = (struct store_notice){(enum store_notice_kind)kind, first, second};
    }
    return OK_ERR;
}

err store_quota(struct store *s, struct store_quota *ret)
{
    struct keeper_quota q;
    err e = store_ask(s, &keeper_quota_ask_schema, &(struct keeper_nothing){0},
                      &keeper_quota_schema, &q, NULL);
    if (!failed(e))
        e = store_verdict(s, q.outcome, q.text);
    if (!failed(e))
        *ret = (struct store_quota){q.bytes, q.messages, q.most_bytes, q.most_messages};
    return e;
}

/* ---- attributes ---- */

err store_attributes(struct store *s, str folder, struct arena *a, struct store_attribute **ret,
                     size_t *ret_n)
{
    if (folder.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_data d;
    struct packet p;
    err e = store_ask(s, &keeper_attributes_ask_schema, &(struct keeper_name){folder},
                      &keeper_attributes_schema, &d, &p);
    if (!failed(e))
        e = store_verdict(s, d.outcome, d.text);
    str mapped, text;
    if (!failed(e))
        e = store_data_of(d.data, &p, &mapped, &text);
    if (failed(e))
        return e;
    struct attributes all;
    attributes_parse(arena_copy(a, text), &all);
    fd_unmap(mapped);
    *ret = NEW_N(a, struct store_attribute, all.n + 1);
    *ret_n = all.n;
    for (size_t i = 0; i < all.n; i++)
        (*ret)[i] = (struct store_attribute){all.at[i].name, all.at[i].value};
    return OK_ERR;
}

err store_set_attributes(struct store *s, str folder, const struct store_attribute *changes,
                         size_t n)
{
    struct attributes set = {0};
    auto_buf struct buf removed, text;
    buf_init(&removed, KEEPER_INLINE_MAX);
    buf_init(&text, KEEPER_INLINE_MAX);
    err e = folder.n <= STORE_NAME_MAX ? OK_ERR : err_new(ERR_LIMIT, "name");
    for (size_t i = 0; i < n && !failed(e); i++) {
        struct attribute one = {changes[i].name, changes[i].value};
        e = attributes_merge(&set, &one, 1);
        if (changes[i].value.p == NULL) {
            buf_add(&removed, changes[i].name);
            buf_addc(&removed, 0);
        }
    }
    attributes_write(&set, &text);
    if (!failed(e))
        e = buf_check(&text, "attributes");
    if (!failed(e))
        e = buf_check(&removed, "attributes");
    if (failed(e))
        return store_verdict(s, (uint32_t)e.kind, S("more than can be kept"));
    struct keeper_attributes_set q = {folder, buf_str(&removed), buf_str(&text)};
    return store_ask_done(s, &keeper_attributes_set_schema, &q);
}
