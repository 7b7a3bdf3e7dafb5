/* SPDX-License-Identifier: ISC */
/* ban/filter_connection.c -- lines that belong together by <F-MLFID> (an sshd process, say):
 * one brings the address, another the user, a third says that it failed. */
#include <stdlib.h>
#include <string.h>

#include "ban/filter_parts.h"

static struct connection **slot(struct filter *f, uint32_t hash)
{
    return &f->hash[hash % (sizeof f->hash / sizeof f->hash[0])];
}

static void drop(struct filter *f, struct connection *c)
{
    for (struct connection **at = slot(f, c->hash); *at; at = &(*at)->hash_next)
        if (*at == c) {
            *at = c->hash_next;
            break;
        }
    list_del(&c->by_age);
    f->n_connections--;
}

static void release(struct connection *c)
{
    free(c->room);
    free(c);
}

void connection_retire(struct filter *f)
{
    if (f->retired)
        release(f->retired);
    f->retired = NULL;
}

void connections_free(struct filter *f)
{
    connection_retire(f);
    while (!list_empty(&f->by_age)) {
        struct connection *c = container_of(f->by_age.next, struct connection, by_age);
        drop(f, c);
        release(c);
    }
}

static struct connection *find(struct filter *f, str id, uint32_t hash)
{
    for (struct connection *c = *slot(f, hash); c; c = c->hash_next) {
        if (c->hash != hash || !str_eq(c->f.v[FIELD_MLFID], id))
            continue;
        if (c->until > f->now)
            return c;
        drop(f, c);
        release(c);
        return NULL;
    }
    return NULL;
}

/* The oldest makes room, and with it all that have run out. */
static void make_room(struct filter *f)
{
    if (f->n_connections < FILTER_CONNECTIONS)
        return;
    while (!list_empty(&f->by_age)) {
        struct connection *c = container_of(f->by_age.next, struct connection, by_age);
        bool enough = c->until > f->now && f->n_connections <= FILTER_CONNECTIONS;
        drop(f, c);
        release(c);
        if (enough)
            break;
    }
}

static struct connection *add(struct filter *f, uint32_t hash, bool passing)
{
    struct connection *c = mem_alloc("connection", sizeof *c);
    c->hash = hash;
    c->until = f->now + FILTER_CONNECTION_S;
    list_init(&c->by_age);
    if (passing)
        return c;
    make_room(f);
    c->hash_next = *slot(f, hash);
    *slot(f, hash) = c;
    list_add(&f->by_age, &c->by_age);
    f->n_connections++;
    return c;
}

static str short_of(str s)
{
    return str_slice(s, 0, FILTER_VALUE_MAX);
}

/* Takes over what `new` has; the rest stays. All texts of a connection live in one piece. */
static void update(struct connection *c, const struct fail *new)
{
    /* A line that names an address means that one, though an earlier process of the same number
     * had another. (fail2ban 1.0 mixes them when one is IPv4 and the other IPv6.) */
    if (new->v[FIELD_IP4].p || new->v[FIELD_IP6].p || new->v[FIELD_DNS].p)
        c->f.v[FIELD_IP4] = c->f.v[FIELD_IP6] = c->f.v[FIELD_DNS] = c->f.v[FIELD_CIDR] = (str){0};
    size_t n = 0;
    for (size_t i = 0; i < FILTER_FIELDS; i++)
        n += new->v[i].p ? short_of(new->v[i]).n : c->f.v[i].n;
    char *room = mem_alloc("connection", n + 1);
    size_t at = 0;
    for (size_t i = 0; i < FILTER_FIELDS; i++) {
        str v = new->v[i].p ? short_of(new->v[i]) : c->f.v[i];
        if (!v.p)
            continue;
        if (v.n)
            memcpy(room + at, v.p, v.n);
        c->f.v[i] = str_of(room + at, v.n);
        at += v.n;
    }
    free(c->room);
    c->room = room;
    c->room_n = n;
}

static void count_users(struct connection *c, str user)
{
    user = short_of(user);
    if (user.n && c->f.v[FIELD_USER].n && !str_eq(user, c->f.v[FIELD_USER]))
        c->many_users = true;
}

void connection_merge(struct filter *f, struct fail *fail, struct connection **ret)
{
    enum { NOFAIL = 1, FORGET = 2, GAINED = 8 };
    unsigned flags = 0;
    str id = short_of(fail->v[FIELD_MLFID]);
    fail->v[FIELD_MLFID] = id;
    uint32_t hash = (uint32_t)str_hash(id, 0x6a61696c);
    if (fail->v[FIELD_MLFGAINED].n) {
        flags |= GAINED | NOFAIL;
        if (!fail->v[FIELD_NOFAIL].n)
            fail->v[FIELD_NOFAIL] = fail->v[FIELD_MLFGAINED];
    } else if (fail->v[FIELD_NOFAIL].n) {
        flags |= NOFAIL;
    }
    if (fail->v[FIELD_MLFFORGET].n)
        flags |= FORGET;
    fail->v[FIELD_MLFFORGET] = (str){0};
    struct connection *c = find(f, id, hash);
    bool fresh = !c;
    if (fresh) {
        c = add(f, hash, flags & FORGET);
    } else {
        count_users(c, fail->v[FIELD_USER]);
        c->f.v[FIELD_NOFAIL] = c->f.v[FIELD_MLFGAINED] = (str){0};
        if (flags & GAINED)
            c->pending = false; /* a login forgives what waited for its address */
    }
    update(c, fail);
    /* Failures that waited, or a second name: then this is one, whatever the line says. */
    if (c->pending || c->many_users)
        c->f.v[FIELD_NOFAIL] = c->f.v[FIELD_MLFGAINED] = (str){0};
    c->pending = false;
    if (flags & FORGET) {
        if (!fresh)
            drop(f, c);
        connection_retire(f);
        f->retired = c; /* its texts are needed until the next line */
    }
    *ret = c;
}
