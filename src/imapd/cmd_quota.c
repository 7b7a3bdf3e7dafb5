/* SPDX-License-Identifier: ISC */
/* RFC 9208: one root, "", for all that a user has; its limits are the administrator's. */
#include "imapd/cmd.h"
#include "imapd/names.h"
#include "imapd/shared.h"

/* 5: STORAGE is told in units of 1024 octets; what is used is rounded up. */
static void say_quota(struct session *s, const struct store_quota *q)
{
    bool both = q->most_bytes > 0 && q->most_messages > 0;
    say_bytes(s, S("* QUOTA \"\" ("));
    if (q->most_bytes > 0)
        say(s, "STORAGE %llu %llu%s", (unsigned long long)((q->bytes + 1023) / 1024),
            (unsigned long long)(q->most_bytes / 1024), both ? " " : "");
    if (q->most_messages > 0)
        say(s, "MESSAGE %llu %llu", (unsigned long long)q->messages,
            (unsigned long long)q->most_messages);
    say_bytes(s, S(")\r\n"));
}

static bool is_limited(const struct store_quota *q)
{
    return q->most_bytes > 0 || q->most_messages > 0;
}

static err root_arg(struct imap_reader *args, str *ret)
{
    err e = imap_space(args);
    return failed(e) ? e : imap_astring(args, ret);
}

CMD(getquota)
{
    (void)head;
    str root = {0};
    err e = root_arg(args, &root);
    if (!failed(e))
        e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    struct store_quota q = {0};
    if (root.n == 0) {
        e = store_quota(shared_own(s), &q);
        if (failed(e))
            return reply_store(s, e, NULL);
    }
    if (root.n > 0 || !is_limited(&q))
        return reply_no("NONEXISTENT", "There is no such quota root");
    say_quota(s, &q);
    return reply_ok("Told");
}

CMD(getquotaroot)
{
    (void)head;
    str name;
    err e = imap_mailbox_arg(args, &name);
    if (!failed(e))
        e = names_in(s, &name);
    if (failed(e))
        return reply_bad(e);
    struct store_quota q = {0}; /* another user's is not ours to tell */
    struct place at;
    unsigned rights;
    e = shared_place(s, name, &at);
    if (!failed(e))
        e = at.is_other ? store_rights(at.store, at.name, &rights) : store_quota(at.store, &q);
    if (failed(e))
        return reply_store(s, e, NULL);
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_add(&b, S("* QUOTAROOT "));
    names_write(s, &b, name);
    buf_add(&b, is_limited(&q) ? S(" \"\"\r\n") : S("\r\n"));
    say_bytes(s, buf_str(&b));
    if (is_limited(&q))
        say_quota(s, &q);
    return reply_ok("Told");
}

CMD(setquota)
{
    (void)s, (void)head;
    str root = {0};
    err e = root_arg(args, &root);
    if (!failed(e))
        e = imap_space(args);
    if (!failed(e) && !imap_skip(args, '('))
        e = err_new(ERR_SYNTAX, "a list of limits is expected");
    return failed(e) ? reply_bad(e) : reply_no("NOPERM", "Limits are the administrator's");
}
