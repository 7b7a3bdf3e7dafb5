/* SPDX-License-Identifier: ISC */
/* ban/jail_run.c -- a running jail: who failed how often, who is banned until when. */
#include <stdlib.h>
#include <string.h>

#include "ban/jail.h"

enum { CLEAN_EVERY_S = 5, BUCKETS_FIRST = 64 };

struct failing { /* fail2ban's ticket: a rate, not a window */
    struct failing *next;
    struct list by_age;
    uint64_t hash;
    double first, last;
    unsigned retry, failures;
    char *matches;
    uint32_t matches_n;
    uint16_t id_n;
    char id[];
};

struct banned {
    struct banned *next;
    uint64_t hash;
    int64_t since, until;
    size_t heap_at;
    unsigned bans;
    uint16_t id_n;
    char id[];
};

struct jail {
    const struct jail_def *def;
    const struct jail_hooks *hooks;
    struct filter *filter;
    unsigned maxretry;
    int64_t findtime, bantime, clean_at;
    struct failing **failing;
    size_t n_failing, failing_buckets;
    struct list by_age;
    size_t matches_bytes;
    struct banned **banned;
    size_t n_banned, banned_buckets;
    struct banned **heap; /* by the end of the ban */
    size_t heap_cap;
    struct jail_totals totals;
};

struct jail *jail_new(const struct jail_def *def, struct date_cache *dates, struct findings *f,
                      const struct jail_hooks *hooks)
{
    struct filter_options options = {
        .journal = def->journal, .zone = def->zone, .encoding = def->encoding};
    str outer = f->jail;
    f->jail = def->name;
    struct filter *filter = filter_new(f, dates, &def->filter, &options);
    f->jail = outer;
    if (!filter)
        return NULL;
    struct jail *j = mem_alloc("jail", sizeof *j);
    *j = (struct jail){.def = def,
                       .hooks = hooks,
                       .filter = filter,
                       .maxretry = def->maxretry,
                       .findtime = def->findtime,
                       .bantime = def->bantime,
                       .failing_buckets = BUCKETS_FIRST,
                       .banned_buckets = BUCKETS_FIRST};
    j->failing = mem_alloc("jail", BUCKETS_FIRST * sizeof(struct failing *));
    j->banned = mem_alloc("jail", BUCKETS_FIRST * sizeof(struct banned *));
    list_init(&j->by_age);
    filter_time(filter, FILTER_TIME_LIVE, j->findtime);
    return j;
}

static struct failing **failing_slot(const struct jail *j, uint64_t hash)
{
    return &j->failing[hash & (j->failing_buckets - 1)];
}

static struct banned **banned_slot(const struct jail *j, uint64_t hash)
{
    return &j->banned[hash & (j->banned_buckets - 1)];
}

static void drop_failing(struct jail *j, struct failing *e)
{
    for (struct failing **at = failing_slot(j, e->hash); *at; at = &(*at)->next)
        if (*at == e) {
            *at = e->next;
            break;
        }
    list_del(&e->by_age);
    j->n_failing--;
    j->matches_bytes -= e->matches_n;
    free(e->matches);
    free(e);
}

void jail_free(struct jail *j)
{
    if (!j)
        return;
    while (!list_empty(&j->by_age))
        drop_failing(j, container_of(j->by_age.next, struct failing, by_age));
    for (size_t i = 0; i < j->n_banned; i++)
        free(j->heap[i]);
    free(j->heap);
    free(j->failing);
    free(j->banned);
    filter_free(j->filter);
    free(j);
}

const struct jail_def *jail_def(const struct jail *j)
{
    return j->def;
}

struct filter *jail_filter(const struct jail *j)
{
    return j->filter;
}

void jail_override(struct jail *j, unsigned maxretry, int64_t findtime, int64_t bantime)
{
    j->maxretry = maxretry ? maxretry : j->maxretry;
    j->findtime = findtime ? findtime : j->findtime;
    j->bantime = bantime ? bantime : j->bantime;
}

void jail_time(struct jail *j, enum filter_time mode)
{
    filter_time(j->filter, mode, j->findtime);
}

static uint64_t hash_id(str id)
{
    return str_hash(id, UINT64_C(0x6661696c));
}

