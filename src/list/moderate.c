/* SPDX-License-Identifier: ISC */
#include "list/moderate.h"

#include <unistd.h>

#include "list/cookie.h"
#include "list/lock.h"
#include "list/members.h"
#include "list/post.h"
#include "list/reply.h"
#include "os/file.h"
#include "wire/header.h"

enum { MODERATORS_MAX = 1000, DAY_HOURS = 24 };

static const char *const mod_files[] = {"modpost", "modsub", "remote", NULL};

static struct verdict failure(err e, const char *doing)
{
    return (struct verdict){111, verdict_of(e, doing).text};
}

static bool is_moderator(struct list_run *r, str address)
{
    struct members m;
    err e;
    if (failed(members_open(r->list->dir, list_moderators(r->list, mod_files), &m)))
        return false;
    bool is = members_has(&m, address, &e);
    members_close(&m);
    return is && !failed(e);
}

static const char *held_path(struct list_run *r, const char *where, str name)
{
    return arena_printf(r->list->arena, "mod/%s/%.*s", where, STR_ARG(name)).p;
}

/* The executable bit comes last: what has it is whole. */
static err hold(struct list_run *r, const char *where, const char *what, str *ret_name)
{
    struct mlist *l = r->list;
    auto_buf struct buf b;
    auto_fd int fd = -1, dir = -1;
    const char *folder = arena_printf(l->arena, "mod/%s", where).p;
    str name = arena_printf(l->arena, "%lld.%llu", (long long)r->now, (unsigned long long)r->pid);
    buf_init(&b, (size_t)LIST_POST_MAX + 4096);
    buf_addf(&b, "Return-Path: <%.*s>\nDelivered-To: %.*s\n", STR_ARG(r->sender),
             STR_ARG(reply_delivered(l, what)));
    buf_add(&b, r->message);
    err e = dir_make_all(l->dir, folder, 0755);
    if (!failed(e))
        e = file_open(l->dir, held_path(r, where, name), O_WRONLY | O_CREAT | O_EXCL, 0600, &fd);
    if (!failed(e))
        e = file_write(fd, buf_str(&b));
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e) && fchmod(fd, 0700) < 0)
        e = err_sys("chmod");
    if (!failed(e))
        e = dir_open(l->dir, folder, &dir);
    if (!failed(e))
        e = dir_sync(dir);
    *ret_name = name;
    return e;
}

