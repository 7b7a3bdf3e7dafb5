/* SPDX-License-Identifier: ISC */
/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE: RFC 3501 6.3.3 to 6.3.7. */
#include "imapd/cmd.h"

#include <string.h>

#include "imapd/names.h"
#include "imapd/shared.h"
#include "wire/imap_list_args.h"

static struct reply bad_name(void)
{
    return reply_no("CANNOT", "A mailbox cannot have that name");
}

/* RFC 6154 3: a mailbox that cannot be for what it is made for is not made. */
static struct reply create_for(struct session *s, const struct place *at, unsigned uses)
{
    auto_buf struct buf words;
    buf_init(&words, 256);
    imap_write_uses(&words, uses);
    struct store_attribute use = {S("/private/specialuse"), buf_str(&words)};
    err e = store_set_attributes(at->store, at->name, &use, 1);
    if (!failed(e))
        return reply_ok("Created");
    struct reply r = reply_store(s, e, NULL);
    (void)store_delete(at->store, at->name); /* at worst it stays without its use */
    return r;
}

CMD(create)
{
    (void)head;
    struct imap_create_args c;
    err e = imap_create_args(args, &c);
    if (!failed(e))
        e = names_in(s, &c.mailbox);
    if (failed(e))
        return reply_bad(e);
    /* 6.3.3: a separator at the end only says that children are meant to come. */
    if (str_ends(c.mailbox, S(".")))
        c.mailbox.n--;
    if (!names_may_be(c.mailbox))
        return bad_name();
    if (c.unknown_use || (c.uses & ~(unsigned)IMAP_USE_KEPT))
        return reply_no("USEATTR", "No mailbox can be used for that");
    struct place at;
    e = shared_place(s, c.mailbox, &at);
    if (!failed(e))
        e = store_create(at.store, at.name);
    if (failed(e))
        return reply_store(s, e, NULL);
    struct reply r = c.uses != 0 ? create_for(s, &at, c.uses) : reply_ok("Created");
    struct store_status st;
    /* RFC 8474 4.1. What cannot be told now, STATUS tells. */
    if (r.kind == REPLY_OK && !failed(store_status(at.store, at.name, &st)) && st.id[0] != '\0')
        r.code = arena_printf(s->arena, "MAILBOXID (%s)", st.id);
    return r;
}

static bool is_same_folder(str a, str b)
{
    return str_eq(a, b) || (str_ieq(a, S("INBOX")) && str_ieq(b, S("INBOX")));
}

/* The client removed the mailbox under its own feet: it knows, and goes on without one. */
static struct reply delete_selected(struct session *s)
{
    session_forget_section(s);
    s->phase = PHASE_AUTHENTICATED;
    err e = shared_leave(s);
    return failed(e) ? reply_store(s, e, NULL)
                     : reply_ok("Deleted, and no mailbox is selected now");
}

CMD(delete)
{
    (void)head;
    str name;
    err e = imap_mailbox_arg(args, &name);
    if (!failed(e))
        e = names_in(s, &name);
    if (failed(e))
        return reply_bad(e);
    if (str_ieq(name, S("INBOX")))
        return reply_no("CANNOT", "INBOX cannot be deleted");
    struct place at;
    e = shared_place(s, name, &at);
    if (!failed(e))
        e = store_delete(at.store, at.name);
    if (failed(e))
        return reply_store(s, e, NULL);
    if (s->phase == PHASE_SELECTED && is_same_folder(name, buf_str(&s->mailbox)))
        return delete_selected(s);
    return reply_ok("Deleted");
}

/* The new name of the selected mailbox when `from` becomes `to`; false when it is not touched.
 * INBOX stays where it is (RFC 3501 6.3.5), only its messages go. */
static bool renamed_selected(struct session *s, str from, str to, str *ret_name)
{
    str name = buf_str(&s->mailbox);
    if (s->phase != PHASE_SELECTED || is_same_folder(from, S("INBOX")) || !str_skip(&name, from) ||
        (name.n > 0 && name.p[0] != '.'))
        return false;
    *ret_name = arena_printf(s->arena, "%.*s%.*s", STR_ARG(to), STR_ARG(name));
    return true;
}

static uint32_t *uids_of(struct session *s, const struct store_box *box)
{
    uint32_t *uids = NEW_N(s->arena, uint32_t, box->n + 2);
    uids[0] = box->uidvalidity;
    uids[1] = (uint32_t)box->n;
    for (size_t i = 0; i < box->n; i++)
        uids[i + 2] = box->messages[i].uid;
    return uids;
}

/* The selected mailbox goes on under its new name, if it still is what the client knows. */
static struct reply follow(struct session *s, str name)
{
    const struct store_box *box = store_box(s->store);
    size_t n = box->n;
    const uint32_t *before = uids_of(s, box);
    struct place at;
    err e = shared_place(s, name, &at);
    if (!failed(e))
        e = store_select(at.store, at.name, box->writable ? STORE_SELECT : STORE_EXAMINE, &box);
    if (failed(e) || box->n != n ||
        memcmp(before, uids_of(s, box), (n + 2) * sizeof before[0]) != 0) {
        session_bye(s, "The selected mailbox was renamed and has changed");
        return reply_lost(s);
    }
    buf_reset(&s->mailbox);
    buf_add(&s->mailbox, name);
    return reply_ok("Renamed");
}

CMD(rename)
{
    (void)head;
    str from = {0}, to = {0};
    err e = imap_mailbox(args, &from);
    if (!failed(e))
        e = imap_mailbox_arg(args, &to);
    if (!failed(e))
        e = names_in(s, &from);
    if (!failed(e))
        e = names_in(s, &to);
    if (failed(e))
        return reply_bad(e);
    if (str_ends(to, S(".")))
        to.n--;
    if (!names_may_be(to))
        return bad_name();
    struct place source, target;
    e = shared_place(s, from, &source);
    if (!failed(e))
        e = shared_place(s, to, &target);
    if (!failed(e) && source.store != target.store)
        return reply_no("CANNOT", "A mailbox stays with its owner");
    if (!failed(e))
        e = store_rename(source.store, source.name, target.name);
    if (failed(e))
        return reply_store(s, e, NULL);
    str name;
    return renamed_selected(s, from, to, &name) ? follow(s, name) : reply_ok("Renamed");
}

static struct reply subscribe(struct session *s, struct imap_reader *args,
                              enum store_subscription want)
{
    str name;
    err e = imap_mailbox_arg(args, &name);
    if (!failed(e))
        e = names_in(s, &name);
    if (failed(e))
        return reply_bad(e);
    if (want == STORE_SUBSCRIBE && !names_may_be(name))
        return bad_name();
    s->asked = shared_own(s);
    e = store_subscribe(s->asked, name, want);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Done");
}

CMD(subscribe)
{
    (void)head;
    return subscribe(s, args, STORE_SUBSCRIBE);
}

CMD(unsubscribe)
{
    (void)head;
    return subscribe(s, args, STORE_UNSUBSCRIBE);
}