static void grow_failing(struct jail *j)
{
    if (j->n_failing < j->failing_buckets)
        return;
    free(j->failing);
    j->failing_buckets *= 2;
    j->failing = mem_alloc("jail", j->failing_buckets * sizeof(struct failing *));
    list_each (l, &j->by_age) {
        struct failing *e = container_of(l, struct failing, by_age);
        struct failing **slot = failing_slot(j, e->hash);
        e->next = *slot;
        *slot = e;
    }
}

static struct failing *find_failing(const struct jail *j, str id, uint64_t hash)
{
    for (struct failing *e = *failing_slot(j, hash); e; e = e->next)
        if (e->hash == hash && str_eq(str_of(e->id, e->id_n), id))
            return e;
    return NULL;
}

static struct failing *add_failing(struct jail *j, str id, uint64_t hash, double time)
{
    if (j->n_failing >= JAIL_FAILING_MAX)
        drop_failing(j, container_of(j->by_age.next, struct failing, by_age));
    grow_failing(j);
    struct failing *e = mem_alloc("jail entry", sizeof *e + id.n);
    e->hash = hash;
    e->first = e->last = time;
    e->id_n = (uint16_t)id.n;
    memcpy(e->id, id.p, id.n);
    struct failing **slot = failing_slot(j, hash);
    e->next = *slot;
    *slot = e;
    list_add(&j->by_age, &e->by_age);
    j->n_failing++;
    return e;
}

static unsigned rounded(double v)
{
    unsigned n = (unsigned)v;
    double rest = v - n;
    return n + (rest > 0.5 || (rest >= 0.5 && n % 2)); /* as Python rounds */
}

/* When the interval grows beyond findtime, what was counted in it shrinks in proportion. */
static void adjust_time(const struct jail *j, struct failing *e, double time)
{
    if (time <= e->last)
        return;
    double window = (double)j->findtime;
    if (e->first < time - window) {
        e->retry = rounded(e->retry / (time - e->first) * window);
        e->first = time - window;
    }
    e->last = time;
}

/* The last maxmatches lines; none when all jails together would keep too much. */
static void keep_match(struct jail *j, struct failing *e, str line)
{
    line = str_slice(line, 0, JAIL_MATCH_MAX);
    if (!line.n || !j->def->maxmatches)
        return;
    str old = str_of(e->matches, e->matches_n);
    size_t lines = old.n > 0;
    for (size_t i = 0; i < old.n; i++)
        lines += old.p[i] == '\n';
    for (; lines >= j->def->maxmatches && old.n; lines--) {
        ptrdiff_t lf = str_find(old, '\n');
        old = lf < 0 ? S("") : str_from_at(old, (size_t)lf + 1);
    }
    size_t n = old.n + (old.n > 0) + line.n;
    if (j->matches_bytes - e->matches_n + n > JAIL_MATCHES_BYTES)
        return;
    char *new = mem_alloc("matches", n);
    if (old.n) {
        memcpy(new, old.p, old.n);
        new[old.n] = '\n';
    }
    memcpy(new + n - line.n, line.p, line.n);
    free(e->matches);
    j->matches_bytes += n - e->matches_n;
    e->matches = new;
    e->matches_n = (uint32_t)n;
}

static void tell(struct jail *j, struct jail_event e)
{
    j->hooks->event(j->hooks->ctx, j, &e);
}

/* heap */
static bool sooner(const struct banned *a, const struct banned *b)
{
    return a->until < b->until;
}

static void heap_put(struct jail *j, size_t at, struct banned *b)
{
    j->heap[at] = b;
    b->heap_at = at;
}

