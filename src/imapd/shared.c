/* SPDX-License-Identifier: ISC */
#include "imapd/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/init.h"
#include "os/clock.h"
#include "os/fd.h"
#include "wire/mutf7.h"

enum { INIT_MS = 20 * 1000, OWNER_MAX = 255 };

struct way {
    char owner[OWNER_MAX + 1];
    struct store *store;
    uint64_t used; /* the one used longest ago makes room */
};
struct shared {
    struct channel *init;
    char prefix[64], user[OWNER_MAX + 1];
    struct store *own;
    struct way ways[SHARED_WAYS_MAX];
    uint64_t clock;
    uint32_t last_id;
};

struct shared *shared_new(struct channel *init, str prefix, str user, struct store *own)
{
    struct shared *sh = mem_alloc("shared", sizeof *sh);
    *sh = (struct shared){.init = init, .own = own};
    (void)snprintf(sh->prefix, sizeof sh->prefix, "%.*s",
                   STR_ARG(prefix)); /* its reader limits it */
    (void)snprintf(sh->user, sizeof sh->user, "%.*s", STR_ARG(user));
    return sh;
}

void shared_free(struct shared *sh)
{
    if (sh == NULL)
        return;
    for (size_t i = 0; i < SHARED_WAYS_MAX; i++)
        store_free(sh->ways[i].store);
    channel_free(sh->init);
    free(sh);
}

struct store *shared_own(const struct session *s)
{
    return s->shared != NULL ? s->shared->own : s->store;
}

str shared_prefix(const struct session *s)
{
    return s->shared != NULL ? str_from(s->shared->prefix) : S("");
}

void shared_enter(struct session *s, struct store *there)
{
    s->store = there;
}

err shared_leave(struct session *s)
{
    err e = store_box(s->store) != NULL ? store_unselect(s->store) : OK_ERR;
    bool other = s->store != shared_own(s);
    s->store = shared_own(s);
    return other ? OK_ERR : e; /* a keeper that is gone has nothing of ours open */
}

bool shared_forget_broken(struct session *s)
{
    struct store *broken = s->asked;
    if (s->shared == NULL || broken == NULL || broken == s->shared->own)
        return false;
    if (broken == s->store && s->phase == PHASE_SELECTED)
        return false;
    for (size_t i = 0; i < SHARED_WAYS_MAX; i++)
        if (s->shared->ways[i].store == broken) {
            store_free(broken);
            s->shared->ways[i] = (struct way){0};
        }
    if (s->store == broken)
        s->store = s->shared->own;
    s->asked = NULL;
    return true;
}

/* ---- names ---- */

static err nowhere(void)
{
    return err_new(ERR_NOTFOUND, "no such mailbox");
}

/* "bob^x" as it stands in a name, to bob.x. */
static bool owner_of(str level, char *ret, size_t size)
{
    auto_buf struct buf b;
    buf_init(&b, OWNER_MAX);
    err e = mutf7_decode(&b, level);
    if (failed(e) || b.over || !b.n || b.n >= size || memchr(b.p, 0, b.n) != NULL)
        return false;
    for (size_t i = 0; i < b.n; i++)
        ret[i] = b.p[i] == '^' ? '.' : b.p[i];
    ret[b.n] = '\0';
    return true;
}

static bool write_owner(str owner, struct buf *out)
{
    char name[OWNER_MAX + 1];
    if (owner.n > OWNER_MAX || str_find(owner, '^') >= 0)
        return false; /* it would be read as another one */
    for (size_t i = 0; i < owner.n; i++)
        name[i] = owner.p[i] == '.' ? '^' : owner.p[i];
    return !failed(mutf7_encode(out, str_of(name, owner.n))) && !out->over;
}

/* ---- ways to other keepers ---- */

static err ask_init(struct shared *sh, const struct ipc_schema *question, const void *q,
                    const struct ipc_schema *answer, void *ret, struct packet *ret_packet)
{
    uint32_t id = ++sh->last_id;
    err e = channel_send(sh->init, question, id, q, NULL, 0);
    if (!failed(e))
        e = channel_recv(sh->init, deadline_in_ms(INIT_MS), ret_packet);
    if (!failed(e) && ret_packet->id != id)
        e = err_new(ERR_SYNTAX, "init answers another question");
    return failed(e) ? e : ipc_decode(answer, ret_packet->bytes, ret);
}

