/* SPDX-License-Identifier: ISC */
/* How it works: a user's IMAP session keeps the channel that it was started by, and asks on it for
 * a way to another user's keeper. That it is the session of that user we know from having started
 * it; the keeper hears it from us with the knock and decides alone what the visitor may.
 *
 * Keepers tell with whom their owners share (the rights lie in the owners' homes, which we do not
 * read). The list is kept in memory and in one file, so that a LIST asks only the keepers of those
 * who share with that user. It is derived: an owner's line is as old as his keeper's last start or
 * change of rights, and `twinpost index --all` starts each keeper once. What it says wrongly
 * is at worst one keeper asked for nothing, or a mailbox that LIST does not show and SELECT opens.
 */
#include "init/house.h"

#include <stdlib.h>
#include <string.h>

#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

#define SHARES_FILE "var/lib/twinpost/shared"

enum {
    VISITS_PER_MINUTE = 600, /* of one session */
    OWNERS_MAX = 20000,
    SHARES_FILE_MAX = 64 << 20,
};

struct visitor_session {
    struct house *house;
    struct channel *channel;
    struct loop_fd *watch;
    int64_t minute_ms; /* the one that is being counted began then */
    unsigned visits;   /* in it */
    char user[];
};

bool house_shares(const struct house *h)
{
    return site_shared_prefix(h->site.sharedprefix).n > 0;
}

/* ---- visits ---- */

void visits_end(struct guest *g)
{
    struct visitor_session *v = g->visits;
    if (!v)
        return;
    loop_del(v->watch);
    channel_free(v->channel);
    free(v);
    g->visits = NULL;
}

static err count_visit(struct visitor_session *v)
{
    int64_t now = clock_ms();
    if (now - v->minute_ms >= 60 * 1000) {
        v->minute_ms = now;
        v->visits = 0;
    }
    return ++v->visits > VISITS_PER_MINUTE ? err_new(ERR_LIMIT, "too many visits") : OK_ERR;
}

static void visit(struct visitor_session *v, uint32_t id, str owner)
{
    struct house *h = v->house;
    auto_fd int mine = -1, theirs = -1;
    bool own = str_eq(owner, str_from(v->user));
    err e =
        own || !owner.n || h->stopping ? err_new(ERR_NOTFOUND, "no such owner") : count_visit(v);
    if (!failed(e))
        e = fd_pair(FD_PAIR_PACKET, &mine, &theirs);
    if (!failed(e))
        e = keeper_let_in(h, owner, str_from(v->user), theirs);
    if (failed(e) && e.kind != ERR_NOTFOUND && e.kind != ERR_LIMIT)
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", S("keeper")), F_STR("user", owner),
                  F_ERR(e));
    struct init_visited m = {.outcome = (uint32_t)(is_temporary(e) ? ERR_TEMP : e.kind)};
    (void)channel_try_send(v->channel, &init_visited_schema, id, &m, &mine,
                           !failed(e)); /* gone: nobody to tell */
}

static bool is_with(str with, str user)
{
    str one;
    while (str_cut(with, '\0', &one, &with))
        if (str_eq(one, S("*")) || str_eq(one, user))
            return true;
    return false;
}

static void tell_shared(struct visitor_session *v, uint32_t id)
{
    auto_buf struct buf b;
    buf_init(&b, INIT_SHARED_MAX);
    size_t at = 0;
    str owner, user = str_from(v->user);
    void *with;
    while (map_next(v->house->shares, &at, &owner, &with)) {
        const struct buf *list = with;
        if (str_eq(owner, user) || !is_with(buf_str(list), user) ||
            b.n + owner.n + 1 > INIT_SHARED_MAX)
            continue;
        buf_add(&b, owner);
        buf_addc(&b, 0);
    }
    struct init_shared m = {.owners = buf_str(&b)};
    (void)channel_try_send(v->channel, &init_shared_schema, id, &m, NULL, 0); /* as above */
}

