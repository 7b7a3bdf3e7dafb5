/* SPDX-License-Identifier: ISC */
#include "gate/build.h"

#include <string.h>

#include "people/passwd.h"

static char mark; /* a value for maps that are sets */

static err refuse(struct build_report *rep, unsigned line, str name, const char *what)
{
    rep->line = line;
    rep->name = name;
    return err_new(ERR_SYNTAX, what);
}

static str field(str line, unsigned n)
{
    str head = S(""), rest = line;
    for (unsigned i = 0; i <= n; i++)
        (void)str_cut(rest, ':', &head, &rest); /* past the last one all is empty */
    return head;
}

static unsigned fields_of(str line)
{
    unsigned n = 1;
    for (size_t i = 0; i < line.n; i++)
        n += line.p[i] == ':';
    return n;
}

static void add_line(struct buf *out, str line)
{
    buf_add(out, line);
    buf_addc(out, '\n');
}

/* Blank lines, comments and NIS entries belong to the system. */
static bool is_no_entry(str line)
{
    return str_trim(line).n == 0 || line.p[0] == '#' || line.p[0] == '+' || line.p[0] == '-';
}

static err seen_once(struct map *seen, str key, struct build_report *rep, unsigned line, str name,
                     const char *what)
{
    if (map_get(seen, key))
        return refuse(rep, line, name, what);
    map_put(seen, key, &mark);
    return OK_ERR;
}

static void map_freep(struct map **m)
{
    map_free(*m);
}
#define auto_map AUTO(map_freep)

static void note_removed(struct build_report *rep, str name)
{
    if (rep->removed_n < sizeof rep->removed / sizeof rep->removed[0])
        rep->removed[rep->removed_n] = name;
    rep->removed_n++;
}

/* ---- passwd ---- */

struct passwd_build {
    const struct accounts *all;
    struct buf *out;
    struct build_report *rep;
    struct map *names, *numbers;
};

static err passwd_line(struct passwd_build *b, str line, unsigned number)
{
    struct person p;
    if (is_no_entry(line)) {
        add_line(b->out, line);
        return OK_ERR;
    }
    if (failed(passwd_line_parse(line, &p)))
        return refuse(b->rep, number, field(line, 0), "a line of passwd cannot be read");
    err e = seen_once(b->names, p.name, b->rep, number, p.name, "a name stands twice in passwd");
    const struct account *one = accounts_find(b->all, p.name);
    bool general = uid_is_general(b->all->settings, p.uid);
    if (!failed(e) && one && one->uid != p.uid)
        e = refuse(b->rep, number, p.name, "passwd and card disagree about the user number");
    if (!failed(e) && general) /* system accounts may share theirs */
        e = seen_once(b->numbers, field(line, 2), b->rep, number, p.name,
                      "a user number stands twice in passwd");
    if (failed(e))
        return e;
    if (general && !one) {
        note_removed(b->rep, p.name);
    } else if (one && p.gid != one->uid) {
        return refuse(b->rep, number, p.name, "a general user's group is not his own");
    } else if (one) {
        buf_addf(b->out, "%.*s:%.*s:%u:%u:%.*s:%.*s:%.*s\n", STR_ARG(p.name),
                 STR_ARG(field(line, 1)), p.uid, p.gid,
                 STR_ARG(one->gecos.n ? one->gecos : p.gecos), STR_ARG(p.home), STR_ARG(p.shell));
    } else {
        add_line(b->out, line);
    }
    return OK_ERR;
}

static err add_accounts_to_passwd(struct passwd_build *b, struct arena *a)
{
    const struct gate_settings *s = b->all->settings;
    for (size_t i = 0; i < b->all->n; i++) {
        const struct account *one = &b->all->at[i];
        if (map_get(b->names, one->login))
            continue;
        err e = seen_once(b->numbers, arena_printf(a, "%u", one->uid), b->rep, 0, one->login,
                          "a card's user number belongs to somebody else");
        if (!failed(e) && !uid_is_general(s, one->uid))
            e = refuse(b->rep, 0, one->login, "a card's user number is outside the general range");
        if (failed(e))
            return e;
        buf_addf(b->out, "%.*s:x:%u:%u:%.*s:%.*s/%.*s:%.*s\n", STR_ARG(one->login), one->uid,
                 one->uid, STR_ARG(one->gecos), STR_ARG(s->home_base), STR_ARG(one->login),
                 STR_ARG(s->shell));
        b->rep->added_n++;
    }
    return OK_ERR;
}

