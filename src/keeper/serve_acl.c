/* SPDX-License-Identifier: ISC */
/* Who may do what (wire/acl.h). Who asks is init's word, given with his knock; his rights are found
 * anew with each question from the folder's own file, so that one who loses them loses them at
 * once. A client has the rights on the folder he asked about last by the file as it was then: as
 * long as the file is the same, it need not be read again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/init.h"
#include "keeper/keeper.h"
#include "os/fd.h"
#include "os/file.h"
#include "store/acl_file.h"
#include "store/maildir.h"

enum { ACL_ARENA_MAX = 4 * ACL_FILE_MAX, SHARED_WITH_MAX = 64 };

static err acl_path(const struct keeper *k, str folder, struct buf *ret)
{
    err e = OK_ERR;
    if (folder_is_inbox(folder))
        buf_add(ret, str_from(k->folders.root));
    else
        e = folders_path(&k->folders, folder, ret);
    if (failed(e))
        return e;
    buf_add(ret, S("/" ACL_FILE));
    buf_addc(ret, 0);
    return buf_check(ret, "path");
}

static struct acl_who who_is(const struct client *c)
{
    bool owner = c->standing != STANDING_VISITOR;
    return (struct acl_who){str_from(owner ? c->keeper->user : c->visitor), owner};
}

static unsigned read_rights(const struct client *c, const char *path)
{
    struct acl_who who = who_is(c);
    auto_arena struct arena *a = arena_new("rights", ACL_ARENA_MAX);
    struct acl *acl = NEW(a, struct acl);
    bool there = acl_file_read(c->keeper->folders.home, path, a, acl);
    return acl_rights(there ? acl : NULL, &who);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

unsigned keeper_rights(struct client *c, str folder)
{
    if (c->standing == STANDING_ALL)
        return ACL_ALL;
    struct stat st = {0};
    auto_buf struct buf path;
    buf_init(&path, 2048);
    err e = acl_path(c->keeper, folder, &path);
    if (failed(e))
        return c->standing == STANDING_OWNER ? ACL_ALL : 0; /* the name is refused by who uses it */
    e = file_stat(c->keeper->folders.home, path.p, &st);
    if (e.kind == ERR_NOTFOUND)
        return c->standing == STANDING_OWNER ? ACL_ALL : 0;
    if (!failed(e) && str_eq(str_from(c->acl_folder), folder) && is_same(&st, &c->acl_stamp))
        return c->acl_rights;
    unsigned rights = read_rights(c, path.p);
    (void)snprintf(c->acl_folder, sizeof c->acl_folder, "%.*s", STR_ARG(folder)); /* fits */
    c->acl_stamp = st;
    c->acl_rights = rights;
    return rights;
}

static err no_permission(void)
{
    err e = err_new(ERR_DENIED, "you have no right to do that");
    e.sys = EACCES;
    return e;
}

err keeper_may(struct client *c, str folder, unsigned needs)
{
    unsigned has = keeper_rights(c, folder);
    if ((has & needs) == needs)
        return OK_ERR;
    /* RFC 4314 6: who may not look must not learn that it exists. */
    return has & ACL_LOOKUP ? no_permission() : err_new(ERR_NOTFOUND, "no such folder");
}

err keeper_may_open(struct client *c, unsigned needs)
{
    return c->held ? keeper_may(c, str_from(c->held->box->folder), needs) : OK_ERR;
}

/* RFC 4314 4: a new mailbox needs `k` on the one above; at the top there is only the owner's. */
err keeper_may_create(struct client *c, str name)
{
    ptrdiff_t dot = str_rfind(name, '.');
    if (c->standing == STANDING_ALL)
        return OK_ERR;
    if (dot > 0)
        return keeper_may(c, str_slice(name, 0, (size_t)dot), ACL_CREATE);
    return c->standing == STANDING_OWNER ? OK_ERR : no_permission();
}

uint32_t keeper_flags_allowed(struct client *c, str folder)
{
    unsigned has = keeper_rights(c, folder);
    uint32_t other = ~(uint32_t)(STORE_SEEN | STORE_DELETED);
    return (has & ACL_SEEN ? STORE_SEEN : 0) | (has & ACL_DELETED ? STORE_DELETED : 0) |
           (has & ACL_WRITE ? other : 0);
}

/* ---- what a visitor sees of the folders ---- */

static void mark_levels(struct map *seen, str name)
{
    static char mark;
    map_put(seen, name, &mark);
    for (size_t i = 1; i < name.n; i++)
        if (name.p[i] == '.')
            map_put(seen, str_slice(name, 0, i), &mark);
}