static err open_way(struct shared *sh, const char *owner, struct store **ret)
{
    struct packet p;
    struct init_visited v;
    err e = ask_init(sh, &init_visit_schema, &(struct init_visit){str_from(owner)},
                     &init_visited_schema, &v, &p);
    if (failed(e))
        return err_new(ERR_TEMP, "the way to that mailbox is not open now");
    if (v.outcome == ERR_LIMIT)
        return err_new(ERR_LIMIT, "too many other users' mailboxes at once; wait a minute");
    if (v.outcome != 0 || p.n_fds != 1)
        return v.outcome == ERR_TEMP ? err_new(ERR_TEMP, "that mailbox cannot be reached now")
                                     : nowhere();
    *ret = store_new(fd_take(&p.fds[0]));
    return OK_ERR;
}

static struct way *room_for(struct session *s)
{
    struct shared *sh = s->shared;
    struct way *oldest = NULL;
    for (size_t i = 0; i < SHARED_WAYS_MAX; i++) {
        struct way *w = &sh->ways[i];
        if (w->store == NULL)
            return w;
        bool busy = w->store == s->store || w->store == s->asked;
        if (!busy && (oldest == NULL || w->used < oldest->used))
            oldest = w;
    }
    store_free(oldest->store); /* there are more than two */
    *oldest = (struct way){0};
    return oldest;
}

static err way_to(struct session *s, const char *owner, struct store **ret)
{
    struct shared *sh = s->shared;
    if (strcmp(owner, sh->user) == 0)
        return nowhere(); /* his own mail has its own names */
    for (size_t i = 0; i < SHARED_WAYS_MAX; i++)
        if (sh->ways[i].store != NULL && strcmp(sh->ways[i].owner, owner) == 0) {
            sh->ways[i].used = ++sh->clock;
            *ret = sh->ways[i].store;
            return OK_ERR;
        }
    struct way *w = room_for(s);
    err e = open_way(sh, owner, &w->store);
    if (failed(e))
        return e;
    (void)snprintf(w->owner, sizeof w->owner, "%s", owner); /* fits */
    w->used = ++sh->clock;
    *ret = w->store;
    return OK_ERR;
}

/* "shared.bob.Work" to "bob" and "Work". False: a name of one's own. */
static bool is_others(const struct session *s, str name, str *ret_rest)
{
    str prefix = shared_prefix(s);
    *ret_rest = name;
    return prefix.n > 0 && str_skip(ret_rest, prefix) &&
           (ret_rest->n == 0 || str_skip(ret_rest, S(".")));
}

err shared_place(struct session *s, str name, struct place *ret)
{
    str rest, level, folder;
    if (!is_others(s, name, &rest)) {
        s->asked = shared_own(s);
        *ret = (struct place){.store = s->asked, .name = name, .owner = str_from(s->user)};
        return OK_ERR;
    }
    char owner[OWNER_MAX + 1];
    struct store *there = NULL;
    if (!str_cut(rest, '.', &level, &folder) || folder.n == 0 ||
        !owner_of(level, owner, sizeof owner))
        return nowhere(); /* a level that only stands in the names of others */
    err e = way_to(s, owner, &there);
    if (failed(e))
        return e;
    s->asked = there;
    *ret = (struct place){.store = there,
                          .name = folder,
                          .owner = arena_copy(s->arena, str_from(owner)),
                          .is_other = true};
    return OK_ERR;
}

/* ---- listing ---- */

struct adding {
    struct session *s;
    const str *patterns;
    size_t n_patterns;
    struct map *known; /* names that the user's own list has: subscriptions, mostly */
    struct store_folder *at;
    size_t n, room;
};

/* Can a name with this beginning match? What stands before the first wildcard decides. */
static bool is_wanted(const struct adding *a, str start)
{
    for (size_t i = 0; i < a->n_patterns; i++) {
        str p = a->patterns[i];
        size_t n = 0;
        while (n < p.n && n < start.n && p.p[n] != '*' && p.p[n] != '%' && p.p[n] == start.p[n])
            n++;
        if (n == start.n || n == p.n || p.p[n] == '*' || p.p[n] == '%')
            return true;
    }
    return false;
}

static void add_folder(struct adding *a, str name, unsigned flags)
{
    struct store_folder *f = map_get(a->known, name);
    if (f != NULL) { /* subscribed, and now it turns out to be there */
        f->flags = (f->flags & STORE_SUBSCRIBED) | flags;
        return;
    }
    if (a->n == a->room) {
        size_t room = a->room * 2 + 64;
        struct store_folder *more = NEW_N(a->s->arena, struct store_folder, room);
        if (a->n)
            memcpy(more, a->at, a->n * sizeof *more);
        a->at = more;
        a->room = room;
    }
    a->at[a->n++] = (struct store_folder){.name = name, .flags = flags};
}

