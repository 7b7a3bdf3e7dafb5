/* SPDX-License-Identifier: ISC */
/* How it works: the address says what is asked for, and for whom. What changes a list is done only
 * when a cookie comes back that went to the person concerned (s, u), to the moderators (t, v), or
 * to a remote administrator who asks for somebody else (r, w). */
#include "list/manage.h"

#include "list/addresses.h"
#include "list/cookie.h"
#include "list/manage_texts.h"
#include "list/members.h"
#include "list/reply.h"
#include "os/file.h"
#include "wire/header.h"

enum { MODERATORS_MAX = 1000 };

struct request {
    struct list_run *run;
    struct mlist *list;
    const struct manage_rules *rules;
    str target;
    bool by_mod; /* the sender is a moderator who may act for others */
};

static const char *const mod_files[] = {"modsub", "remote", NULL};

static bool is_moderator(struct request *q, str address)
{
    struct members m;
    err e;
    if (!list_flag(q->list, FLAG_MODSUB) && !list_flag(q->list, FLAG_REMOTE))
        return false;
    if (failed(members_open(q->list->dir, list_moderators(q->list, mod_files), &m)))
        return false;
    bool is = members_has(&m, address, &e);
    members_close(&m);
    return is && !failed(e);
}

static struct verdict answer(struct reply *p, err e)
{
    reply_done(p);
    return failed(e) ? (struct verdict){111, verdict_of(e, "unable to answer").text}
                     : (struct verdict){0};
}

struct everybody {
    struct arena *arena;
    str at[MODERATORS_MAX];
    size_t n;
};

static err note(void *ctx, str address)
{
    struct everybody *all = ctx;
    if (all->n < MODERATORS_MAX)
        all->at[all->n++] = arena_copy(all->arena, address);
    return OK_ERR;
}

static err send_to_moderators(struct request *q, struct reply *p)
{
    struct members m;
    struct everybody *all = NEW(q->list->arena, struct everybody);
    all->arena = q->list->arena;
    err e = members_open(q->list->dir, list_moderators(q->list, mod_files), &m);
    if (failed(e))
        return e;
    e = members_each(&m, note, all);
    members_close(&m);
    p->to_shown = list_address(q->list, "-moderators");
    return failed(e) || !all->n ? e : reply_send_to(p, all->at, all->n);
}

/* Asks for the mail that will do it. The kind says who is asked: c's letter. */
static struct verdict ask(struct request *q, char action, const char *text)
{
    struct mlist *l = q->list;
    struct reply p;
    bool adding = action == 's' || action == 't' || action == 'r';
    str stamp = arena_printf(l->arena, "%lld", (long long)q->run->now);
    if (!l->key.n)
        return VERDICT(111, "the list has no key");
    struct cookie c = cookie_make(l->key, stamp, q->target, action);
    reply_init(&p, q->run, adding ? "SUBJECT_SUB_CONFIRM" : "SUBJECT_UNSUB_CONFIRM", q->target);
    p.tags.hash = str_from(c.at);
    p.tags.time = stamp;
    p.tags.cookie = arena_printf(l->arena, "%cc.%.*s.%s", action, STR_ARG(stamp), c.at);
    p.reply_to =
        arena_printf(l->arena, "%.*s-%.*s-%.*s@%.*s", STR_ARG(l->local), STR_ARG(p.tags.cookie),
                     STR_ARG(verp_encode(l->arena, q->target)), STR_ARG(l->outhost));
    p.tags.reply = p.reply_to;
    reply_text(&p, "top");
    reply_text(&p, text);
    if (!list_flag(l, FLAG_OMITBOTTOM))
        reply_text(&p, "bottom");
    reply_request(&p);
    err e;
    if (action == 't' || action == 'v') {
        e = send_to_moderators(q, &p);
    } else if (action == 'r' || action == 'w') {
        str to = q->run->sender; /* the administrator who asked */
        p.to_shown = to;
        e = reply_send_to(&p, &to, 1);
    } else {
        e = reply_send(&p);
    }
    return answer(&p, e);
}

static struct verdict tell(struct request *q, const char *subject, const char *text, bool welcome)
{
    struct mlist *l = q->list;
    struct reply p;
    reply_init(&p, q->run, subject, q->target);
    if (welcome)
        p.unsubscribe = arena_printf(l->arena, "%.*s-unsubscribe-%.*s@%.*s", STR_ARG(l->local),
                                     STR_ARG(verp_encode(l->arena, q->target)), STR_ARG(l->outhost))
                            .p;
    reply_text(&p, "top");
    reply_text(&p, text);
    if (q->by_mod && !str_ieq(q->run->sender, q->target))
        reply_text(&p, "mod-sub");
    if (!list_flag(l, FLAG_OMITBOTTOM))
        reply_text(&p, "bottom");
    reply_request(&p);
    return answer(&p, reply_send(&p));
}