err build_passwd(str old, const struct accounts *all, struct buf *out, struct build_report *rep)
{
    auto_map struct map *names = map_new(), *numbers = map_new();
    auto_arena struct arena *a = arena_new("passwd", 64 << 20);
    struct passwd_build b = {all, out, rep, names, numbers};
    str line;
    err e = OK_ERR;
    for (unsigned n = 1; !failed(e) && str_line(&old, &line); n++)
        e = passwd_line(&b, line, n);
    if (!failed(e))
        e = add_accounts_to_passwd(&b, a);
    return failed(e) ? e : buf_check(out, "passwd is too large");
}

/* ---- shadow ---- */

/* Names of general users in an old passwd (number in the third field) or group file. */
static struct map *general_names(str old, const struct gate_settings *s)
{
    struct map *general = map_new();
    str line;
    uint64_t number;
    while (str_line(&old, &line))
        if (!is_no_entry(line) && str_u64(field(line, 2), &number) && number <= UINT32_MAX &&
            uid_is_general(s, (uint32_t)number))
            map_put(general, field(line, 0), &mark);
    return general;
}

err build_shadow(str old, str passwd_old, const struct accounts *all, int64_t today,
                 struct buf *out, struct build_report *rep)
{
    auto_map struct map *general = general_names(passwd_old, all->settings), *names = map_new();
    str line;
    err e = OK_ERR;
    for (unsigned n = 1; !failed(e) && str_line(&old, &line); n++) {
        str name = field(line, 0);
        if (is_no_entry(line)) {
            add_line(out, line);
            continue;
        }
        if (fields_of(line) != 9 || name.n == 0)
            return refuse(rep, n, name, "a line of shadow cannot be read");
        e = seen_once(names, name, rep, n, name, "a name stands twice in shadow");
        if (map_get(general, name) && !accounts_find(all, name))
            note_removed(rep, name);
        else
            add_line(out, line);
    }
    for (size_t i = 0; !failed(e) && i < all->n; i++) {
        const struct account *one = &all->at[i];
        if (map_get(names, one->login))
            continue;
        str hash = one->group || one->hash.n == 0 ? S("!") : one->hash;
        buf_addf(out, "%.*s:%.*s:%lld:0:99999:7:::\n", STR_ARG(one->login), STR_ARG(hash),
                 (long long)today);
        rep->added_n++;
    }
    return failed(e) ? e : buf_check(out, "shadow is too large");
}

/* ---- group, gshadow ---- */

static void add_members(struct buf *out, const struct account *one)
{
    for (size_t i = 0; i < one->members_n; i++)
        buf_addf(out, "%s%.*s", i ? "," : "", STR_ARG(one->members[i]));
}

static err group_line(struct passwd_build *b, str line, unsigned number, struct arena *a)
{
    uint64_t gid;
    str name = field(line, 0);
    if (is_no_entry(line)) {
        add_line(b->out, line);
        return OK_ERR;
    }
    if (fields_of(line) != 4 || name.n == 0 || !str_u64(field(line, 2), &gid) || gid >= UINT32_MAX)
        return refuse(b->rep, number, name, "a line of group cannot be read");
    err e = seen_once(b->names, name, b->rep, number, name, "a name stands twice in group");
    const struct account *one = accounts_find(b->all, name);
    bool general = uid_is_general(b->all->settings, (uint32_t)gid);
    if (!failed(e) && one && one->uid != gid)
        e = refuse(b->rep, number, name, "group and card disagree about the number");
    if (!failed(e) && general)
        e = seen_once(b->numbers, arena_printf(a, "%llu", (unsigned long long)gid), b->rep, number,
                      name, "a number stands twice in group");
    if (failed(e))
        return e;
    if (general && !one) {
        note_removed(b->rep, name);
    } else if (one) {
        buf_addf(b->out, "%.*s:%.*s:%u:", STR_ARG(name), STR_ARG(field(line, 1)), one->uid);
        add_members(b->out, one);
        buf_addc(b->out, '\n');
    } else {
        add_line(b->out, line);
    }
    return OK_ERR;
}

