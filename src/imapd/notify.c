/* SPDX-License-Identifier: ISC */
/* How it works: the command's text is kept and read again when something happens: that is seldom,
 * and then it is the one truth about who wants to hear what. Of each mailbox that is watched the
 * last numbers told are kept, so that what did not change is not told. Folders' names and
 * subscriptions come from the store as they are then. */
#include "imapd/notify.h"

#include <stdlib.h>
#include <string.h>

#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/names.h"
#include "imapd/status.h"
#include "imapd/shared.h"
#include "imapd/sync.h"

struct last_told {
    char *name;
    bool subscribed;
    uint32_t messages, uidnext;
    uint64_t highest;
};
struct notify {
    char *text; /* of the command, from after the verb */
    size_t text_n;
    VEC(struct last_told) folders; /* all there are, in the store's order */
};

static const struct imap_notify_args *read_again(struct session *s)
{
    struct imap_reader r = {.rest = str_of(s->notify->text, s->notify->text_n), .arena = s->arena};
    struct imap_notify_args *a = NEW(s->arena, struct imap_notify_args);
    err e = imap_notify_args(&r, a);
    return failed(e) ? NULL : a; /* it was read before */
}

static void drop_folders(struct notify *n)
{
    for (size_t i = 0; i < n->folders.n; i++)
        free(n->folders.at[i].name);
    vec_done(&n->folders);
}

void notify_forget(struct session *s)
{
    if (s->notify == NULL)
        return;
    drop_folders(s->notify);
    free(s->notify->text);
    free(s->notify);
    s->notify = NULL;
}

/* ---- who wants to hear ---- */

static bool is_named(struct session *s, const struct imap_notify_group *g, str name)
{
    for (size_t i = 0; i < g->n; i++) {
        str want = g->mailboxes[i];
        err e = names_in(s, &want);
        if (failed(e))
            continue;
        bool inbox = str_ieq(want, S("INBOX")) && str_ieq(name, S("INBOX"));
        if (str_eq(want, name) || inbox)
            return true;
        if (g->filter == IMAP_NOTIFY_SUBTREE && name.n > want.n && str_starts(name, want) &&
            name.p[want.n] == '.')
            return true;
    }
    return false;
}

/* RFC 5465 3.1: the first group that a mailbox belongs to is its own. */
static unsigned events_of(struct session *s, const struct imap_notify_args *a, str name,
                          bool subscribed)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct imap_notify_group *g = &a->groups[i];
        bool mine = g->filter == IMAP_NOTIFY_PERSONAL ||
                    (g->filter == IMAP_NOTIFY_SUBSCRIBED && subscribed) ||
                    (g->filter == IMAP_NOTIFY_INBOXES && str_ieq(name, S("INBOX"))) ||
                    (g->filter >= IMAP_NOTIFY_SUBTREE && is_named(s, g, name));
        if (mine)
            return g->events;
    }
    return 0;
}

static const struct imap_notify_group *selected_group(const struct imap_notify_args *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->groups[i].filter <= IMAP_NOTIFY_SELECTED_DELAYED)
            return &a->groups[i];
    return NULL;
}

bool notify_tells_selected(const struct session *s, enum store_sync_mode *ret_mode)
{
    *ret_mode = s->notify_delays ? STORE_SYNC_KEEP_GONE : STORE_SYNC_ALL;
    return s->notify != NULL && s->notify_selected;
}

static struct last_told *last_of(struct notify *n, str name)
{
    for (size_t i = 0; i < n->folders.n; i++)
        if (str_eq(str_from(n->folders.at[i].name), name))
            return &n->folders.at[i];
    return NULL;
}

/* ---- setting ---- */

static err learn_numbers(struct session *s, struct last_told *f, bool tell, unsigned events)
{
    struct store_status st;
    err e = store_status(shared_own(s), str_from(f->name), &st);
    if (failed(e))
        return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? e : OK_ERR;
    f->messages = st.messages;
    f->uidnext = st.uidnext;
    f->highest = st.highestmodseq;
    if (!tell)
        return OK_ERR;
    unsigned items = IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT | IMAP_STATUS_UIDVALIDITY;
    if (events & IMAP_EVENT_FLAGS)
        items |= IMAP_STATUS_UNSEEN;
    if (condstore_is_on(s))
        items |= IMAP_STATUS_HIGHESTMODSEQ;
    return status_say(s, str_from(f->name), items);
}

static bool is_open(const struct session *s, str name)
{
    str open = buf_str(&s->mailbox);
    return s->phase == PHASE_SELECTED &&
           (str_eq(open, name) || (str_ieq(open, S("INBOX")) && str_ieq(name, S("INBOX"))));
}