static err change(struct request *q, bool add, bool *ret_done)
{
    struct mlist *l = q->list;
    struct members m;
    struct member_change c = {.add = add, .bucket = -1};
    err e = member_normal(l->arena, q->target, &c.address);
    if (!failed(e) && l->sub.n)
        e = dir_make(l->dir, arena_cstr(l->arena, l->sub), 0755);
    if (!failed(e))
        e = members_open(l->dir, l->sub, &m);
    if (failed(e))
        return e;
    e = members_change(&m, &c, 1);
    members_close(&m);
    *ret_done = !failed(e) && c.done;
    if (*ret_done)
        list_log(l, l->sub, q->run->now, q->by_mod ? (add ? "+mod" : "-mod") : (add ? "+" : "-"),
                 c.address, S(""));
    return e;
}

static struct verdict change_and_tell(struct request *q, bool add)
{
    bool changed = false;
    err e = change(q, add, &changed);
    if (failed(e))
        return (struct verdict){e.kind == ERR_SYNTAX ? 100 : 111,
                                verdict_of(e, "unable to change the members").text};
    if (q->rules->quiet)
        return (struct verdict){0};
    if (add)
        return tell(q, changed ? "SUBJECT_WELCOME" : "SUBJECT_RESPONSE",
                    changed ? "sub-ok" : "sub-nop", changed);
    return tell(q, changed ? "SUBJECT_GOODBYE" : "SUBJECT_RESPONSE",
                changed ? "unsub-ok" : "unsub-nop", false);
}

static bool is_member(struct request *q, str address)
{
    struct members m;
    err e;
    if (failed(members_open(q->list->dir, q->list->sub, &m)))
        return false;
    bool is = members_has(&m, address, &e);
    members_close(&m);
    return is && !failed(e);
}

static struct verdict subscribe(struct request *q)
{
    bool modsub = list_flag(q->list, FLAG_MODSUB);
    if (is_member(q, q->target))
        return tell(q, "SUBJECT_RESPONSE", "sub-nop", false);
    if (q->by_mod && list_flag(q->list, FLAG_REMOTE) && !str_ieq(q->target, q->run->sender))
        return ask(q, 'r', "mod-sub-confirm");
    if (q->rules->no_sub_confirm || list_flag(q->list, FLAG_NOSUBCONFIRM))
        return modsub && !q->by_mod ? ask(q, 't', "mod-sub-confirm") : change_and_tell(q, true);
    return ask(q, 's', "sub-confirm");
}

static struct verdict unsubscribe(struct request *q)
{
    if (!is_member(q, q->target))
        return tell(q, "SUBJECT_RESPONSE", "unsub-nop", false);
    if (q->by_mod && list_flag(q->list, FLAG_REMOTE) && !str_ieq(q->target, q->run->sender))
        return ask(q, 'w', "mod-unsub-confirm");
    if (q->rules->no_unsub_confirm || list_flag(q->list, FLAG_NOUNSUBCONFIRM))
        return change_and_tell(q, false);
    return ask(q, 'u', "unsub-confirm");
}

/* "sc.T.C-box=host" and its like came back. */
static struct verdict confirmed(struct request *q, char action, str rest)
{
    struct mlist *l = q->list;
    str stamp, cookie, who;
    uint64_t at = 0;
    bool adding = action == 's' || action == 't' || action == 'r';
    bool by_mod = action != 's' && action != 'u';
    if (!str_cut(rest, '.', &stamp, &rest) || !str_cut(rest, '-', &cookie, &who) ||
        failed(verp_decode(l->arena, who, &q->target)))
        return VERDICT(100, "illegal request format (#5.7.0)");
    struct cookie want = cookie_make(l->key, stamp, q->target, action);
    bool right = l->key.n && str_u64(stamp, &at) && (int64_t)at <= q->run->now &&
                 q->run->now - (int64_t)at <= COOKIE_LIFE && cookie_is(cookie, &want);
    if (!right && by_mod && !is_moderator(q, q->run->sender))
        return VERDICT(100, "the request is too old, or not from here (#5.7.0)");
    if (!right)
        return ask(q, action, adding ? "sub-bad" : "unsub-bad");
    q->by_mod = by_mod;
    bool modsub = list_flag(l, FLAG_MODSUB);
    if (action == 's' && modsub && !(is_moderator(q, q->run->sender) && is_moderator(q, q->target)))
        return ask(q, 't', "mod-sub-confirm");
    if (action == 'u' && modsub && q->rules->mod_unsub)
        return ask(q, 'v', "mod-unsub-confirm");
    return change_and_tell(q, adding);
}

/* Text after the command and '-', "box=host"; else who sent it. False: no address. */
static bool find_target(struct request *q, str rest)
{
    if (!str_skip(&rest, S("-")) || !rest.n) {
        q->target = q->run->sender;
        return true;
    }
    str normal;
    return !failed(verp_decode(q->list->arena, rest, &q->target)) &&
           !failed(member_normal(q->list->arena, q->target, &normal));
}

static struct verdict give_text(struct request *q, const char *text, bool mod_help)
{
    struct reply p;
    reply_init(&p, q->run, "SUBJECT_RESPONSE", q->run->sender);
    p.from = list_address(q->list, "-return-"); /* an answer to help gets no help */
    reply_text(&p, "top");
    reply_text(&p, text);
    if (mod_help)
        reply_text(&p, "mod-help");
    if (!list_flag(q->list, FLAG_OMITBOTTOM))
        reply_text(&p, "bottom");
    reply_request(&p);
    return answer(&p, reply_send(&p));
}

