/* SPDX-License-Identifier: ISC */
/* A text file in the home: first line "twinpost-sieve 1 KEY" (32 hex digits, random), then for each
 * thing remembered "UNTIL HASH" (seconds; 32 hex digits, keyed: a stranger cannot make two ids
 * alike). Replaced whole; deliver's worker is the only writer, and there is one a user. */
#include <stdlib.h>

#include "deliver/filter.h"
#include "os/file.h"
#include "os/random.h"
#include "wire/encoding.h"

#define MAGIC "twinpost-sieve 1 "
enum { FILE_MAX = 1 << 20, ARENA = 4 << 20 };

struct entry {
    int64_t until;
    uint64_t hash[2];
};
struct memory {
    uint64_t key[2];
    struct entry *at;
    size_t n;
};

static bool take_hex(str *s, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < 16; i++) {
        int d = i < s->n ? hex_digit(s->p[i]) : -1;
        if (d < 0)
            return false;
        *ret = *ret << 4 | (uint64_t)d;
    }
    *s = str_from_at(*s, 16);
    return true;
}

/* A file that is not there, or is damaged, remembers nothing. */
static err read_memory(int home, struct arena *a, struct memory *ret)
{
    str text, line;
    *ret = (struct memory){.at = NEW_N(a, struct entry, FILTER_MEMORY_MAX + 1)};
    err e = file_read(home, FILTER_MEMORY, FILE_MAX, a, &text);
    bool good = !failed(e) && str_line(&text, &line) && str_skip(&line, S(MAGIC)) &&
                take_hex(&line, &ret->key[0]) && take_hex(&line, &ret->key[1]);
    if (!good) {
        ret->key[0] = random_u64();
        ret->key[1] = random_u64();
        return e.kind == ERR_NOTFOUND || e.kind == ERR_LIMIT ? OK_ERR : e;
    }
    while (str_line(&text, &line) && ret->n < FILTER_MEMORY_MAX) {
        uint64_t until;
        struct entry *t = &ret->at[ret->n];
        if (!str_take_u64(&line, &until) || until > INT64_MAX || !str_skip(&line, S(" ")) ||
            !take_hex(&line, &t->hash[0]) || !take_hex(&line, &t->hash[1]))
            continue;
        t->until = (int64_t)until;
        ret->n++;
    }
    return OK_ERR;
}

static struct entry entry_of(const struct memory *m, str kind, str what, struct arena *a)
{
    str both = arena_printf(a, "%.*s %.*s", STR_ARG(kind), STR_ARG(what));
    return (struct entry){.hash = {str_hash(both, m->key[0]), str_hash(both, m->key[1])}};
}

static struct entry *find(const struct memory *m, const struct entry *t)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->at[i].hash[0] == t->hash[0] && m->at[i].hash[1] == t->hash[1])
            return &m->at[i];
    return NULL;
}

bool memory_has(int home, str kind, str what, int64_t now)
{
    auto_arena struct arena *a = arena_new("sieve memory", ARENA + (64 << 20));
    struct memory m;
    err e = read_memory(home, a, &m);
    if (failed(e))
        return false;
    struct entry t = entry_of(&m, kind, what, a), *old = find(&m, &t);
    return old && old->until > now;
}

static void drop(struct memory *m, const struct entry *t)
{
    m->at[t - m->at] = m->at[--m->n];
}

/* Room for one more: what is over goes, else what will be over first. */
static void make_room(struct memory *m, int64_t now)
{
    size_t soonest = 0;
    for (size_t i = 0; i < m->n;) {
        if (m->at[i].until <= now)
            drop(m, &m->at[i]);
        else
            i++;
    }
    for (size_t i = 0; i < m->n; i++)
        if (m->at[i].until < m->at[soonest].until)
            soonest = i;
    if (m->n == FILTER_MEMORY_MAX)
        drop(m, &m->at[soonest]);
}

static err write_memory(int home, const struct memory *m)
{
    auto_buf struct buf b;
    buf_init(&b, FILE_MAX);
    buf_addf(&b, MAGIC "%016llx%016llx\n", (unsigned long long)m->key[0],
             (unsigned long long)m->key[1]);
    for (size_t i = 0; i < m->n; i++)
        buf_addf(&b, "%lld %016llx%016llx\n", (long long)m->at[i].until,
                 (unsigned long long)m->at[i].hash[0], (unsigned long long)m->at[i].hash[1]);
    err e = buf_check(&b, "what Sieve remembers");
    return failed(e) ? e : file_replace(home, FILTER_MEMORY, buf_str(&b), 0600);
}

err memory_add(int home, str kind, str what, int64_t now, int64_t until, bool keep_time)
{
    auto_arena struct arena *a = arena_new("sieve memory", ARENA + (64 << 20));
    struct memory m;
    err e = read_memory(home, a, &m);
    if (failed(e))
        return e;
    struct entry t = entry_of(&m, kind, what, a), *old = find(&m, &t);
    if (old && keep_time && old->until > now)
        return OK_ERR;
    if (old)
        drop(&m, old);
    make_room(&m, now);
    t.until = until;
    m.at[m.n++] = t;
    return write_memory(home, &m);
}
