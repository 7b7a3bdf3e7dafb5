/* SPDX-License-Identifier: ISC */
/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE: RFC 3501 6.3.3 to 6.3.7. */
#include "imapd/cmd.h"
#include "wire/mutf7.h"

/* What may become a folder: one spelling per name (RFC 3501 5.1.3), and nothing that LIST would
 * take for a pattern. */
static bool is_good_name(str name)
{
    auto_buf struct buf utf8;
    buf_init(&utf8, IMAP_MAILBOX_MAX * 4);
    err e = mutf7_decode(&utf8, name);
    if (failed(e) || name.n == 0)
        return false;
    return str_find(name, '*') < 0 && str_find(name, '%') < 0;
}

static struct reply bad_name(void)
{
    return reply_no("CANNOT", "A mailbox cannot have that name");
}

CMD(create)
{
    (void)head;
    str name;
    err e = imap_mailbox_arg(args, &name);
    if (failed(e))
        return reply_bad(e);
    /* 6.3.3: a separator at the end only says that children are meant to come. */
    if (str_ends(name, S(".")))
        name.n--;
    if (!is_good_name(name))
        return bad_name();
    e = store_create(s->store, name);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Created");
}

CMD(delete)
{
    (void)head;
    str name;
    err e = imap_mailbox_arg(args, &name);
    if (failed(e))
        return reply_bad(e);
    if (str_ieq(name, S("INBOX")))
        return reply_no("CANNOT", "INBOX cannot be deleted");
    e = store_delete(s->store, name);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Deleted");
}

CMD(rename)
{
    (void)head;
    str from = {0}, to = {0};
    err e = imap_mailbox(args, &from);
    if (!failed(e))
        e = imap_mailbox_arg(args, &to);
    if (failed(e))
        return reply_bad(e);
    if (str_ends(to, S(".")))
        to.n--;
    if (!is_good_name(to))
        return bad_name();
    e = store_rename(s->store, from, to);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Renamed");
}

static struct reply subscribe(struct session *s, struct imap_reader *args,
                              enum store_subscription want)
{
    str name;
    err e = imap_mailbox_arg(args, &name);
    if (failed(e))
        return reply_bad(e);
    if (want == STORE_SUBSCRIBE && !is_good_name(name))
        return bad_name();
    e = store_subscribe(s->store, name, want);
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