/* All folders as they are now; the store is told which to watch. */
static err look_around(struct session *s, const struct imap_notify_args *a, bool tell)
{
    struct store_folder *all;
    size_t n, watched = 0;
    bool tree = false;
    err e = store_list(shared_own(s), s->arena, &all, &n);
    if (failed(e))
        return e;
    for (size_t i = 0; i < a->n; i++)
        tree |= a->groups[i].filter > IMAP_NOTIFY_SELECTED_DELAYED && a->groups[i].events != 0;
    str *names = NEW_N(s->arena, str, n + 1);
    drop_folders(s->notify);
    for (size_t i = 0; i < n && !failed(e); i++) {
        bool subscribed = all[i].flags & STORE_SUBSCRIBED;
        struct last_told f = {.name = mem_alloc("folder", all[i].name.n + 1),
                              .subscribed = subscribed};
        memcpy(f.name, all[i].name.p, all[i].name.n);
        unsigned events = events_of(s, a, all[i].name, subscribed);
        bool exists = !(all[i].flags & (STORE_NOSELECT | STORE_ABSENT));
        if (exists && (events & IMAP_EVENTS_OF_MESSAGES)) {
            names[watched++] = all[i].name;
            e = learn_numbers(s, &f, tell && !is_open(s, all[i].name), events);
        }
        vec_push(&s->notify->folders, f);
    }
    return failed(e) ? e : store_watch(shared_own(s), names, watched, tree);
}

err notify_set(struct session *s, const struct imap_notify_args *args, str text)
{
    notify_forget(s);
    s->notify = mem_alloc("notify", sizeof *s->notify);
    s->notify->text = mem_alloc("notify", text.n + 1);
    memcpy(s->notify->text, text.p, text.n);
    s->notify->text_n = text.n;
    const struct imap_notify_group *g = selected_group(args);
    s->notify_selected = g != NULL && g->events != 0;
    s->notify_delays = g != NULL && g->filter == IMAP_NOTIFY_SELECTED_DELAYED;
    err e = look_around(s, args, args->status);
    if (failed(e))
        notify_forget(s);
    return e;
}

/* ---- speaking ---- */

