/* SPDX-License-Identifier: ISC */
#include "wire/imap_notify.h"

static err one_mailbox(struct imap_reader *r, struct imap_notify_group *g, size_t *total)
{
    if (++*total > IMAP_NOTIFY_MAILBOXES_MAX)
        return err_new(ERR_LIMIT, "too many mailboxes");
    err e = imap_astring(r, &g->mailboxes[g->n]);
    if (!failed(e) && g->mailboxes[g->n].n > IMAP_MAILBOX_MAX)
        return err_new(ERR_LIMIT, "the mailbox name is too long");
    g->n++;
    return e;
}

static err mailboxes(struct imap_reader *r, struct imap_notify_group *g, size_t *total)
{
    err e = imap_space(r);
    if (failed(e))
        return e;
    g->mailboxes = NEW_N(r->arena, str, IMAP_NOTIFY_MAILBOXES_MAX);
    if (!imap_skip(r, '('))
        return one_mailbox(r, g, total);
    do {
        e = one_mailbox(r, g, total);
        if (failed(e))
            return e;
    } while (imap_skip(r, ' '));
    return imap_skip(r, ')') ? OK_ERR : err_new(ERR_SYNTAX, "a list of mailboxes has no end");
}

static err filter(struct imap_reader *r, struct imap_notify_group *g, size_t *total)
{
    static const struct {
        str name;
        enum imap_notify_filter filter;
    } table[] = {
        {S("SELECTED-DELAYED"), IMAP_NOTIFY_SELECTED_DELAYED},
        {S("SELECTED"), IMAP_NOTIFY_SELECTED},
        {S("INBOXES"), IMAP_NOTIFY_INBOXES},
        {S("PERSONAL"), IMAP_NOTIFY_PERSONAL},
        {S("SUBSCRIBED"), IMAP_NOTIFY_SUBSCRIBED},
        {S("SUBTREE"), IMAP_NOTIFY_SUBTREE},
        {S("MAILBOXES"), IMAP_NOTIFY_MAILBOXES},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!imap_skip_word(r, table[i].name))
            continue;
        g->filter = table[i].filter;
        return g->filter >= IMAP_NOTIFY_SUBTREE ? mailboxes(r, g, total) : OK_ERR;
    }
    return err_new(ERR_SYNTAX, "no such choice of mailboxes");
}

/* The items in parentheses, as they stand: FETCH's own parser reads them again. No item that is
 * worth being told at once needs a quote or a literal. */
static err fetch_items(struct imap_reader *r, str *ret)
{
    size_t depth = 0;
    for (size_t i = 0; i < r->rest.n; i++) {
        char c = r->rest.p[i];
        if (c == '"' || c == '{' || c == '\r' || c == '\n')
            return err_new(ERR_SYNTAX, "items to fetch are expected");
        depth += c == '(';
        depth -= c == ')';
        if (depth > 0)
            continue;
        *ret = str_slice(r->rest, 0, i + 1);
        r->rest = str_from_at(r->rest, i + 1);
        return OK_ERR;
    }
    return err_new(ERR_SYNTAX, "a list of items has no end");
}

static err one_event(struct imap_reader *r, struct imap_notify_group *g)
{
    static const struct {
        str name;
        unsigned event;
    } table[] = {
        {S("MessageNew"), IMAP_EVENT_NEW},
        {S("MessageExpunge"), IMAP_EVENT_EXPUNGE},
        {S("FlagChange"), IMAP_EVENT_FLAGS},
        {S("MailboxName"), IMAP_EVENT_NAME},
        {S("SubscriptionChange"), IMAP_EVENT_SUBSCRIPTION},
        {S("MailboxMetadataChange"), IMAP_EVENT_METADATA},
        {S("ServerMetadataChange"), IMAP_EVENT_SERVER_METADATA},
    };
    str name = {0};
    err e = imap_atom(r, &name);
    if (failed(e))
        return e;
    unsigned event = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (str_ieq(name, table[i].name))
            event = table[i].event;
    g->events |= event;
    g->unknown |= event == 0;
    if (event == IMAP_EVENT_NEW && str_starts(r->rest, S(" ("))) {
        (void)imap_skip(r, ' ');
        return fetch_items(r, &g->fetch);
    }
    return OK_ERR;
}

static err check(const struct imap_notify_group *g)
{
    bool selected = g->filter <= IMAP_NOTIFY_SELECTED_DELAYED;
    if (!(g->events & IMAP_EVENT_NEW) != !(g->events & IMAP_EVENT_EXPUNGE))
        return err_new(ERR_SYNTAX, "MessageNew and MessageExpunge go together");
    if ((g->events & IMAP_EVENT_FLAGS) && !(g->events & IMAP_EVENT_NEW))
        return err_new(ERR_SYNTAX, "FlagChange needs MessageNew and MessageExpunge");
    if (selected && (g->events & ~(unsigned)IMAP_EVENTS_OF_MESSAGES))
        return err_new(ERR_SYNTAX, "only events of messages are of the selected mailbox");
    if (!selected && g->fetch.n > 0)
        return err_new(ERR_SYNTAX, "items are fetched from the selected mailbox only");
    return OK_ERR;
}

static err one_group(struct imap_reader *r, struct imap_notify_group *g, size_t *total)
{
    if (!imap_skip(r, '('))
        return err_new(ERR_SYNTAX, "a group of events is expected");
    err e = filter(r, g, total);
    if (!failed(e))
        e = imap_space(r);
    if (failed(e))
        return e;
    if (imap_skip(r, '(')) {
        do {
            e = one_event(r, g);
            if (failed(e))
                return e;
        } while (imap_skip(r, ' '));
        if (!imap_skip(r, ')'))
            return err_new(ERR_SYNTAX, "a list of events has no end");
    } else if (!imap_skip_word(r, S("NONE"))) {
        return err_new(ERR_SYNTAX, "a list of events is expected");
    }
    if (!imap_skip(r, ')'))
        return err_new(ERR_SYNTAX, "a group of events has no end");
    return check(g);
}

err imap_notify_args(struct imap_reader *r, struct imap_notify_args *ret)
{
    struct imap_notify_args a = {0};
    size_t total = 0;
    err e = imap_space(r);
    if (failed(e))
        return e;
    a.none = imap_skip_word(r, S("NONE"));
    if (!a.none && !imap_skip_word(r, S("SET")))
        return err_new(ERR_SYNTAX, "SET or NONE is expected");
    if (!a.none && str_istarts(r->rest, S(" STATUS "))) {
        a.status = true;
        r->rest = str_from_at(r->rest, S(" STATUS").n);
    }
    if (!a.none)
        a.groups = NEW_N(r->arena, struct imap_notify_group, IMAP_NOTIFY_GROUPS_MAX);
    while (!a.none && (a.n == 0 || !imap_at_end(r))) {
        if (a.n == IMAP_NOTIFY_GROUPS_MAX)
            return err_new(ERR_LIMIT, "too many groups of events");
        e = imap_space(r);
        if (!failed(e))
            e = one_group(r, &a.groups[a.n++], &total);
        if (failed(e))
            return e;
    }
    e = imap_end(r);
    if (failed(e))
        return e;
    *ret = a;
    return OK_ERR;
}