static void heap_up(struct jail *j, size_t at)
{
    struct banned *b = j->heap[at];
    for (; at > 0 && sooner(b, j->heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap_put(j, at, j->heap[(at - 1) / 2]);
    heap_put(j, at, b);
}

static void heap_down(struct jail *j, size_t at)
{
    struct banned *b = j->heap[at];
    for (size_t child; (child = 2 * at + 1) < j->n_banned; at = child) {
        if (child + 1 < j->n_banned && sooner(j->heap[child + 1], j->heap[child]))
            child++;
        if (!sooner(j->heap[child], b))
            break;
        heap_put(j, at, j->heap[child]);
    }
    heap_put(j, at, b);
}

static struct banned *find_banned(const struct jail *j, str id, uint64_t hash)
{
    for (struct banned *b = *banned_slot(j, hash); b; b = b->next)
        if (b->hash == hash && str_eq(str_of(b->id, b->id_n), id))
            return b;
    return NULL;
}

static void grow_banned(struct jail *j)
{
    if (j->n_banned == j->heap_cap) {
        j->heap_cap = j->heap_cap ? 2 * j->heap_cap : 64;
        j->heap = mem_grow("jail", j->heap, j->heap_cap * sizeof(struct banned *));
    }
    if (j->n_banned < j->banned_buckets)
        return;
    free(j->banned);
    j->banned_buckets *= 2;
    j->banned = mem_alloc("jail", j->banned_buckets * sizeof(struct banned *));
    for (size_t i = 0; i < j->n_banned; i++) {
        struct banned **slot = banned_slot(j, j->heap[i]->hash);
        j->heap[i]->next = *slot;
        *slot = j->heap[i];
    }
}

static void drop_banned(struct jail *j, struct banned *b)
{
    for (struct banned **at = banned_slot(j, b->hash); *at; at = &(*at)->next)
        if (*at == b) {
            *at = b->next;
            break;
        }
    size_t at = b->heap_at;
    struct banned *last = j->heap[--j->n_banned];
    if (last != b) {
        heap_put(j, at, last);
        heap_up(j, at);
        heap_down(j, last->heap_at);
    }
    free(b);
}

static struct banned *add_banned(struct jail *j, str id, int64_t since, int64_t until,
                                 unsigned bans)
{
    if (j->n_banned >= JAIL_BANNED_MAX)
        return NULL;
    grow_banned(j);
    struct banned *b = mem_alloc("ban", sizeof *b + id.n);
    *b = (struct banned){
        .hash = hash_id(id), .since = since, .until = until, .bans = bans, .id_n = (uint16_t)id.n};
    memcpy(b->id, id.p, id.n);
    struct banned **slot = banned_slot(j, b->hash);
    b->next = *slot;
    *slot = b;
    heap_put(j, j->n_banned++, b);
    heap_up(j, b->heap_at);
    return b;
}

/* bantime.increment: twice as long each time, or by the multipliers. */
static int64_t ban_seconds(const struct jail *j, unsigned before)
{
    const struct jail_growth *g = &j->def->growth;
    if (j->bantime < 0)
        return -1;
    double s = (double)j->bantime;
    if (g->on && before) {
        double times = (double)(UINT64_C(1) << (before < 20 ? before : 20));
        if (g->multipliers.n)
            times = g->multipliers.at[before < g->multipliers.n ? before : g->multipliers.n - 1];
        double longer = s * times * g->factor;
        s = longer > s ? longer : s;
        if (g->max_s > 0 && s > (double)g->max_s)
            s = (double)g->max_s;
    }
    if (g->on && g->random_s > 0 && j->hooks->random)
        s += (double)(j->hooks->random(j->hooks->ctx) % (uint64_t)(g->random_s + 1));
    return (int64_t)s;
}

static unsigned earlier_bans(const struct jail *j, str id)
{
    return j->def->growth.on && j->hooks->earlier_bans
               ? j->hooks->earlier_bans(j->hooks->ctx, j, id)
               : 0;
}

static bool is_address(str id)
{
    struct jail_net n;
    return jail_net_parse(id, &n);
}

static void ban(struct jail *j, str id, int64_t since, unsigned failures, str matches, str user,
                int64_t now)
{
    unsigned before = earlier_bans(j, id);
    int64_t seconds = ban_seconds(j, before);
    int64_t until = seconds < 0 ? INT64_MAX : since + seconds;
    struct banned *b = find_banned(j, id, hash_id(id));
    struct jail_event e = {.kind = JAIL_BAN,
                           .id = id,
                           .id_is_address = is_address(id),
                           .time = since,
                           .until = until,
                           .failures = failures,
                           .bans = before + 1,
                           .matches = matches,
                           .user = user};
    if (b) {
        if (until > b->until) {
            b->until = until;
            heap_down(j, b->heap_at);
        }
        e.kind = JAIL_ALREADY;
        e.until = b->until;
    } else if (until <= now || !add_banned(j, id, since, until, before + 1)) {
        return; /* it is over already, or the table is full */
    } else {
        j->totals.banned++;
    }
    tell(j, e);
}

static const char *ignored_by(struct jail *j, str id, bool address)
{
    struct jail_net a;
    if (address && j->def->ignoreself && j->hooks->is_self && j->hooks->is_self(j->hooks->ctx, id))
        return "ignoreself rule";
    if (address && j->def->ignored_nets.n + j->def->ignored_names.n > 0 && jail_net_parse(id, &a)) {
        for (size_t i = 0; i < j->def->ignored_nets.n; i++)
            if (jail_net_holds(&j->def->ignored_nets.at[i], &a))
                return "ip";
        for (size_t i = 0; j->hooks->resolve && i < j->def->ignored_names.n; i++) {
            char found[JAIL_NAMES_MAX][ADDRESS_TEXT];
            size_t n = j->hooks->resolve(j->hooks->ctx, j->def->ignored_names.at[i], found,
                                         JAIL_NAMES_MAX);
            for (size_t k = 0; k < n; k++)
                if (str_eq(str_from(found[k]), id))
                    return "dns";
        }
    }
    for (size_t i = 0; !address && i < j->def->ignored_names.n; i++)
        if (str_eq(j->def->ignored_names.at[i], id))
            return "ip";
    if (j->def->ignorecommand.n && j->hooks->ignore_command &&
        j->hooks->ignore_command(j->hooks->ctx, j, id))
        return "command";
    return NULL;
}

static void count(struct jail *j, str id, double time, unsigned failures, str match, str user,
                  int64_t now)
{
    uint64_t hash = hash_id(id);
    struct failing *e = find_failing(j, id, hash);
    unsigned weight = failures;
    unsigned before = earlier_bans(j, id);
    if (before) { /* who was banned before has fewer tries */
        unsigned more = (1u << (before < 20 ? before : 20)) / 2 + 1;
        weight += (more < j->maxretry ? more : j->maxretry) - 1;
    }
    if (e) {
        adjust_time(j, e, time);
        list_del(&e->by_age);
        list_add(&j->by_age, &e->by_age);
    } else {
        e = add_failing(j, id, hash, time);
    }
    e->retry += weight;
    e->failures += failures;
    keep_match(j, e, match);
    if (e->retry < j->maxretry)
        return;
    struct failing *whole = e;
    ban(j, str_of(whole->id, whole->id_n), (int64_t)whole->last, whole->failures,
        str_of(whole->matches, whole->matches_n), user, now);
    drop_failing(j, whole);
}

static void failure(struct jail *j, str id, bool address, const struct filter_result *r, str line,
                    int64_t now)
{
    id = str_slice(id, 0, JAIL_ID_MAX);
    double time = r->has_time && r->time < (double)now ? r->time : (double)now;
    struct jail_event e = {.kind = JAIL_FOUND,
                           .id = id,
                           .id_is_address = address,
                           .time = (int64_t)time,
                           .user = r->user};
    e.by = ignored_by(j, id, address);
    if (e.by) {
        e.kind = JAIL_IGNORED;
        j->totals.ignored++;
        tell(j, e);
        return;
    }
    j->totals.found++;
    tell(j, e);
    count(j, id, time, 1, line, r->user, now);
}

/* usedns: a name stands for its addresses. */
static void failure_of_name(struct jail *j, const struct filter_result *r, str line, int64_t now)
{
    char found[JAIL_NAMES_MAX][ADDRESS_TEXT];
    size_t n = 0;
    if (strcmp(filter_usedns(j->filter), "no") != 0 && j->hooks->resolve)
        n = j->hooks->resolve(j->hooks->ctx, r->id, found, JAIL_NAMES_MAX);
    for (size_t i = 0; i < n; i++)
        failure(j, str_from(found[i]), true, r, line, now);
    if (!n)
        tell(j, (struct jail_event){.kind = JAIL_NO_ADDRESS, .id = r->id, .time = now});
}

static void take(struct jail *j, str line, const struct filter_result *r, size_t n, int64_t now)
{
    for (size_t i = 0; i < n; i++) {
        if (r[i].verdict != FILTER_FOUND)
            continue;
        if (r[i].host_is_name)
            failure_of_name(j, &r[i], line, now);
        else
            failure(j, r[i].id, r[i].id_is_address, &r[i], line, now);
    }
    if (now >= j->clean_at)
        jail_tick(j, now);
}

void jail_line(struct jail *j, str line, int64_t now)
{
    const struct filter_result *r;
    size_t n = filter_feed(j->filter, line, now, &r);
    take(j, line, r, n, now);
}

void jail_line_at(struct jail *j, str line, double time, int64_t now)
{
    const struct filter_result *r;
    size_t n = filter_feed_at(j->filter, line, time, now, &r);
    take(j, line, r, n, now);
}

void jail_attempt(struct jail *j, str id, unsigned failures, str match, int64_t now)
{
    id = str_slice(id, 0, JAIL_ID_MAX);
    bool address = is_address(id);
    struct jail_event e = {.kind = JAIL_FOUND, .id = id, .id_is_address = address, .time = now};
    e.by = ignored_by(j, id, address);
    e.kind = e.by ? JAIL_IGNORED : JAIL_FOUND;
    *(e.by ? &j->totals.ignored : &j->totals.found) += 1;
    tell(j, e);
    if (!e.by)
        count(j, id, (double)now, failures, match, S(""), now);
}

void jail_ban(struct jail *j, str id, int64_t now)
{
    id = str_slice(id, 0, JAIL_ID_MAX);
    ban(j, id, now, 0, S(""), S(""), now);
}

void jail_restore(struct jail *j, str id, int64_t since, int64_t until, unsigned bans)
{
    id = str_slice(id, 0, JAIL_ID_MAX);
    if (!find_banned(j, id, hash_id(id)))
        (void)add_banned(j, id, since, until, bans); /* full: as if it were over */
}

static void unban(struct jail *j, struct banned *b, int64_t now)
{
    str id = str_of(b->id, b->id_n);
    tell(j, (struct jail_event){.kind = JAIL_UNBAN,
                                .id = id,
                                .id_is_address = is_address(id),
                                .time = now,
                                .until = b->until,
                                .bans = b->bans});
    drop_banned(j, b);
}

bool jail_unban(struct jail *j, str id, int64_t now)
{
    id = str_slice(id, 0, JAIL_ID_MAX);
    uint64_t hash = hash_id(id);
    struct failing *e = find_failing(j, id, hash);
    if (e)
        drop_failing(j, e);
    struct banned *b = find_banned(j, id, hash);
    if (b)
        unban(j, b, now);
    return b != NULL;
}

bool jail_is_banned(const struct jail *j, str id)
{
    return find_banned(j, id, hash_id(id)) != NULL;
}

void jail_tick(struct jail *j, int64_t now)
{
    while (j->n_banned && j->heap[0]->until < now)
        unban(j, j->heap[0], now);
    if (now < j->clean_at)
        return;
    j->clean_at = now + CLEAN_EVERY_S;
    while (!list_empty(&j->by_age)) {
        struct failing *e = container_of(j->by_age.next, struct failing, by_age);
        if (e->last > (double)(now - j->findtime))
            break;
        drop_failing(j, e);
    }
}

int64_t jail_next(const struct jail *j)
{
    int64_t clean = list_empty(&j->by_age) ? INT64_MAX : j->clean_at;
    int64_t end = j->n_banned && j->heap[0]->until < INT64_MAX ? j->heap[0]->until + 1 : INT64_MAX;
    return clean < end ? clean : end;
}

struct jail_totals jail_totals(const struct jail *j)
{
    struct jail_totals t = j->totals;
    t.failing_now = j->n_failing;
    t.banned_now = j->n_banned;
    return t;
}

bool jail_banned_next(const struct jail *j, size_t *at, str *ret_id, int64_t *ret_since,
                      int64_t *ret_until)
{
    if (*at >= j->n_banned)
        return false;
    const struct banned *b = j->heap[(*at)++];
    *ret_id = str_of(b->id, b->id_n);
    *ret_since = b->since;
    *ret_until = b->until;
    return true;
}
