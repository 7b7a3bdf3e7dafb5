/* SPDX-License-Identifier: ISC */
#include "control/assign.h"

/* How it works: in users/cdb an exact entry has the key "!local\0" and a wildcard "!prefix",
 * both in lower case; the empty key holds every last character of a wildcard, so that a lookup
 * tries only the prefixes that can exist. Data: user uid gid home dash ext, split by NULs.
 */

struct wild_chars {
    char at[256];
    size_t n;
};

static void note_last(struct wild_chars *w, str prefix)
{
    if (prefix.n == 0)
        return;
    char last = prefix.p[prefix.n - 1];
    if (str_find(str_of(w->at, w->n), last) < 0)
        w->at[w->n++] = last;
}

static void add_key(struct buf *b, str name, bool exact)
{
    buf_reset(b);
    buf_addc(b, '!');
    for (size_t i = 0; i < name.n; i++)
        buf_addc(b, char_lower(name.p[i]));
    if (exact)
        buf_addc(b, '\0');
}

/* The six fields, colons turned into NULs; what follows the sixth colon is not looked at. */
static bool add_data(struct buf *b, str rest)
{
    buf_reset(b);
    for (int i = 0; i < 6; i++) {
        str field;
        if (!str_cut(rest, ':', &field, &rest))
            return false;
        if (i)
            buf_addc(b, '\0');
        buf_add(b, field);
    }
    return true;
}

static bool add_line(struct cdb_make *m, str line, struct wild_chars *w, struct buf *key,
                     struct buf *data)
{
    str name, rest;
    if (str_find(line, '\0') >= 0 || !str_cut(line, ':', &name, &rest) || name.n == 0)
        return false;
    bool wild = name.p[0] == '+';
    name = str_from_at(name, 1);
    if (wild)
        note_last(w, name);
    add_key(key, name, !wild);
    if (!add_data(data, rest) || key->over || data->over)
        return false;
    cdb_make_add(m, buf_str(key), buf_str(data));
    return true;
}

err assign_compile(str text, struct buf *ret_cdb, size_t *ret_line)
{
    struct cdb_make m;
    struct wild_chars wild = {.n = 0};
    auto_buf struct buf key, data;
    buf_init(&key, 64 << 10);
    buf_init(&data, 64 << 10);
    cdb_make_start(&m, ret_cdb);
    size_t number = 1;
    bool good = false;
    for (;; number++) {
        if (text.n && text.p[0] == '.') {
            good = true;
            break;
        }
        str line, rest;
        if (!str_cut(text, '\n', &line, &rest) || !add_line(&m, line, &wild, &key, &data))
            break;
        text = rest;
    }
    cdb_make_add(&m, S(""), str_of(wild.at, wild.n));
    err e = cdb_make_finish(&m);
    if (!failed(e) && !good)
        e = err_new(ERR_SYNTAX, "bad format in users/assign");
    if (failed(e))
        *ret_line = number;
    return e;
}

static bool take_id(str text, uint32_t *ret_id)
{
    uint64_t v;
    if (!str_u64(text, &v) || v >= UINT32_MAX) /* (uid_t)-1 means "no change" to the kernel */
        return false;
    *ret_id = (uint32_t)v;
    return true;
}

static err take_answer(str data, str key, str remainder, bool wild, struct arena *a,
                       struct assign *ret)
{
    str field[6] = {{0}};
    for (int i = 0; i < 6; i++)
        if (!str_cut(data, '\0', &field[i], &data) && i < 5)
            return err_new(ERR_SYNTAX, "users/cdb: entry with too few fields");
    struct assign r = {.user = field[0], .home = field[3], .dash = field[4], .wild = wild};
    if (!take_id(field[1], &r.uid) || !take_id(field[2], &r.gid))
        return err_new(ERR_SYNTAX, "users/cdb: bad uid or gid");
    r.ext = arena_printf(a, "%.*s%.*s", STR_ARG(field[5]), STR_ARG(remainder));
    r.key = arena_printf(a, "%c%.*s", wild ? '+' : '=', STR_ARG(key));
    *ret = r;
    return OK_ERR;
}

err assign_find(str cdb, str local, struct arena *a, struct assign *ret)
{
    str wild_chars, data;
    err e = cdb_find(cdb, S(""), &wild_chars);
    if (failed(e))
        return err_new(ERR_SYNTAX, "users/cdb: no list of wildcards");
    char *key = arena_alloc(a, local.n + 2, 1);
    key[0] = '!';
    for (size_t i = 0; i < local.n; i++)
        key[i + 1] = char_lower(local.p[i]);
    /* i: length of the key with its "!"; the exact one has a NUL behind. */
    for (size_t i = local.n + 2; i > 0; i--) {
        bool exact = i == local.n + 2;
        if (!exact && i > 1 && str_find(wild_chars, key[i - 1]) < 0)
            continue;
        e = cdb_find(cdb, str_of(key, i), &data);
        if (e.kind == ERR_NOTFOUND)
            continue;
        if (failed(e))
            return e;
        str rest = exact ? S("") : str_from_at(local, i - 1);
        str name = str_of(key + 1, exact ? local.n : i - 1);
        return take_answer(data, name, rest, !exact, a, ret);
    }
    return err_new(ERR_NOTFOUND, "no entry in users/cdb");
}
