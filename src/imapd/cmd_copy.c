/* SPDX-License-Identifier: ISC */
/* COPY (RFC 3501 6.4.7) and MOVE (RFC 6851): all or nothing, durable before OK; COPYUID of
 * RFC 4315 3. */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/names.h"
#include "imapd/saved.h"
#include "imapd/spans.h"
#include "imapd/sync.h"

/* A longer code is left out (RFC 4315 3 only asks that it SHOULD come): clients have limits too. */
enum { COPYUID_MAX = 64 * 1024 };

static str copyuid(struct session *s, const struct store_copied *c)
{
    struct imap_set from = {.at = NEW_N(s->arena, struct imap_range, c->n)};
    struct imap_set to = {.at = NEW_N(s->arena, struct imap_range, c->n)};
    for (size_t i = 0; i < c->n; i++) {
        imap_set_add(&from, c->n, c->pairs[i].from);
        imap_set_add(&to, c->n, c->pairs[i].to);
    }
    auto_buf struct buf b;
    buf_init(&b, COPYUID_MAX);
    buf_addf(&b, "COPYUID %u ", c->uidvalidity);
    imap_set_write(&b, &from);
    buf_addc(&b, ' ');
    imap_set_write(&b, &to);
    return b.over ? S("") : arena_copy(s->arena, buf_str(&b));
}

static bool is_open(const struct session *s, str mailbox)
{
    str open = buf_str(&s->mailbox);
    return str_eq(open, mailbox) || (str_ieq(open, S("INBOX")) && str_ieq(mailbox, S("INBOX")));
}

static struct reply copy(struct session *s, const struct imap_head *head, struct imap_reader *args,
                         enum store_copy_mode mode)
{
    struct imap_set set;
    str target;
    err e = imap_copy_args(args, &set, &target);
    if (!failed(e))
        e = names_in(s, &target);
    if (failed(e))
        return reply_bad(e);
    const struct store_box *box = store_box(s->store);
    struct spans spans;
    e = saved_spans(s, &set, head->uid, &spans);
    if (failed(e))
        return reply_bad(e);
    if (mode == STORE_MOVE && !box->writable)
        return reply_no("READ-ONLY", "The mailbox is read-only");
    if (spans.n == 0)
        return reply_ok("No message has such a UID");
    struct store_copied copied = {0};
    e = store_copy(s->store, mode, spans_ranges(s->arena, box, &spans), spans.n, target, &copied);
    if (failed(e))
        return reply_store(s, e, "TRYCREATE");
    struct reply r = reply_ok(mode == STORE_COPY ? "Copied" : "Moved");
    if (copied.n == 0)
        return r;
    str code = copyuid(s, &copied);
    if (mode == STORE_COPY) {
        if (is_open(s, target)) /* the keeper has no news for who made it */
            sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
        if (s->phase == PHASE_END)
            return reply_lost(s);
        r.code = code;
        return r;
    }
    /* RFC 6851 4.3: the code must come before the EXPUNGEs, so it is untagged. */
    if (code.n > 0) {
        say_bytes(s, S("* OK ["));
        say_bytes(s, code);
        say_bytes(s, S("] Moved.\r\n"));
    }
    sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    if (condstore_is_on(s)) /* RFC 7162 3.2.10 */
        r.code = condstore_code(s);
    return r;
}

CMD(copy)
{
    return copy(s, head, args, STORE_COPY);
}

CMD(move)
{
    return copy(s, head, args, STORE_MOVE);
}
