/* SPDX-License-Identifier: ISC */
#include "control/cdb.h"

#include <string.h>

enum { CDB_HEADER = 2048, CDB_TABLES = 256 };

static uint32_t cdb_hash(str key)
{
    uint32_t h = 5381;
    for (size_t i = 0; i < key.n; i++)
        h = ((h << 5) + h) ^ (unsigned char)key.p[i];
    return h;
}

/* False when the four bytes are not all there. */
static bool get32(str cdb, uint64_t at, uint32_t *ret_value)
{
    if (at + 4 > cdb.n)
        return false;
    const unsigned char *p = (const unsigned char *)cdb.p + at;
    *ret_value = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return true;
}

static bool get_record(str cdb, uint64_t at, str *ret_key, str *ret_data)
{
    uint32_t klen, dlen;
    if (!get32(cdb, at, &klen) || !get32(cdb, at + 4, &dlen))
        return false;
    uint64_t end = at + 8 + klen + dlen;
    if (end > cdb.n)
        return false;
    *ret_key = str_slice(cdb, (size_t)at + 8, (size_t)at + 8 + klen);
    *ret_data = str_slice(cdb, (size_t)at + 8 + klen, (size_t)end);
    return true;
}

err cdb_find(str cdb, str key, str *ret_data)
{
    const err damaged = err_new(ERR_SYNTAX, "damaged constant database");
    uint32_t hash = cdb_hash(key), table, slots;
    if (!get32(cdb, (hash % CDB_TABLES) * 8, &table) ||
        !get32(cdb, (hash % CDB_TABLES) * 8 + 4, &slots))
        return damaged;
    /* A table that does not fit would make the loop below walk nowhere. */
    if ((uint64_t)table + (uint64_t)slots * 8 > cdb.n)
        return damaged;
    uint32_t slot = slots ? (hash >> 8) % slots : 0;
    for (uint32_t i = 0; i < slots; i++) {
        uint32_t h, at;
        if (!get32(cdb, table + (uint64_t)slot * 8, &h) ||
            !get32(cdb, table + (uint64_t)slot * 8 + 4, &at))
            return damaged;
        if (at == 0)
            break;
        str k, d;
        if (h == hash) {
            if (!get_record(cdb, at, &k, &d))
                return damaged;
            if (str_eq(k, key)) {
                *ret_data = d;
                return OK_ERR;
            }
        }
        slot = slot + 1 == slots ? 0 : slot + 1;
    }
    return err_new(ERR_NOTFOUND, "no such key");
}

bool cdb_next(str cdb, size_t *at, str *ret_key, str *ret_data)
{
    uint32_t end;
    if (*at == 0)
        *at = CDB_HEADER;
    /* Records end where the first hash table begins: the smallest table position. */
    uint64_t first = cdb.n;
    for (size_t i = 0; i < CDB_TABLES; i++) {
        if (!get32(cdb, i * 8, &end))
            return false;
        if (end < first)
            first = end;
    }
    str k, d;
    if (*at < CDB_HEADER || *at >= first ||
        !get_record(str_slice(cdb, 0, (size_t)first), *at, &k, &d))
        return false;
    *at += 8 + k.n + d.n;
    *ret_key = k;
    *ret_data = d;
    return true;
}

static void put32(char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (char)(unsigned char)(v >> (8 * i));
}

static void add32(struct buf *b, uint32_t v)
{
    char four[4];
    put32(four, v);
    buf_add(b, str_of(four, sizeof four));
}

void cdb_make_start(struct cdb_make *m, struct buf *out)
{
    static const char zeros[CDB_HEADER];
    *m = (struct cdb_make){.out = out};
    buf_add(out, str_of(zeros, sizeof zeros));
}

void cdb_make_add(struct cdb_make *m, str key, str data)
{
    if (m->out->n > CDB_MAX || key.n > CDB_MAX || data.n > CDB_MAX) {
        m->out->over = true;
        return;
    }
    vec_push(&m->slots, (struct cdb_slot){cdb_hash(key), (uint32_t)m->out->n});
    add32(m->out, (uint32_t)key.n);
    add32(m->out, (uint32_t)data.n);
    buf_add(m->out, key);
    buf_add(m->out, data);
}

/* One hash table, twice as many places as records, at most half full as djb's maker. */
static void put_table(struct cdb_make *m, uint32_t table, const uint32_t *members, uint32_t n,
                      char *header)
{
    put32(header + table * 8, (uint32_t)m->out->n);
    put32(header + table * 8 + 4, n * 2);
    if (n == 0)
        return;
    struct cdb_slot *places = mem_alloc("cdb table", sizeof *places * n * 2);
    for (uint32_t i = 0; i < n; i++) {
        struct cdb_slot s = m->slots.at[members[i]];
        uint32_t at = (s.hash >> 8) % (n * 2);
        while (places[at].at)
            at = at + 1 == n * 2 ? 0 : at + 1;
        places[at] = s;
    }
    for (uint32_t i = 0; i < n * 2; i++) {
        add32(m->out, places[i].hash);
        add32(m->out, places[i].at);
    }
    free(places);
}

err cdb_make_finish(struct cdb_make *m)
{
    char header[CDB_HEADER];
    size_t n = m->slots.n;
    uint32_t start[CDB_TABLES + 1] = {0};
    for (size_t i = 0; i < n; i++)
        start[m->slots.at[i].hash % CDB_TABLES + 1]++;
    for (size_t t = 0; t < CDB_TABLES; t++)
        start[t + 1] += start[t];
    /* Counting sort: records of one table together, in the order they were added, so that the
     * first of equal keys is found first. */
    uint32_t *sorted = mem_alloc("cdb order", sizeof *sorted * (n + 1));
    uint32_t next[CDB_TABLES];
    memcpy(next, start, sizeof next);
    for (size_t i = 0; i < n; i++)
        sorted[next[m->slots.at[i].hash % CDB_TABLES]++] = (uint32_t)i;
    for (uint32_t t = 0; t < CDB_TABLES; t++)
        put_table(m, t, sorted + start[t], start[t + 1] - start[t], header);
    free(sorted);
    vec_done(&m->slots);
    err e = buf_check(m->out, "build constant database");
    if (!failed(e))
        memcpy(m->out->p, header, sizeof header);
    return e;
}
