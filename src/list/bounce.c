/* SPDX-License-Identifier: ISC */
#include "list/bounce.h"

#include "list/addresses.h"
#include "list/bounce_files.h"
#include "list/cookie.h"
#include "list/lock.h"
#include "list/members.h"
#include "list/qsbmf.h"
#include "os/file.h"

static bool is_member(struct list_run *r, str address, err *ret_problem)
{
    struct members m;
    bool there = false;
    *ret_problem = members_open(r->list->dir, r->list->sub, &m);
    if (failed(*ret_problem))
        return false;
    there = members_has(&m, address, ret_problem);
    members_close(&m);
    return there;
}

/* A new d or w file, whole or not at all. */
static err keep(struct list_run *r, char kind, str address)
{
    struct mlist *l = r->list;
    const char *dir = bounce_slice_path(l, r->now);
    err e = dir_make_all(l->dir, dir, 0755);
    if (failed(e))
        return e;
    auto_buf struct buf b;
    buf_init(&b, (size_t)LIST_POST_MAX + MEMBER_MAX + 4096);
    buf_add(&b, address);
    buf_addc(&b, '\0');
    buf_addf(&b, "Return-Path: <%.*s>\n", STR_ARG(r->sender));
    buf_add(&b, r->message);
    const char *path;
    unsigned n = 0;
    struct stat st;
    do { /* one QSBMF bounce may name many members */
        path = arena_printf(l->arena, n ? "%s/%c%lld.%llu.%u" : "%s/%c%lld.%llu", dir, kind,
                            (long long)(r->now % BOUNCE_SLICE), (unsigned long long)r->pid, n)
                   .p;
        n++;
    } while (!failed(file_stat(l->dir, path, &st)));
    return file_replace(l->dir, path, buf_str(&b), 0600);
}

static err count(struct list_run *r, str address, str number)
{
    struct mlist *l = r->list;
    err problem;
    str normal;
    if (failed(member_normal(l->arena, address, &normal)) || !is_member(r, normal, &problem))
        return OK_ERR; /* nobody's bounce */
    if (failed(problem))
        return problem;
    const char *path = bounce_history_path(l, normal);
    struct stat st;
    bool known = !failed(file_stat(l->dir, path, &st));
    err e = known ? OK_ERR : keep(r, 'd', normal);
    if (failed(e))
        return e;
    auto_fd int fd = -1;
    e = dir_make_all(l->dir, bounce_history_folder(l, normal), 0755);
    if (!failed(e))
        e = file_open(l->dir, path, O_WRONLY | O_CREAT | O_APPEND, 0600, &fd);
    if (failed(e) || !number.n)
        return e;
    return file_write(fd, arena_printf(l->arena, "   %.*s\n", STR_ARG(number)));
}

struct several {
    struct list_run *run;
    str number;
    err problem;
};

static void count_one(void *ctx, str address, str report)
{
    (void)report;
    struct several *s = ctx;
    if (!failed(s->problem))
        s->problem = count(s->run, address, s->number);
}

static bool signed_right(struct list_run *r, str stamp, str cookie, str address, char action)
{
    uint64_t at;
    if (!str_u64(stamp, &at) || (int64_t)at > r->now || r->now - (int64_t)at > COOKIE_BOUNCE_LIFE ||
        !r->list->key.n)
        return false;
    struct cookie c = cookie_make(r->list->key, stamp, address, action);
    return cookie_is(cookie, &c);
}

/* "T.COOKIE-box=host". */
static bool take_signed(struct list_run *r, str rest, char action, str *ret_address)
{
    str stamp, cookie, who;
    return str_cut(rest, '.', &stamp, &rest) && str_cut(rest, '-', &cookie, &who) &&
           !failed(verp_decode(r->list->arena, who, ret_address)) &&
           signed_right(r, stamp, cookie, *ret_address, action);
}

static err remove_member(struct list_run *r, str address)
{
    struct members m;
    struct member_change c = {.bucket = -1};
    err e = member_normal(r->list->arena, address, &c.address);
    if (!failed(e))
        e = members_open(r->list->dir, r->list->sub, &m);
    if (failed(e))
        return e;
    e = members_change(&m, &c, 1);
    members_close(&m);
    if (!failed(e) && c.done)
        list_log(r->list, r->list->sub, r->now, "-probe", address, S(""));
    return e;
}

static struct verdict done(err e)
{
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to keep the bounce").text}
                     : (struct verdict){.code = 99};
}

struct verdict bounce_take(struct list_run *r)
{
    str rest = r->address_rest, address, number;
    auto_fd int lock = -1;
    err e = list_lock(r->list->dir, bounce_lock_path(r->list), &lock);
    if (failed(e))
        return done(e);
    if (str_iskip(&rest, S("warn-"))) {
        err problem = OK_ERR;
        if (take_signed(r, rest, 'W', &address) && is_member(r, address, &problem))
            problem = keep(r, 'w', address);
        return done(problem);
    }
    if (str_iskip(&rest, S("probe-")))
        return done(take_signed(r, rest, 'P', &address) ? remove_member(r, address) : OK_ERR);
    if (str_istarts(rest, S("receipt-")) || str_istarts(rest, S("m-")) ||
        str_istarts(rest, S("g-")))
        return done(OK_ERR); /* of SQL sublists: nothing is kept for them */
    size_t digits = 0;
    while (digits < rest.n && char_is_digit(rest.p[digits]))
        digits++;
    number = str_slice(rest, 0, digits);
    rest = str_from_at(rest, digits);
    if (rest.n && !str_skip(&rest, S("-")))
        return VERDICT(100, "bad return address (#5.1.1)");
    if (!digits && r->address_rest.n)
        return VERDICT(100, "bad return address (#5.1.1)");
    if (!rest.n) { /* before VERP: the bounce itself says who */
        struct several s = {.run = r, .number = number};
        (void)qsbmf_each(r->message, count_one, &s); /* no bounce of qmail's: nobody is named */
        return done(s.problem);
    }
    return done(failed(verp_decode(r->list->arena, rest, &address)) ? OK_ERR
                                                                    : count(r, address, number));
}