static void say_list(struct session *s, str attributes, str name, str old_name)
{
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_addf(&b, "* LIST (%.*s) \".\" ", STR_ARG(attributes));
    names_write(s, &b, name);
    if (old_name.n > 0) { /* RFC 5465 5.4 */
        buf_add(&b, S(" (\"OLDNAME\" ("));
        names_write(s, &b, old_name);
        buf_add(&b, S("))"));
    }
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

static err say_messages(struct session *s, const struct imap_notify_args *a, str name)
{
    struct last_told *f = last_of(s->notify, name);
    if (f == NULL || is_open(s, name))
        return OK_ERR;
    unsigned events = events_of(s, a, name, f->subscribed);
    struct last_told before = *f;
    err e = learn_numbers(s, f, false, events);
    bool moved = f->messages != before.messages || f->uidnext != before.uidnext;
    bool flags = f->highest != before.highest && (events & IMAP_EVENT_FLAGS);
    if (failed(e) || (!moved && !flags))
        return e;
    return learn_numbers(s, f, true, events);
}

static void say_attributes(struct session *s, const struct imap_notify_args *a,
                           const struct store_notice *v)
{
    const struct last_told *f = last_of(s->notify, v->name);
    unsigned wanted = v->name.n > 0 ? events_of(s, a, v->name, f != NULL && f->subscribed) : 0;
    for (size_t i = 0; i < a->n && v->name.n == 0; i++)
        wanted |= a->groups[i].events & IMAP_EVENT_SERVER_METADATA ? IMAP_EVENT_METADATA : 0u;
    if (!(wanted & IMAP_EVENT_METADATA))
        return;
    auto_buf struct buf b; /* RFC 5464 4.4.2: the entries, without what they hold */
    buf_init(&b, 64 * 1024);
    buf_add(&b, S("* METADATA "));
    if (v->name.n > 0)
        names_write(s, &b, v->name);
    else
        buf_add(&b, S("\"\""));
    buf_addc(&b, ' ');
    buf_add(&b, v->other);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

static err say_subscriptions(struct session *s, const struct imap_notify_args *a)
{
    struct store_folder *all;
    size_t n;
    err e = store_list(shared_own(s), s->arena, &all, &n);
    for (size_t i = 0; i < n && !failed(e); i++) {
        bool now = all[i].flags & STORE_SUBSCRIBED;
        const struct last_told *f = last_of(s->notify, all[i].name);
        if (now == (f != NULL && f->subscribed) ||
            !(events_of(s, a, all[i].name, true) & IMAP_EVENT_SUBSCRIPTION))
            continue;
        bool absent = all[i].flags & (STORE_NOSELECT | STORE_ABSENT);
        say_list(s,
                 now && absent ? S("\\NonExistent \\Subscribed")
                 : now         ? S("\\Subscribed")
                 : absent      ? S("\\NonExistent")
                               : S(""),
                 all[i].name, S(""));
    }
    return e;
}

static void say_name(struct session *s, const struct imap_notify_args *a,
                     const struct store_notice *v)
{
    const struct last_told *f = last_of(s->notify, v->name);
    bool subscribed = f != NULL && f->subscribed;
    bool old =
        v->kind == STORE_NOTICE_RENAMED && (events_of(s, a, v->other, false) & IMAP_EVENT_NAME);
    if (!(events_of(s, a, v->name, subscribed) & IMAP_EVENT_NAME) && !old)
        return;
    say_list(s, v->kind == STORE_NOTICE_DELETED ? S("\\NonExistent") : S(""), v->name,
             v->kind == STORE_NOTICE_RENAMED ? v->other : S(""));
}

static err say_one(struct session *s, const struct imap_notify_args *a,
                   const struct store_notice *v, bool *ret_look)
{
    switch (v->kind) {
    case STORE_NOTICE_MESSAGES:
        return say_messages(s, a, v->name);
    case STORE_NOTICE_CREATED:
    case STORE_NOTICE_DELETED:
    case STORE_NOTICE_RENAMED:
        say_name(s, a, v);
        *ret_look = true;
        return OK_ERR;
    case STORE_NOTICE_SUBSCRIPTIONS:
        *ret_look = true;
        return say_subscriptions(s, a);
    case STORE_NOTICE_ATTRIBUTES:
        say_attributes(s, a, v);
        return OK_ERR;
    case STORE_NOTICE_OVERFLOW:
        break;
    }
    return err_new(ERR_LIMIT, "too much happened at once");
}

/* MessageNew may ask for items of what is new: they are fetched as FETCH would. */
static void fetch_new(struct session *s, const struct imap_notify_args *a, size_t before)
{
    const struct imap_notify_group *g = selected_group(a);
    const struct store_box *box = store_box(s->store);
    if (g == NULL || g->fetch.n == 0 || box == NULL || box->n <= before)
        return;
    bool uid = (s->enabled & ENABLED_UIDONLY) != 0;
    uint32_t from = uid ? box->messages[before].uid : (uint32_t)before + 1;
    uint32_t to = uid ? box->messages[box->n - 1].uid : (uint32_t)box->n;
    struct imap_head head = {.verb = S("FETCH"), .uid = uid};
    struct imap_reader r = {.rest =
                                arena_printf(s->arena, " %u:%u %.*s", from, to, STR_ARG(g->fetch)),
                            .arena = s->arena};
    (void)cmd_fetch(s, &head, &r); /* its tagged answer is nobody's */
}

static void say_selected(struct session *s, const struct imap_notify_args *a)
{
    enum store_sync_mode mode;
    if (s->phase != PHASE_SELECTED || !notify_tells_selected(s, &mode))
        return;
    uint32_t next = store_box(s->store)->uidnext;
    sync_say(s, mode, 0);
    const struct store_box *box = store_box(s->store);
    if (s->phase == PHASE_SELECTED && box != NULL)
        fetch_new(s, a, store_index(box, next));
}

static void say_all(struct session *s)
{
    const struct imap_notify_args *a = read_again(s);
    struct store_notice *notices = NULL;
    size_t n = 0;
    bool look = false, news = store_has_news(s->store);
    err e = OK_ERR;
    if (a == NULL)
        return;
    (void)store_has_news(shared_own(s)); /* takes in what came */
    if (store_has_notices(shared_own(s)))
        e = store_notices(shared_own(s), s->arena, &notices, &n);
    else if (news && s->phase != PHASE_SELECTED)
        e = store_unselect(s->store); /* the keeper's last word on one that was open, or its end */
    for (size_t i = 0; i < n && !failed(e); i++)
        e = say_one(s, a, &notices[i], &look);
    if (look && !failed(e))
        e = look_around(s, a, false);
    if (e.kind == ERR_LIMIT) { /* RFC 5465 5.8 */
        say(s, "* OK [NOTIFICATIONOVERFLOW] Too much happens here; please ask.\r\n");
        notify_forget(s);
        e = store_watch(shared_own(s), NULL, 0, false);
    } else if (!failed(e) && news) {
        say_selected(s, a);
    }
    if (failed(e))
        session_bye(s, "The mail store does not answer; try again later");
}

/* In IDLE the command's memory lives for half an hour: what is said here has its own. */
void notify_say(struct session *s)
{
    struct arena *command = s->arena;
    s->arena = arena_new("notify", SESSION_ARENA_MAX);
    do {
        say_all(s);
        arena_reset(s->arena);
        /* Asking may have brought the next word: it wakes nobody any more. */
    } while (s->phase != PHASE_END && s->notify != NULL && store_has_notices(shared_own(s)));
    arena_free(s->arena);
    s->arena = command;
}