static void list_one(struct client *c, str one, bool visible, struct buf *out)
{
    (void)c;
    unsigned flags = (unsigned char)one.p[0] & 127u & ~(unsigned)STORE_SUBSCRIBED;
    if (!visible)
        flags = STORE_NOSELECT;
    buf_addc(out, (char)(flags | 128));
    buf_addc(out, (char)128); /* what it is for is its owner's business */
    buf_add(out, str_from_at(one, 2));
    buf_addc(out, 0);
}

void keeper_list_for(struct client *c, str all, struct buf *out)
{
    struct map *seen = map_new(), *levels = map_new();
    static char mark;
    str rest = all, one;
    while (str_cut(rest, 0, &one, &rest)) {
        str name = str_from_at(one, 2);
        bool nothing = ((unsigned char)one.p[0] & (STORE_NOSELECT | STORE_ABSENT)) != 0;
        if (one.n < 3 || nothing || !(keeper_rights(c, name) & ACL_LOOKUP))
            continue;
        map_put(seen, name, &mark);
        mark_levels(levels, name);
    }
    rest = all;
    while (str_cut(rest, 0, &one, &rest))
        if (one.n >= 3 && map_get(levels, str_from_at(one, 2)))
            list_one(c, one, map_get(seen, str_from_at(one, 2)) != NULL, out);
    map_free(seen);
    map_free(levels);
}

/* ---- whom anything is shared with: init keeps a list for all owners ---- */

struct sharing {
    struct keeper *keeper;
    struct arena *a;
    struct map *with;
};

static void add_shared(struct sharing *s, str folder)
{
    static char mark;
    auto_buf struct buf path;
    buf_init(&path, 2048);
    err e = acl_path(s->keeper, folder, &path);
    auto_arena struct arena *a = arena_new("rights", ACL_ARENA_MAX);
    struct acl *acl = NEW(a, struct acl);
    if (failed(e) || !acl_file_read(s->keeper->folders.home, path.p, a, acl) || acl->damaged)
        return;
    for (size_t i = 0; i < acl->n; i++) {
        const struct acl_entry *one = &acl->at[i];
        bool all = one->kind == ACL_ANYONE || one->kind == ACL_AUTHENTICATED;
        if (one->negative || !one->rights || (!all && one->kind != ACL_USER))
            continue;
        str name = all ? S("*") : one->name;
        if (!map_get(s->with, name) && map_count(s->with) <= SHARED_WITH_MAX)
            map_put(s->with, arena_copy(s->a, name), &mark);
    }
}

static err shared_entry(void *ctx, const struct dir_entry *d)
{
    str name = d->name;
    if (str_skip(&name, S(".")) && name.n && name.p[0] != '.')
        add_shared(ctx, name);
    return OK_ERR;
}

/* More names than are worth keeping stand for all: then everybody's LIST asks us, and sees what he
 * may see. */
void keeper_announce(struct keeper *k)
{
    if (!k->shares || !k->init)
        return;
    struct sharing s = {.keeper = k, .a = arena_new("sharing", 1 << 20), .with = map_new()};
    add_shared(&s, S("INBOX"));
    err e = dir_each(k->folders.home, k->folders.root, shared_entry, &s);
    auto_buf struct buf b;
    buf_init(&b, INIT_SHARES_MAX);
    if (map_get(s.with, S("*")) || map_count(s.with) > SHARED_WITH_MAX) {
        buf_add(&b, S("*\0"));
    } else {
        size_t at = 0;
        str name;
        void *v;
        while (map_next(s.with, &at, &name, &v)) {
            buf_add(&b, name);
            buf_addc(&b, 0);
        }
    }
    struct init_shares m = {.with = b.over ? S("*\0") : buf_str(&b)};
    if (!failed(e) || e.kind == ERR_NOTFOUND) /* init full: the next change or start tells it */
        (void)channel_try_send(k->init, &init_shares_schema, 0, &m, NULL, 0);
    map_free(s.with);
    arena_free(s.a);
}

/* ---- the questions ---- */

