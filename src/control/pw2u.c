/* SPDX-License-Identifier: ISC */
#include "control/assign.h"

#include "control/names.h"

struct account_line {
    str name, uid, gid, home;
};

struct run {
    const struct pw2u *o;
    struct arena *a;
    struct buf *out;
    struct names include, exclude, mailnames, users;
    struct buf known; /* "name:…assign fields…" of every user taken, for subusers */
    bool alias_seen;
    str why;
};

static const char *dash_of(const struct run *r)
{
    return r->o->dash_slash ? "-/" : "-";
}

/* name:password:uid:gid:gecos:home:… */
static bool take_account(str line, struct account_line *ret)
{
    str field[6], rest = line;
    if (str_find(line, '\0') >= 0)
        return false;
    for (int i = 0; i < 6; i++)
        if (!str_cut(rest, ':', &field[i], &rest))
            return false;
    *ret = (struct account_line){field[0], field[2], field[3], field[5]};
    return true;
}

static bool has_upper(str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] >= 'A' && name.p[i] <= 'Z')
            return true;
    return false;
}

static err fail(struct run *r, err e, str why)
{
    r->why = why;
    return e;
}

/* May this home take mail? Not being there is an answer, unless -h. */
static err check_home(struct run *r, const struct account_line *u, uint64_t uid, bool *ret_ok)
{
    *ret_ok = true;
    if (r->o->homes == PW2U_IGNORE)
        return OK_ERR;
    uint32_t owner;
    err e = r->o->home_uid(r->o->ctx, u->home, &owner);
    *ret_ok = !failed(e) && owner == uid;
    if (!failed(e) || (e.kind == ERR_NOTFOUND && r->o->homes == PW2U_SKIP))
        return OK_ERR;
    return fail(r, e, arena_printf(r->a, "unable to stat %.*s", STR_ARG(u->home)));
}

static void write_names(struct run *r, str name, str fields)
{
    str names = name;
    const struct name_entry *e = names_find(&r->mailnames, name);
    if (e)
        names = e->value;
    while (names.n) {
        str one, rest;
        str_cut(names, ':', &one, &rest);
        names = rest;
        if (one.n == 0)
            continue;
        buf_addf(r->out, "=%.*s%.*s::\n", STR_ARG(one), STR_ARG(fields));
        if (r->o->delimiter)
            buf_addf(r->out, "+%.*s%c%.*s%s::\n", STR_ARG(one), r->o->delimiter, STR_ARG(fields),
                     dash_of(r));
    }
}

static err do_account(struct run *r, str line)
{
    struct account_line u;
    if (!take_account(line, &u))
        return OK_ERR;
    uint64_t uid = 0;
    str digits = u.uid;
    if (!str_take_u64(&digits, &uid) || uid == 0)
        return OK_ERR;
    if (!r->o->upper && has_upper(u.name))
        return OK_ERR;
    if (r->o->has_include && !names_has(&r->include, u.name))
        return OK_ERR;
    if (r->o->has_exclude && names_has(&r->exclude, u.name))
        return OK_ERR;
    bool ok;
    err e = check_home(r, &u, uid, &ok);
    if (failed(e) || !ok)
        return e;
    str fields = arena_printf(r->a, ":%.*s:%.*s:%.*s:%.*s:", STR_ARG(u.name), STR_ARG(u.uid),
                              STR_ARG(u.gid), STR_ARG(u.home));
    buf_addf(&r->known, "%.*s:%.*s\n", STR_ARG(u.name), STR_ARG(fields));
    if (str_eq(u.name, r->o->alias)) {
        buf_addf(r->out, "+%.*s%s::\n", STR_ARG(fields), dash_of(r));
        r->alias_seen = true;
    }
    write_names(r, u.name, fields);
    return OK_ERR;
}

/* sub:user:pre: */
static err do_subuser(struct run *r, str line)
{
    str sub, user, pre, rest;
    if (!str_cut(line, ':', &sub, &rest) || !str_cut(rest, ':', &user, &rest))
        return OK_ERR;
    const struct name_entry *e = names_find(&r->users, user);
    if (!e)
        return fail(r, err_new(ERR_NOTFOUND, "no user for a subuser"),
                    arena_printf(r->a, "unable to find %.*s user for subuser", STR_ARG(user)));
    if (!str_cut(rest, ':', &pre, &rest))
        return OK_ERR;
    buf_addf(r->out, "=%.*s%.*s%s:%.*s:\n", STR_ARG(sub), STR_ARG(e->value), dash_of(r),
             STR_ARG(pre));
    if (r->o->delimiter)
        buf_addf(r->out, "+%.*s%c%.*s%s:%.*s-:\n", STR_ARG(sub), r->o->delimiter, STR_ARG(e->value),
                 dash_of(r), STR_ARG(pre));
    return OK_ERR;
}

static err each_line(struct run *r, str text, err (*each)(struct run *r, str line))
{
    str line;
    err e = OK_ERR;
    while (!failed(e) && line_next(&text, &line))
        e = each(r, line);
    return e;
}

static err run_all(struct run *r, str passwd)
{
    err e = each_line(r, passwd, do_account);
    if (failed(e))
        return e;
    if (!r->alias_seen)
        return fail(r, err_new(ERR_NOTFOUND, "no alias user"),
                    arena_printf(r->a, "unable to find %.*s user", STR_ARG(r->o->alias)));
    r->users = names_parse(buf_str(&r->known), true, r->a);
    if (r->o->has_subusers)
        e = each_line(r, r->o->subusers, do_subuser);
    if (failed(e))
        return e;
    if (r->o->has_append) {
        buf_add(r->out, r->o->append);
        if (r->o->append.n && !str_ends(r->o->append, S("\n")))
            buf_addc(r->out, '\n'); /* qmail-pw2u would glue the final dot to this line */
    }
    buf_add(r->out, S(".\n"));
    return buf_check(r->out, "users/assign");
}

err pw2u_run(const struct pw2u *o, str passwd, struct arena *a, struct buf *out, str *ret_why)
{
    struct run r = {.o = o, .a = a, .out = out};
    buf_init(&r.known, (size_t)64 << 20);
    if (o->has_include)
        r.include = names_parse(o->include, false, a);
    if (o->has_exclude)
        r.exclude = names_parse(o->exclude, false, a);
    if (o->has_mailnames)
        r.mailnames = names_parse(o->mailnames, true, a);
    err e = run_all(&r, passwd);
    buf_done(&r.known);
    if (failed(e))
        *ret_why = r.why;
    return e;
}
