/* SPDX-License-Identifier: ISC */
#include "list/get.h"

#include "list/archive.h"
#include "list/cookie.h"
#include "list/get_private.h"
#include "list/members.h"
#include "list/reply.h"

static const char *const mod_files[] = {"modsub", "remote", NULL};

static bool in_part(struct list_run *r, str part)
{
    struct members m;
    err e;
    if (failed(members_open(r->list->dir, part, &m)))
        return false;
    bool in = members_covers(&m, r->sender, &e);
    members_close(&m);
    return in && !failed(e);
}

/* Who may read: everybody, members, or moderators. */
static bool may_read(struct list_run *r)
{
    struct mlist *l = r->list;
    bool mod = (list_flag(l, FLAG_REMOTE) || list_flag(l, FLAG_MODSUB)) &&
               in_part(r, list_moderators(l, mod_files));
    if (list_flag(l, FLAG_MODGETONLY) || !list_flag(l, FLAG_PUBLIC))
        return mod;
    if (list_flag(l, FLAG_SUBGETONLY))
        return mod || in_part(r, S("")) || in_part(r, S("digest")) || in_part(r, S("allow"));
    return true;
}

/* "[f].N[_M]" behind the command. False: no number. */
static bool take_range(str rest, char *ret_format, uint64_t *ret_from, uint64_t *ret_to)
{
    *ret_format = 0;
    if (rest.n && char_is_alpha(*rest.p)) {
        *ret_format = char_lower(*rest.p);
        rest = str_from_at(rest, 1);
    }
    if (!str_skip(&rest, S(".")) || !str_take_u64(&rest, ret_from))
        return false;
    *ret_to = *ret_from;
    if (str_skip(&rest, S("_")) || str_skip(&rest, S("-")))
        (void)str_take_u64(&rest, ret_to); /* "12_": only 12 */
    return true;
}

static struct verdict answer(struct reply *p)
{
    err e = reply_send(p);
    reply_done(p);
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to answer").text}
                     : (struct verdict){.code = 99};
}

static void bound(uint64_t *from, uint64_t *to, uint64_t last, uint64_t most)
{
    *to = *to > last ? last : *to;
    *from = *from > *to ? *to : *from;
    *from = *from ? *from : 1;
    if (*to >= *from && *to - *from >= most)
        *to = *from + most - 1;
}

static struct verdict give_posts(struct list_run *r, str rest)
{
    struct list_num num, digest;
    char format;
    uint64_t from, to;
    err e = num_read(r->list, "num", &num);
    if (!failed(e))
        e = num_read(r->list, "dignum", &digest);
    if (failed(e))
        return (struct verdict){111, verdict_of(e, "unable to read the archive").text};
    if (!take_range(rest, &format, &from, &to)) {
        to = num.number;
        from = digest.number ? digest.number : num.number > 30 ? num.number - 29 : 1;
    }
    bound(&from, &to, num.number, GET_POSTS_MAX);
    struct reply p;
    reply_init(&p, r, "SUBJECT_RESPONSE", r->sender);
    reply_text(&p, "top");
    if (!num.number || !archive_has_any(r->list, from, to)) {
        reply_text(&p, "get-bad");
        reply_text(&p, "bottom");
        return answer(&p);
    }
    reply_done(&p);
    struct digest_mail d = {.run = r, .from = from, .to = to, .format = format};
    e = digest_mail_send(&d, &r->sender, 1);
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to answer").text}
                     : (struct verdict){.code = 99};
}

static void add_entry(struct buf *b, const struct index_entry *e)
{
    buf_addf(b, "%llu: %s%.*s\n\t%.*s; %.*s\n", (unsigned long long)e->number,
             e->reply ? "Re: " : "", STR_ARG(e->subject), STR_ARG(e->date), STR_ARG(e->author));
}