static void on_session(void *ctx, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct guest *g = ctx;
    struct visitor_session *v = g->visits;
    struct packet p;
    struct init_visit q;
    struct init_nothing nothing;
    err e = channel_try_recv(v->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (!failed(e) && p.type == IPC_INIT_VISIT &&
        !failed(ipc_decode(&init_visit_schema, p.bytes, &q)))
        visit(v, p.id, q.owner);
    else if (!failed(e) && p.type == IPC_INIT_SHARED_ASK &&
             !failed(ipc_decode(&init_shared_ask_schema, p.bytes, &nothing)))
        tell_shared(v, p.id);
    else
        visits_end(g);
}

void visits_watch(struct house *h, struct guest *g, str user, int channel)
{
    struct visitor_session *v = mem_alloc("visits", sizeof *v + user.n + 1);
    *v = (struct visitor_session){.house = h, .channel = channel_new(channel)};
    memcpy(v->user, user.p, user.n);
    g->visits = v;
    v->watch = loop_add(h->loop, channel, LOOP_IN, on_session, g);
}

/* ---- who shares with whom ---- */

static void forget_shares(struct house *h, str owner)
{
    struct buf *old = map_take(h->shares, owner);
    if (old)
        buf_done(old);
    free(old);
}

static void set_shares(struct house *h, str owner, str with)
{
    forget_shares(h, owner);
    if (!with.n || map_count(h->shares) >= OWNERS_MAX)
        return;
    struct buf *b = mem_alloc("shares", sizeof *b);
    buf_init(b, INIT_SHARES_MAX);
    buf_add(b, with);
    map_put(h->shares, owner, b);
}

/* A line for an owner: his name and those of the others, apart by tabs. */
static void save(struct house *h)
{
    auto_buf struct buf b;
    buf_init(&b, SHARES_FILE_MAX);
    size_t at = 0;
    str owner;
    void *with;
    while (map_next(h->shares, &at, &owner, &with)) {
        str rest = buf_str(with), one;
        buf_add(&b, owner);
        while (str_cut(rest, '\0', &one, &rest)) {
            buf_addc(&b, '\t');
            buf_add(&b, one);
        }
        buf_addc(&b, '\n');
    }
    err e = buf_check(&b, "shares");
    if (!failed(e))
        e = file_replace(h->root, SHARES_FILE, buf_str(&b), 0600);
    if (failed(e)) /* it is right in memory, and told again by the keepers */
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("doing", S("write who shares with whom")),
                  F_ERR(e));
}

void shares_load(struct house *h)
{
    h->shares = map_new();
    auto_arena struct arena *a = arena_new("shares", 2 * SHARES_FILE_MAX);
    str text, line;
    if (failed(file_read(h->root, SHARES_FILE, SHARES_FILE_MAX, a, &text)))
        return; /* derived */
    while (str_line(&text, &line)) {
        str owner, one, rest;
        if (!str_cut(line, '\t', &owner, &rest) || !owner.n)
            continue;
        auto_buf struct buf b;
        buf_init(&b, INIT_SHARES_MAX);
        while (rest.n) {
            (void)str_cut(rest, '\t', &one, &rest); /* the last one has no tab */
            buf_add(&b, one);
            buf_addc(&b, 0);
        }
        if (!b.over)
            set_shares(h, owner, buf_str(&b));
    }
}

static bool name_is_plain(str names)
{
    for (size_t i = 0; i < names.n; i++)
        if ((unsigned char)names.p[i] < ' ' && names.p[i] != '\0')
            return false;
    return !names.n || names.p[names.n - 1] == '\0';
}

static void on_keeper(void *ctx, int fd, unsigned events)
{
    (void)events;
    struct keeper *k = ctx;
    struct channel *c = channel_new(fd);
    struct packet p;
    struct init_shares m;
    struct init_kept kept;
    err e = channel_try_recv(c, &p);
    if (!failed(e) && p.type == IPC_INIT_SHARES &&
        !failed(ipc_decode(&init_shares_schema, p.bytes, &m)) && name_is_plain(m.with)) {
        struct buf *old = map_get(k->house->shares, str_from(k->user));
        bool same = str_eq(old ? buf_str(old) : S(""), m.with);
        if (!same) {
            set_shares(k->house, str_from(k->user), m.with);
            save(k->house);
        }
    } else if (!failed(e) && p.type == IPC_INIT_KEPT &&
               !failed(ipc_decode(&init_kept_schema, p.bytes, &kept))) {
        kept_told(k->house, str_from(k->user), kept.due);
    } else if (failed(e) && e.kind != ERR_TEMP) {
        shares_unwatch(k); /* its end is seen elsewhere */
    }
    (void)channel_release(c); /* the keeper's own */
}

void shares_watch(struct house *h, struct keeper *k)
{
    k->house = h;
    bool keeps = h->site.expungedays > 0 || map_count(h->kept) > 0;
    if ((house_shares(h) || keeps) && !k->watch)
        k->watch = loop_add(h->loop, k->channel, LOOP_IN, on_keeper, k);
}

void shares_unwatch(struct keeper *k)
{
    if (k->watch)
        loop_del(k->watch);
    k->watch = NULL;
}
