/* SPDX-License-Identifier: ISC */
/* NOTIFY: RFC 5465. */
#include "imapd/cmd.h"
#include "imapd/notify.h"
#include "imapd/shared.h"
#include "imapd/sync.h"
#include "wire/imap_fetch_args.h"

static struct reply bad_event(struct session *s)
{
    struct reply r = reply_no(NULL, "Some of these events are not known here");
    r.code = arena_copy(s->arena, S("BADEVENT (MessageNew MessageExpunge FlagChange MailboxName "
                                    "SubscriptionChange MailboxMetadataChange "
                                    "ServerMetadataChange)"));
    return r;
}

static err check_items(struct session *s, const struct imap_notify_args *a)
{
    for (size_t i = 0; i < a->n; i++) {
        struct imap_fetch_args fetch;
        struct imap_reader r = {.rest =
                                    arena_printf(s->arena, " 1 %.*s", STR_ARG(a->groups[i].fetch)),
                                .arena = s->arena};
        err e = a->groups[i].fetch.n > 0 ? imap_fetch_args(&r, &fetch) : OK_ERR;
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

CMD(notify)
{
    (void)head;
    str text = args->rest;
    struct imap_notify_args a;
    err e = imap_notify_args(args, &a);
    if (!failed(e))
        e = check_items(s, &a);
    if (failed(e))
        return reply_bad(e);
    for (size_t i = 0; i < a.n; i++)
        if (a.groups[i].unknown)
            return bad_event(s);
    if (a.none) {
        notify_forget(s);
        e = store_watch(shared_own(s), NULL, 0, false);
    } else {
        if (s->phase == PHASE_SELECTED)
            sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
        if (s->phase == PHASE_END)
            return reply_lost(s);
        e = notify_set(s, &a, text);
    }
    if (e.kind == ERR_LIMIT)
        return reply_no("NOTIFICATIONOVERFLOW", "That is more than can be watched");
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Done");
}