static struct verdict give_index(struct list_run *r, str rest)
{
    struct mlist *l = r->list;
    struct list_num num;
    char format;
    uint64_t from, to;
    err e = num_read(l, "num", &num);
    if (failed(e))
        return (struct verdict){111, verdict_of(e, "unable to read the archive").text};
    if (!take_range(rest, &format, &from, &to))
        from = to = num.number;
    from = (from < num.number ? from : num.number) / 100 * 100;
    to = (to < num.number ? to : num.number) / 100 * 100 + 99;
    bound(&from, &to, num.number, GET_INDEX_MAX);
    struct reply p;
    reply_init(&p, r, "SUBJECT_RESPONSE", r->sender);
    reply_text(&p, "top");
    for (uint64_t hundred = from / 100; hundred <= to / 100; hundred++) {
        str text = archive_index_read(l, hundred, l->arena);
        struct index_entry entry;
        while (index_next(&text, &entry))
            if (entry.number >= from && entry.number <= num.number)
                add_entry(&p.body, &entry);
    }
    buf_addc(&p.body, '\n');
    reply_text(&p, "bottom");
    return answer(&p);
}

/* The entry of one post; false when there is none. */
static bool find_entry(struct mlist *l, uint64_t number, struct index_entry *ret)
{
    str text = archive_index_read(l, number / 100, l->arena);
    while (index_next(&text, ret))
        if (ret->number == number)
            return true;
    return false;
}

static struct verdict give_thread(struct list_run *r, str rest)
{
    struct mlist *l = r->list;
    struct list_num num;
    struct index_entry of;
    char format;
    uint64_t number, unused;
    err e = num_read(l, "num", &num);
    if (failed(e))
        return (struct verdict){111, verdict_of(e, "unable to read the archive").text};
    struct digest_mail d = {.run = r, .chosen = true};
    if (take_range(rest, &format, &number, &unused) && number <= num.number &&
        find_entry(l, number, &of)) {
        d.format = format;
        uint64_t from = number > GET_INDEX_MAX ? number - GET_INDEX_MAX : 1;
        uint64_t to = number + GET_INDEX_MAX < num.number ? number + GET_INDEX_MAX : num.number;
        for (uint64_t hundred = from / 100; hundred <= to / 100; hundred++) {
            str text = archive_index_read(l, hundred, l->arena);
            struct index_entry entry;
            while (index_next(&text, &entry))
                if (str_eq(entry.hash, of.hash) && d.n < GET_POSTS_MAX)
                    d.posts[d.n++] = entry.number;
        }
    }
    if (d.n) {
        e = digest_mail_send(&d, &r->sender, 1);
        return failed(e) ? (struct verdict){111, verdict_of(e, "unable to answer").text}
                         : (struct verdict){.code = 99};
    }
    struct reply p;
    reply_init(&p, r, "SUBJECT_RESPONSE", r->sender);
    reply_text(&p, "top");
    reply_text(&p, "get-bad");
    reply_text(&p, "bottom");
    return answer(&p);
}

static bool is_command(str *rest, const char *name)
{
    str after = *rest;
    if (!str_iskip(&after, str_from(name)))
        return false;
    /* behind it: nothing, a format letter and nothing, or ".N" */
    if (after.n && *after.p != '.' && !(after.n == 1 || after.p[1] == '.'))
        return false;
    *rest = after;
    return true;
}

static struct verdict by_code(struct list_run *r, str rest)
{
    str code, given, format;
    (void)str_cut(rest, '.', &given, &format); /* mostly without a format */
    if (!list_value(r->list, "digestcode", &code) || !code.n || !str_eq(given, code))
        return VERDICT(100, "bad digest code (#5.7.0)");
    struct verdict v = list_digest(r);
    v.code = v.code ? v.code : 99;
    return v;
}

struct verdict list_get(struct list_run *r)
{
    str rest = r->address_rest, code = rest;
    enum { NONE, POSTS, INDEX, THREAD } what = NONE;
    if (str_iskip(&code, S("dig.")))
        return by_code(r, code);
    if (is_command(&rest, "index"))
        what = INDEX;
    else if (is_command(&rest, "thread"))
        what = THREAD;
    else if (is_command(&rest, "get") || str_ieq(rest, S("digest")))
        what = POSTS;
    if (what == NONE)
        return (struct verdict){0};
    struct verdict v = reply_guard(r, "responder for");
    if (v.code)
        return v;
    if (!list_flag(r->list, FLAG_ARCHIVED) && !list_has(r->list, "archive/0"))
        return VERDICT(100, "Sorry, this list is not archived (#5.1.1)");
    if (!may_read(r))
        return VERDICT(100, "Sorry, the archive is not open to this address (#5.7.1)");
    return what == INDEX    ? give_index(r, rest)
           : what == THREAD ? give_thread(r, rest)
                            : give_posts(r, str_ieq(rest, S("digest")) ? S("") : rest);
}