static str decision_address(struct list_run *r, const char *what, str name)
{
    struct mlist *l = r->list;
    struct cookie c = cookie_make(l->key, name, S(""), 'a');
    return arena_printf(l->arena, "%.*s-%s-%.*s.%s@%.*s", STR_ARG(l->outlocal), what, STR_ARG(name),
                        c.at, STR_ARG(l->outhost));
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

static err ask_moderators(struct list_run *r, str name)
{
    struct mlist *l = r->list;
    struct reply p;
    struct members m;
    struct everybody *all = NEW(l->arena, struct everybody);
    bool own = is_moderator(r, r->sender);
    all->arena = l->arena;
    err e = OK_ERR;
    if (own) { /* a moderator's own post: he confirms that it is his */
        e = note(all, r->sender);
    } else if (!failed(e = members_open(l->dir, list_moderators(l, mod_files), &m))) {
        e = members_each(&m, note, all);
        members_close(&m);
    }
    if (failed(e) || !all->n)
        return failed(e) ? e : err_new(ERR_TEMP, "the list has no moderators");
    str accept = decision_address(r, "accept", name);
    reply_init(&p, r, "SUBJECT_MODERATE", accept);
    p.from = p.tags.reply = decision_address(r, "reject", name);
    p.reply_to = accept;
    p.to_shown = list_address(l, "-moderators");
    p.delivered = "moderator for";
    if (!own && list_flag(l, FLAG_REMOTE)) { /* an answer to all also lets him post for good */
        list_set_sub(l, S("allow"));
        str stamp = arena_printf(l->arena, "%lld", (long long)r->now);
        struct cookie c = cookie_make(l->key, stamp, r->sender, 't');
        ptrdiff_t at = str_rfind(r->sender, '@');
        if (at > 0)
            p.cc =
                arena_printf(l->arena, "%.*s-tc.%.*s.%s-%.*s=%.*s@%.*s", STR_ARG(l->local),
                             STR_ARG(stamp), c.at, (int)at, r->sender.p,
                             STR_ARG(str_from_at(r->sender, (size_t)at + 1)), STR_ARG(l->outhost));
        list_set_sub(l, S(""));
    }
    reply_text(&p, "mod-request");
    p.enclosed = r->message;
    e = reply_send_to(&p, all->at, all->n);
    reply_done(&p);
    return e;
}

static err ask_poster(struct list_run *r, str name)
{
    struct mlist *l = r->list;
    struct reply p;
    str confirm = decision_address(r, "confirm", name), to = r->sender;
    reply_init(&p, r, "SUBJECT_CONFIRM_POST", confirm);
    p.from = list_address(l, "-owner");
    p.reply_to = confirm;
    p.to_shown = to;
    p.sender = decision_address(r, "discard", name); /* its bounce throws the post away */
    p.delivered = "confirm to";
    reply_text(&p, "post-confirm");
    p.enclosed = r->message;
    err e = reply_send_to(&p, &to, 1);
    reply_done(&p);
    return e;
}

struct verdict list_store(struct list_run *r, const struct store_rules *rules)
{
    struct mlist *l = r->list;
    bool confirm = (rules->confirm || list_flag(l, FLAG_CONFIRMPOST)) && !rules->no_confirm;
    bool moderated = list_flag(l, FLAG_MODPOST);
    if (!moderated && !confirm)
        return list_post(r);
    const char *what = confirm ? "confirm to" : "moderator for";
    struct verdict v = reply_guard(r, what);
    if (v.code)
        return v;
    if (moderated && (rules->refuse || list_flag(l, FLAG_MODPOSTONLY)) &&
        !is_moderator(r, r->sender))
        return VERDICT(100, "Sorry, only moderators may post (#5.7.2)");
    if (!l->key.n)
        return VERDICT(111, "the list has no key");
    str name;
    const char *where = confirm ? "unconfirmed" : "pending";
    auto_fd int lock = -1;
    err e = dir_make(l->dir, "mod", 0755);
    if (!failed(e))
        e = list_lock(l->dir, "mod/lock", &lock);
    if (!failed(e))
        e = hold(r, where, what, &name);
    if (failed(e))
        return failure(e, "unable to hold the post");
    e = confirm ? ask_poster(r, name) : ask_moderators(r, name);
    if (!failed(e))
        return (struct verdict){0};
    (void)failed(file_unlink(l->dir, held_path(r, where, name))); /* it comes again */
    return failure(e, "unable to ask about the post");
}

struct verdict list_gate(struct list_run *r, const struct store_rules *rules,
                         const char *const *dbs)
{
    for (; *dbs; dbs++) {
        struct members m;
        err e = OK_ERR;
        str sub = str_eq(str_from(*dbs), S(".")) ? S("") : str_from(*dbs);
        err missing = members_open(r->list->dir, sub, &m);
        if (missing.kind == ERR_NOTFOUND)
            continue;
        if (failed(missing))
            return failure(missing, "unable to read the members");
        bool in = members_covers(&m, r->sender, &e);
        members_close(&m);
        if (failed(e))
            return failure(e, "unable to read the members");
        struct store_rules rest = *rules;
        bool ask_first =
            (rules->confirm || list_flag(r->list, FLAG_CONFIRMPOST)) && !rules->no_confirm;
        if (in)
            return ask_first ? list_store(r, &rest) : list_post(r);
    }
    return list_store(r, rules);
}

/* "accept" or "reject" (yes or no), "TIME.PID", checked against its cookie. */
static bool take_decision(struct list_run *r, const char *yes, const char *no, bool *ret_yes,
                          str *ret_name)
{
    struct arena *a = r->list->arena;
    str rest = r->address_rest, all = r->local;
    str y = arena_printf(a, "%s-", yes), n = arena_printf(a, "%s-", no);
    /* DEFAULT is what is behind the link's name: the verb may be before it, in LOCAL. */
    if (str_iskip(&rest, y)) {
        *ret_yes = true;
    } else if (str_iskip(&rest, n)) {
        *ret_yes = false;
    } else {
        if (all.n < rest.n)
            return false;
        all = str_slice(all, 0, all.n - rest.n);
        *ret_yes = str_iends(all, y);
        if (!*ret_yes && !str_iends(all, n))
            return false;
    }
    ptrdiff_t dot = str_rfind(rest, '.');
    if (dot <= 0 || !r->list->key.n)
        return false;
    *ret_name = str_slice(rest, 0, (size_t)dot);
    for (size_t i = 0; i < ret_name->n; i++)
        if (!char_is_digit(ret_name->p[i]) && ret_name->p[i] != '.')
            return false;
    struct cookie c = cookie_make(r->list->key, *ret_name, S(""), 'a');
    return cookie_is(str_from_at(rest, (size_t)dot + 1), &c);
}

/* A whole held post: its sender, and the message behind that line. ERR_NOTFOUND. */
static err read_held(struct list_run *r, const char *path, str *ret_sender, str *ret_message)
{
    struct stat st;
    str text, line;
    err e = file_stat(r->list->dir, path, &st);
    if (!failed(e) && !(st.st_mode & S_IXUSR))
        e = err_new(ERR_NOTFOUND, "the post is not whole");
    if (!failed(e))
        e = file_read(r->list->dir, path, LIST_POST_MAX, r->list->arena, &text);
    if (failed(e))
        return e;
    (void)str_line(&text, &line); /* an empty file has no sender */
    if (!str_skip(&line, S("Return-Path: <")) || !str_ends(line, S(">")))
        return err_new(ERR_SYNTAX, "the held post has no Return-Path");
    *ret_sender = str_slice(line, 0, line.n - 1);
    *ret_message = text;
    return OK_ERR;
}

/* Words of the moderator, between two lines that begin (nearly) with %%%. */
static void add_comment(struct buf *b, str body)
{
    str line;
    bool inside = false;
    auto_buf struct buf words;
    buf_init(&words, 64 << 10);
    while (str_line(&body, &line)) {
        ptrdiff_t at = str_find_str(line, S("%%%"));
        if (at >= 0 && at <= 5) {
            if (inside) {
                buf_addf(b,
                         ">>>>> -------------------- >>>>>\n%.*s<<<<< -------------------- "
                         "<<<<<\n\n",
                         STR_ARG(buf_str(&words)));
                return;
            }
            inside = true;
        } else if (inside) {
            buf_addf(&words, "%.*s\n", STR_ARG(line));
        }
    }
}

static err give_back(struct list_run *r, const char *text, str to, str message, str comment)
{
    struct reply p;
    if (!to.n || str_find(to, '@') < 0)
        return OK_ERR; /* nobody to tell */
    reply_init(&p, r, "SUBJECT_RETURNED", to);
    p.from = list_address(r->list, "-owner");
    p.delivered = "moderator for";
    reply_text(&p, "top");
    reply_text(&p, text);
    add_comment(&p.body, comment);
    p.enclosed = message;
    err e = reply_send(&p);
    reply_done(&p);
    return e;
}

static err mark(struct list_run *r, const char *where, str name)
{
    const char *folder = arena_printf(r->list->arena, "mod/%s", where).p;
    err e = dir_make_all(r->list->dir, folder, 0755);
    return failed(e) ? e : file_replace(r->list->dir, held_path(r, where, name), S(""), 0600);
}

static bool exists(struct list_run *r, const char *where, str name)
{
    struct stat st;
    return !failed(file_stat(r->list->dir, held_path(r, where, name), &st));
}

struct verdict list_decide(struct list_run *r, str name, bool accept)
{
    auto_fd int lock = -1;
    str sender, message, comment = header_split(r->message, 0).body;
    const char *path = held_path(r, "pending", name);
    err e = list_lock(r->list->dir, "mod/lock", &lock);
    if (failed(e))
        return failure(e, "unable to lock");
    e = read_held(r, path, &sender, &message);
    if (e.kind == ERR_NOTFOUND) {
        bool accepted = exists(r, "accepted", name), rejected = exists(r, "rejected", name);
        if ((accepted && accept) || (rejected && !accept))
            return (struct verdict){0};
        if (accepted)
            return VERDICT(100, "the post was accepted already (#5.7.0)");
        if (rejected)
            return VERDICT(100, "the post was rejected already (#5.7.0)");
        return VERDICT(100, "I'm sorry, the post is not here any more (#5.7.0)");
    }
    if (failed(e))
        return failure(e, "unable to read the held post");
    struct verdict v = {0};
    if (accept) {
        struct list_run post = *r;
        post.sender = sender;
        post.has_sender = true;
        post.message = message;
        v = list_post(&post);
        r->sent = post.sent;
    } else {
        e = give_back(r, "mod-reject", sender, message, comment);
        if (failed(e))
            v = failure(e, "unable to give the post back");
    }
    if (v.code)
        return v;
    e = mark(r, accept ? "accepted" : "rejected", name);
    if (!failed(e))
        e = file_unlink(r->list->dir, path);
    return failed(e) ? failure(e, "unable to note the decision") : v;
}

struct verdict list_moderate(struct list_run *r)
{
    bool accept;
    str name;
    if (!take_decision(r, "accept", "reject", &accept, &name))
        return VERDICT(100, "illegal or expired moderation request (#5.7.0)");
    return list_decide(r, name, accept);
}

struct verdict list_confirm(struct list_run *r)
{
    static const char *const usual[] = {".", "digest", "allow", "mod", NULL};
    bool confirm;
    str name, sender, message;
    auto_fd int lock = -1;
    if (!take_decision(r, "confirm", "discard", &confirm, &name))
        return VERDICT(100, "illegal or expired confirmation (#5.7.0)");
    const char *path = held_path(r, "unconfirmed", name);
    err e = list_lock(r->list->dir, "mod/confirmlock", &lock);
    if (failed(e))
        return failure(e, "unable to lock");
    e = read_held(r, path, &sender, &message);
    if (e.kind == ERR_NOTFOUND)
        return confirm ? VERDICT(100, "I'm sorry, the post is not here any more (#5.7.0)")
                       : (struct verdict){0};
    if (failed(e))
        return failure(e, "unable to read the held post");
    struct verdict v = {0};
    if (confirm) {
        struct list_run post = *r;
        struct store_rules rules = {.no_confirm = true};
        post.sender = sender;
        post.has_sender = true;
        post.message = message;
        v = list_flag(r->list, FLAG_SUBPOSTONLY) ? list_gate(&post, &rules, usual)
                                                 : list_store(&post, &rules);
    }
    if (v.code)
        return v;
    e = file_unlink(r->list->dir, path);
    return failed(e) ? failure(e, "unable to remove the held post") : v;
}

struct sweep {
    struct list_run *run;
    const char *where;
    int64_t before;
    bool give_back;
    struct {
        str at[1024]; /* the rest at the next run */
        size_t n;
    } old;
};

static err note_old(void *ctx, const struct dir_entry *entry)
{
    struct sweep *s = ctx;
    str name = entry->name;
    uint64_t when = 0;
    if (!name.n || *name.p == '.' || s->old.n == 1024)
        return OK_ERR;
    (void)str_take_u64(&name, &when); /* a name without a time is as old as can be */
    if (when <= INT64_MAX && (int64_t)when < s->before)
        s->old.at[s->old.n++] = arena_copy(s->run->list->arena, entry->name);
    return OK_ERR;
}

static err sweep_folder(struct sweep *s)
{
    struct mlist *l = s->run->list;
    const char *folder = arena_printf(l->arena, "mod/%s", s->where).p;
    s->old.n = 0;
    err e = dir_each(l->dir, folder, note_old, s);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    for (size_t i = 0; i < s->old.n && !failed(e); i++) {
        const char *path = held_path(s->run, s->where, s->old.at[i]);
        str sender, message;
        if (s->give_back && str_eq(str_from(s->where), S("pending")) &&
            !failed(read_held(s->run, path, &sender, &message)))
            e = give_back(s->run, "mod-timeout", sender, message, S(""));
        if (!failed(e))
            e = file_unlink(l->dir, path);
    }
    return e;
}

struct verdict list_clean(struct list_run *r, bool back)
{
    static const char *const folders[] = {"pending", "accepted", "rejected", "unconfirmed"};
    struct mlist *l = r->list;
    auto_fd int lock = -1;
    struct stat st;
    uint64_t hours = 0;
    str text;
    if (failed(file_stat(l->dir, "mod", &st)))
        return (struct verdict){0};
    if (list_value(l, "modtime", &text))
        (void)str_u64(text, &hours); /* no number: the usual time */
    hours = hours == 0 ? 120 : hours < DAY_HOURS ? DAY_HOURS : hours > 240 ? 240 : hours;
    struct sweep *s = NEW(l->arena, struct sweep);
    s->run = r;
    s->before = r->now - (int64_t)hours * 3600;
    s->give_back = back && !list_flag(l, FLAG_NORETURNPOSTS);
    err e = list_lock(l->dir, "mod/lock", &lock);
    for (size_t i = 0; i < 4 && !failed(e); i++) {
        s->where = folders[i];
        e = sweep_folder(s);
    }
    return failed(e) ? failure(e, "unable to clean up") : (struct verdict){0};
}