/* The members, to a moderator. */
static err list_one(void *ctx, str address)
{
    buf_addf(ctx, "%.*s\n", STR_ARG(address));
    return OK_ERR;
}

static struct verdict give_members(struct request *q, bool count)
{
    struct reply p;
    struct members m;
    if (!q->by_mod || !list_flag(q->list, FLAG_MODCANLIST))
        return VERDICT(100, "Sorry, this needs a moderator's address (#5.7.1)");
    auto_buf struct buf all;
    buf_init(&all, REPLY_MAX);
    err e = members_open(q->list->dir, q->list->sub, &m);
    if (!failed(e)) {
        e = members_each(&m, list_one, &all);
        members_close(&m);
    }
    size_t n = 0;
    for (size_t i = 0; i < all.n; i++)
        n += all.p[i] == '\n';
    reply_init(&p, q->run, "SUBJECT_RESPONSE", q->run->sender);
    reply_text(&p, "top");
    if (!count)
        buf_add(&p.body, buf_str(&all));
    buf_addf(&p.body, "\n ======> %zu\n\n", n);
    return answer(&p, failed(e) ? e : reply_send(&p));
}

static struct verdict query(struct request *q)
{
    return tell(q, "SUBJECT_RESPONSE", is_member(q, q->target) ? "sub-nop" : "unsub-nop", false);
}

/* The part a command is about: "digest-", "allow-", "deny-" before it. */
static bool take_part(struct request *q, str *rest)
{
    static const char *const parts[] = {"digest", "allow", "deny"};
    for (size_t i = 0; i < 3; i++) {
        str after = *rest;
        if (!str_iskip(&after, str_from(parts[i])) || !str_skip(&after, S("-")))
            continue;
        *rest = after;
        list_set_sub(q->list, str_from(parts[i]));
        return true;
    }
    return false;
}

static bool is_command(str *rest, const char *name)
{
    str after = *rest;
    if (!str_iskip(&after, str_from(name)) || (after.n && *after.p != '-' && *after.p != '.'))
        return false;
    *rest = after;
    return true;
}

static struct verdict dispatch(struct request *q, str rest)
{
    static const char actions[] = "sutvrw";
    str subscribing = rest, leaving = rest, asking = rest;
    if (rest.n > 3 && char_lower(rest.p[1]) == 'c' && rest.p[2] == '.')
        for (size_t i = 0; actions[i]; i++)
            if (char_lower(*rest.p) == actions[i])
                return confirmed(q, actions[i], str_from_at(rest, 3));
    bool open = list_flag(q->list, FLAG_PUBLIC) || q->by_mod;
    if (!open)
        return is_command(&rest, "help")
                   ? give_text(q, "help", false)
                   : VERDICT(100, "Sorry, I've been told to reject all requests (#5.7.2)");
    if (is_command(&subscribing, "subscribe"))
        return find_target(q, subscribing) ? subscribe(q)
                                           : VERDICT(100, "bad target address (#5.7.0)");
    if (is_command(&leaving, "unsubscribe"))
        return find_target(q, leaving) ? unsubscribe(q)
                                       : VERDICT(100, "bad target address (#5.7.0)");
    if (is_command(&asking, "query"))
        return find_target(q, asking) ? query(q) : VERDICT(100, "bad target address (#5.7.0)");
    if (is_command(&rest, "info") || is_command(&rest, "faq"))
        return give_text(q, char_lower(q->run->address_rest.p[0]) == 'i' ? "info" : "faq", false);
    if (is_command(&rest, "listn") || is_command(&rest, "list"))
        return give_members(q, str_istarts(q->run->address_rest, S("listn")));
    if (is_command(&rest, "log") && q->by_mod && list_flag(q->list, FLAG_REMOTE))
        return manage_give_log(q->run, str_skip(&rest, S(".")) ? rest : S(""));
    if (is_command(&rest, "edit") && q->by_mod && list_flag(q->list, FLAG_MODCANEDIT))
        return manage_give_text(q->run, str_skip(&rest, S(".")) ? rest : S(""));
    if (str_iskip(&rest, S("ed.")))
        return manage_take_text(q->run, rest);
    return give_text(q, "help", q->by_mod);
}

struct verdict list_manage(struct list_run *r, const struct manage_rules *rules)
{
    struct verdict v = reply_guard(r, "responder for");
    if (v.code)
        return v;
    struct request q = {.run = r, .list = r->list, .rules = rules, .target = r->sender};
    str rest = r->address_rest;
    q.by_mod = is_moderator(&q, r->sender);
    if (take_part(&q, &rest) && str_eq(q.list->sub, S("deny")) && !q.by_mod)
        v = VERDICT(100, "Sorry, this needs a moderator's address (#5.7.1)");
    else
        v = dispatch(&q, rest);
    list_set_sub(q.list, S(""));
    return v;
}