static err add_owner(struct adding *a, str owner, bool *ret_any)
{
    auto_buf struct buf b;
    struct session *s = a->s;
    buf_init(&b, IMAP_MAILBOX_MAX);
    buf_add(&b, shared_prefix(s));
    buf_addc(&b, '.');
    if (!write_owner(owner, &b))
        return OK_ERR;
    str level = arena_copy(s->arena, buf_str(&b));
    buf_addc(&b, '.');
    char name[OWNER_MAX + 1];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(owner)); /* write_owner() limits it */
    struct store *there;
    err e = way_to(s, name, &there);
    struct store_folder *f = NULL;
    size_t n = 0;
    if (!failed(e)) {
        s->asked = there;
        e = store_list(there, s->arena, &f, &n);
    }
    if (failed(e)) { /* one who cannot be reached now is left out */
        (void)shared_forget_broken(s);
        return e.kind == ERR_LIMIT ? e : OK_ERR;
    }
    if (n > 0)
        add_folder(a, level, STORE_NOSELECT | STORE_HAS_CHILDREN);
    *ret_any |= n > 0;
    for (size_t i = 0; i < n; i++)
        add_folder(a, arena_printf(s->arena, "%.*s%.*s", STR_ARG(buf_str(&b)), STR_ARG(f[i].name)),
                   f[i].flags & ~(unsigned)(STORE_SUBSCRIBED | STORE_ABSENT));
    return OK_ERR;
}

static bool owner_is_wanted(const struct adding *a, str owner)
{
    auto_buf struct buf b;
    buf_init(&b, IMAP_MAILBOX_MAX);
    buf_add(&b, shared_prefix(a->s));
    buf_addc(&b, '.');
    return write_owner(owner, &b) && is_wanted(a, buf_str(&b));
}

/* What the user's own Maildir has below the prefix is hidden; his subscriptions stay. */
static size_t hide_own(const struct session *s, struct store_folder *f, size_t n)
{
    size_t kept = 0;
    str rest;
    for (size_t i = 0; i < n; i++)
        if (!is_others(s, f[i].name, &rest) || (f[i].flags & STORE_ABSENT))
            f[kept++] = f[i];
    return kept;
}

static int by_name(const void *x, const void *y)
{
    const struct store_folder *a = x, *b = y;
    for (size_t i = 0; i < a->name.n && i < b->name.n; i++) {
        int c = a->name.p[i] == '.' ? 0 : (unsigned char)a->name.p[i];
        int d = b->name.p[i] == '.' ? 0 : (unsigned char)b->name.p[i];
        if (c != d)
            return c - d;
    }
    return a->name.n < b->name.n ? -1 : a->name.n > b->name.n;
}

static err owners(struct session *s, str *ret)
{
    struct packet p;
    struct init_shared m;
    err e = ask_init(s->shared, &init_shared_ask_schema, &(struct init_nothing){0},
                     &init_shared_schema, &m, &p);
    if (!failed(e))
        *ret = arena_copy(s->arena, m.owners);
    return e;
}

err shared_list(struct session *s, const str *patterns, size_t n_patterns,
                struct store_folder **folders, size_t *n)
{
    if (s->shared == NULL)
        return OK_ERR;
    struct adding a = {.s = s, .patterns = patterns, .n_patterns = n_patterns};
    *n = hide_own(s, *folders, *n);
    str prefix = shared_prefix(s), all, owner;
    if (!is_wanted(&a, prefix) || failed(owners(s, &all)))
        return OK_ERR;
    a.known = map_new();
    for (size_t i = 0; i < *n; i++)
        map_put(a.known, (*folders)[i].name, &(*folders)[i]);
    bool any = false;
    err e = OK_ERR;
    for (size_t k = 0; k < SHARED_OWNERS_MAX && str_cut(all, '\0', &owner, &all) && !failed(e); k++)
        if (owner_is_wanted(&a, owner))
            e = add_owner(&a, owner, &any);
        else
            any = true; /* the level above is told all the same */
    if (any)
        add_folder(&a, prefix, STORE_NOSELECT | STORE_HAS_CHILDREN);
    map_free(a.known);
    struct store_folder *both = NEW_N(s->arena, struct store_folder, *n + a.n + 1);
    if (*n)
        memcpy(both, *folders, *n * sizeof *both);
    if (a.n)
        memcpy(both + *n, a.at, a.n * sizeof *both);
    if (a.n && *n) /* INBOX stays in front */
        qsort(both + 1, *n + a.n - 1, sizeof *both, by_name);
    *folders = both;
    *n += a.n;
    return OK_ERR; /* over init's limit: those that were reached are told */
}