err build_group(str old, const struct accounts *all, struct buf *out, struct build_report *rep)
{
    auto_map struct map *names = map_new(), *numbers = map_new();
    auto_arena struct arena *a = arena_new("group", 64 << 20);
    struct passwd_build b = {all, out, rep, names, numbers};
    str line;
    err e = OK_ERR;
    for (unsigned n = 1; !failed(e) && str_line(&old, &line); n++)
        e = group_line(&b, line, n, a);
    for (size_t i = 0; !failed(e) && i < all->n; i++) {
        const struct account *one = &all->at[i];
        if (map_get(names, one->login))
            continue;
        e = seen_once(numbers, arena_printf(a, "%u", one->uid), rep, 0, one->login,
                      "a card's number belongs to another group");
        buf_addf(out, "%.*s:x:%u:", STR_ARG(one->login), one->uid);
        add_members(out, one);
        buf_addc(out, '\n');
        rep->added_n++;
    }
    return failed(e) ? e : buf_check(out, "group is too large");
}

static void gshadow_entry(struct buf *out, str name, str password, str admins,
                          const struct account *one)
{
    buf_addf(out, "%.*s:%.*s:%.*s:", STR_ARG(name), STR_ARG(password), STR_ARG(admins));
    add_members(out, one);
    buf_addc(out, '\n');
}

err build_gshadow(str old, str group_old, const struct accounts *all, struct buf *out,
                  struct build_report *rep)
{
    auto_map struct map *general = general_names(group_old, all->settings), *names = map_new();
    str line;
    err e = OK_ERR;
    for (unsigned n = 1; !failed(e) && str_line(&old, &line); n++) {
        str name = field(line, 0);
        if (is_no_entry(line)) {
            add_line(out, line);
            continue;
        }
        if (fields_of(line) != 4 || name.n == 0)
            return refuse(rep, n, name, "a line of gshadow cannot be read");
        e = seen_once(names, name, rep, n, name, "a name stands twice in gshadow");
        const struct account *one = accounts_find(all, name);
        if (one)
            gshadow_entry(out, name, field(line, 1), field(line, 2), one);
        else if (map_get(general, name))
            note_removed(rep, name);
        else
            add_line(out, line);
    }
    for (size_t i = 0; !failed(e) && i < all->n; i++) {
        if (map_get(names, all->at[i].login))
            continue;
        gshadow_entry(out, all->at[i].login, S("!"), S(""), &all->at[i]);
        rep->added_n++;
    }
    return failed(e) ? e : buf_check(out, "gshadow is too large");
}

/* ---- what changes ---- */

static struct map *lines_of(str text)
{
    struct map *m = map_new();
    str line;
    while (str_line(&text, &line))
        map_put(m, line, &mark);
    return m;
}

static void diff_line(struct buf *out, char sign, str line, bool secret)
{
    str name, rest, hash, tail;
    if (secret && str_cut(line, ':', &name, &rest) && str_cut(rest, ':', &hash, &tail))
        buf_addf(out, "%c%.*s:%s:%.*s\n", sign, STR_ARG(name), hash.n > 1 ? "(hidden)" : "",
                 STR_ARG(tail));
    else
        buf_addf(out, "%c%.*s\n", sign, STR_ARG(line));
}

void build_diff(const char *name, str old, str fresh, bool secret, struct buf *out)
{
    auto_map struct map *before = lines_of(old), *after = lines_of(fresh);
    str line;
    if (str_eq(old, fresh))
        return;
    buf_addf(out, "--- %s\n+++ %s (new)\n", name, name);
    for (str rest = old; str_line(&rest, &line);)
        if (!map_get(after, line))
            diff_line(out, '-', line, secret);
    for (str rest = fresh; str_line(&rest, &line);)
        if (!map_get(before, line))
            diff_line(out, '+', line, secret);
}