err serve_rights(struct client *c, const struct packet *p)
{
    struct keeper_name q;
    err e = ipc_decode(&keeper_rights_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    struct keeper_rights a = {0};
    if (!folder_exists(&c->keeper->folders, q.name))
        e = err_new(ERR_NOTFOUND, "no such folder");
    else
        a.rights = keeper_rights(c, q.name);
    /* RFC 4314 3.5: any of these lets him ask. */
    unsigned some = ACL_LOOKUP | ACL_READ | ACL_INSERT | ACL_CREATE | ACL_DELETE_BOX | ACL_ADMIN;
    if (!failed(e) && !(a.rights & some))
        e = err_new(ERR_NOTFOUND, "no such folder");
    a.outcome = outcome_of(e);
    a.text = words_of(e);
    return channel_try_send(c->channel, &keeper_rights_schema, p->id, &a, NULL, 0);
}

/* Of a folder that exists, for one who administers it. */
static err acl_of(struct client *c, str folder, struct arena *a, struct buf *path, struct acl **ret)
{
    struct keeper *k = c->keeper;
    err e = folder_exists(&k->folders, folder) ? keeper_may(c, folder, ACL_ADMIN)
                                               : err_new(ERR_NOTFOUND, "no such folder");
    if (!failed(e))
        e = acl_path(k, folder, path);
    if (failed(e))
        return e;
    *ret = NEW(a, struct acl);
    (void)acl_file_read(k->folders.home, path->p, a, *ret); /* without one: no entries */
    return (*ret)->damaged ? err_new(ERR_DENIED, "the mailbox's file of rights is damaged") : e;
}

err serve_acl(struct client *c, const struct packet *p)
{
    struct keeper_name q;
    err e = ipc_decode(&keeper_acl_ask_schema, p->bytes, &q);
    if (failed(e))
        return e;
    auto_arena struct arena *a = arena_new("rights", ACL_ARENA_MAX);
    auto_buf struct buf path, text;
    auto_fd int fd = -1;
    buf_init(&path, 2048);
    buf_init(&text, ACL_FILE_MAX);
    struct keeper_data answer = {.data = S("")};
    struct acl *acl;
    e = acl_of(c, q.name, a, &path, &acl);
    if (!failed(e)) {
        acl_write(acl, &text);
        e = buf_check(&text, "rights");
    }
    if (!failed(e))
        e = data_or_memory(&text, &answer.data, &fd);
    answer.outcome = outcome_of(e);
    answer.text = words_of(e);
    return channel_try_send(c->channel, &keeper_acl_schema, p->id, &answer, &fd, fd >= 0);
}

/* Those who look at the folder ask again, and hear what they are now. */
static void tell_viewers(struct keeper *k, str folder)
{
    list_each (it, &k->clients) {
        struct client *c = container_of(it, struct client, node);
        c->acl_folder[0] = 0;
        if (!c->held || !str_eq(str_from(c->held->box->folder), folder) || c->told ||
            c->standing == STANDING_ALL)
            continue;
        err e = channel_try_send(c->channel, &keeper_news_schema, 0, &(struct keeper_nothing){0},
                                 NULL, 0);
        c->told = !failed(e);
    }
}

static err set_acl(struct client *c, const struct keeper_acl_set *q)
{
    struct keeper *k = c->keeper;
    auto_arena struct arena *a = arena_new("rights", ACL_ARENA_MAX);
    auto_buf struct buf path;
    buf_init(&path, 2048);
    struct acl *acl;
    err e = acl_of(c, q->folder, a, &path, &acl);
    struct acl_entry one = {.kind = (enum acl_kind)q->kind,
                            .negative = q->negative != 0,
                            .name = q->name,
                            .rights = q->rights & ACL_ALL};
    if (!failed(e))
        e = acl_change(acl, &one, (enum acl_op)q->op);
    if (!failed(e) && folder_is_inbox(q->folder))
        e = maildir_make(k->folders.home, k->folders.root);
    if (!failed(e))
        e = acl_file_write(k->folders.home, path.p, acl);
    if (failed(e))
        return e;
    log_event(k->log, EV_MAILBOX_SHARED, F_STR("folder", q->folder), F_STR("with", q->name),
              F_STR("by", str_from(c->standing == STANDING_VISITOR ? c->visitor : k->user)));
    tell_viewers(k, folder_is_inbox(q->folder) ? S("INBOX") : q->folder);
    keeper_announce(k);
    return OK_ERR;
}

err serve_set_acl(struct client *c, const struct packet *p)
{
    struct keeper_acl_set q;
    err e = ipc_decode(&keeper_acl_set_schema, p->bytes, &q);
    if (failed(e))
        return e;
    if (q.op > ACL_REMOVE || q.kind > ACL_GROUP_OVERRIDE)
        return err_new(ERR_SYNTAX, "unknown change of rights");
    return serve_done(c, p->id, set_acl(c, &q));
}

/* As Dovecot does: what is made below a shared mailbox is shared as that is. */
void keeper_inherit(struct keeper *k, str name)
{
    ptrdiff_t dot = str_rfind(name, '.');
    auto_arena struct arena *a = arena_new("rights", ACL_ARENA_MAX);
    auto_buf struct buf from, to;
    buf_init(&from, 2048);
    buf_init(&to, 2048);
    if (dot <= 0 || failed(acl_path(k, str_slice(name, 0, (size_t)dot), &from)) ||
        failed(acl_path(k, name, &to)))
        return;
    struct acl *acl = NEW(a, struct acl);
    if (!acl_file_read(k->folders.home, from.p, a, acl) || acl->damaged)
        return;
    err e = acl_file_write(k->folders.home, to.p, acl);
    if (failed(e)) /* it stays the owner's alone */
        log_event(k->log, EV_MAILBOX_PROBLEM, F_STR("folder", name), F_ERR(e));
    keeper_announce(k);
}
