/* SPDX-License-Identifier: ISC */
#include "imapd/names.h"

#include "wire/imap_list.h"
#include "wire/imap_write.h"
#include "wire/mutf7.h"

bool names_are_utf8(const struct session *s)
{
    return (s->enabled & (ENABLED_REV2 | ENABLED_UTF8)) != 0;
}

static bool is_ascii(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* Thunderbird keeps the names that another server gave it in modified UTF-7, and says them so to
 * us after ENABLE UTF8=ACCEPT. Nobody means "&Ykt9GQ-" itself; "A&B" and "A&-B" are what they are.
 */
static bool is_mutf7(str name)
{
    if (!is_ascii(name))
        return false;
    auto_buf struct buf b;
    buf_init(&b, IMAP_MAILBOX_MAX * 4);
    err e = mutf7_decode(&b, name);
    return !failed(e) && !b.over && !is_ascii(buf_str(&b));
}

err names_in(struct session *s, str *name)
{
    if (!names_are_utf8(s) || (is_ascii(*name) && str_find(*name, '&') < 0) || is_mutf7(*name))
        return OK_ERR;
    auto_buf struct buf b;
    buf_init(&b, IMAP_MAILBOX_MAX * 4);
    err e = mutf7_encode(&b, *name);
    if (!failed(e))
        e = buf_check(&b, "mailbox name");
    if (failed(e))
        return err_new(ERR_SYNTAX, "the mailbox name is not UTF-8");
    *name = arena_copy(s->arena, buf_str(&b));
    return OK_ERR;
}

str names_out(struct session *s, str name)
{
    if (!names_are_utf8(s) || str_find(name, '&') < 0)
        return name;
    auto_buf struct buf b;
    buf_init(&b, IMAP_MAILBOX_MAX * 4);
    err e = mutf7_decode(&b, name);
    /* What another program named against the rules is shown as it lies there. */
    return failed(e) || b.over ? name : arena_copy(s->arena, buf_str(&b));
}

bool names_match(struct session *s, str pattern, str name)
{
    if (!names_are_utf8(s) || str_find(name, '&') < 0)
        return imap_list_match(pattern, name, '.');
    auto_buf struct buf b;
    buf_init(&b, IMAP_MAILBOX_MAX * 4);
    err e = mutf7_decode(&b, name);
    return imap_list_match(pattern, failed(e) || b.over ? name : buf_str(&b), '.');
}

void names_write(struct session *s, struct buf *b, str name)
{
    str shown = names_out(s, name);
    if (is_ascii(shown) || !names_are_utf8(s))
        imap_write_astring(b, shown);
    else
        imap_write_utf8(b, shown);
}

bool names_may_be(str name)
{
    auto_buf struct buf utf8;
    buf_init(&utf8, IMAP_MAILBOX_MAX * 4);
    err e = mutf7_decode(&utf8, name);
    if (failed(e) || name.n == 0)
        return false;
    return str_find(name, '*') < 0 && str_find(name, '%') < 0;
}
