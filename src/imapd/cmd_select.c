/* SPDX-License-Identifier: ISC */
/* SELECT and EXAMINE, RFC 3501 6.3.1 and 6.3.2; CONDSTORE and QRESYNC, RFC 7162 3.1.8 and 3.2.5. */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/contexts.h"
#include "imapd/names.h"
#include "imapd/resync.h"
#include "imapd/saved.h"
#include "imapd/shared.h"
#include "imapd/sync.h"

static void say_counts(struct session *s, const struct store_box *box)
{
    size_t recent = 0, unseen = 0;
    for (size_t i = box->n; i-- > 0;) {
        recent += (box->messages[i].flags & STORE_RECENT) != 0;
        if (!(box->messages[i].flags & STORE_SEEN))
            unseen = i + 1;
    }
    say(s, "* %zu EXISTS\r\n", box->n);
    if (s->enabled & ENABLED_REV2) /* RFC 9051 A */
        return;
    say(s, "* %zu RECENT\r\n", recent);
    if (unseen > 0 && !(s->enabled & ENABLED_UIDONLY)) /* it is a message number */
        say(s, "* OK [UNSEEN %zu] The first unseen message.\r\n", unseen);
}

/* RFC 9051 6.3.2: the mailbox's name as LIST would tell it, and word of one that was open before.
 */
static void say_name(struct session *s, str name)
{
    if (!(s->enabled & ENABLED_REV2))
        return;
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_add(&b, S("* LIST () \".\" "));
    names_write(s, &b, str_ieq(name, S("INBOX")) ? S("INBOX") : name);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

/* 7.1: what comes before it is about the mailbox that was open. */
static void say_closed(struct session *s)
{
    if (s->phase == PHASE_SELECTED && (s->enabled & (ENABLED_REV2 | ENABLED_QRESYNC)))
        say(s, "* OK [CLOSED] The previous mailbox is closed.\r\n");
}

/* RFC 8474 4.2. */
static void say_id(struct session *s, const struct store_box *box)
{
    if (box->id.n > 0)
        say(s, "* OK [MAILBOXID (%.*s)] The same for as long as the UIDs.\r\n", STR_ARG(box->id));
}

static struct reply open_mailbox(struct session *s, struct imap_reader *args, enum store_mode mode)
{
    str name = {0};
    struct imap_select_params params;
    err e = imap_mailbox(args, &name);
    if (!failed(e))
        e = imap_select_params(args, &params);
    if (!failed(e))
        e = names_in(s, &name);
    if (!failed(e) && params.qresync && !(s->enabled & ENABLED_QRESYNC)) /* RFC 7162 3.2.5 */
        e = err_new(ERR_SYNTAX, "QRESYNC is not enabled");
    if (failed(e))
        return reply_bad(e);
    /* RFC 3501 6.3.1: a SELECT that fails leaves no mailbox selected. */
    session_forget_section(s);
    saved_forget(s);
    contexts_forget(s);
    say_closed(s);
    s->phase = PHASE_AUTHENTICATED;
    e = shared_leave(s);
    if (failed(e))
        return reply_store(s, e, NULL);
    if (params.condstore)
        condstore_enable(s);
    const struct store_box *box;
    struct place at;
    e = shared_place(s, name, &at);
    if (!failed(e) && (s->enabled & (ENABLED_CONDSTORE | ENABLED_QRESYNC)) && s->shared != NULL)
        e = store_want_modseqs(at.store);
    if (!failed(e))
        e = store_select(at.store, at.name, mode, &box);
    if (failed(e))
        return reply_store(s, e, NULL);
    shared_enter(s, at.store);
    s->phase = PHASE_SELECTED;
    buf_reset(&s->mailbox);
    buf_add(&s->mailbox, name); /* fits: imap_mailbox() has the same limit */
    sync_say_known_flags(s);
    say_counts(s, box);
    say(s, "* OK [UIDVALIDITY %u] UIDs are valid.\r\n", box->uidvalidity);
    say_name(s, name);
    say(s, "* OK [UIDNEXT %u] The next UID.\r\n", box->uidnext);
    condstore_say_highest(s);
    say_id(s, box);
    if (params.qresync) {
        e = resync_say(s, &params);
        if (failed(e)) {
            struct reply r = reply_store(s, e, NULL);
            if (s->phase != PHASE_END)
                s->phase = PHASE_AUTHENTICATED;
            return r;
        }
    }
    struct reply r = reply_ok(mode == STORE_SELECT ? "Selected" : "Examined");
    r.code = box->writable ? S("READ-WRITE") : S("READ-ONLY");
    return r;
}

CMD(select)
{
    (void)head;
    return open_mailbox(s, args, STORE_SELECT);
}

CMD(examine)
{
    (void)head;
    return open_mailbox(s, args, STORE_EXAMINE);
}
