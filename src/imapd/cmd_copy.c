/* SPDX-License-Identifier: ISC */
/* COPY (RFC 3501 6.4.7) and MOVE (RFC 6851): all or nothing, durable before OK; COPYUID of
 * RFC 4315 3. */
#include "imapd/cmd.h"

#include <errno.h>

#include "imapd/condstore.h"
#include "imapd/names.h"
#include "imapd/saved.h"
#include "imapd/shared.h"
#include "imapd/spans.h"
#include "imapd/sync.h"
#include "os/fd.h"
#include "os/file.h"

/* A longer code is left out (RFC 4315 3 only asks that it SHOULD come): clients have limits too. */
enum { SMALL_MAX = 60 * 1024 }; /* with the rest of its request it fits one packet */
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

/* ---- to another owner's mailbox, or from one ---- */

struct crossing {
    const struct spans *spans;
    const struct place *to;
    enum store_copy_mode mode;
};

/* One message, staged; the last one shows them all. A body of a mailbox is a file that does not
 * change; it is sent as it lies, or in pieces through a spool. */
static err carry(struct session *s, const struct crossing *x, size_t index, bool last,
                 struct store_appended *ret)
{
    const struct store_box *box = store_box(s->store);
    const struct store_message *m = &box->messages[index];
    str words[STORE_KEYWORDS_MAX], text = {0};
    struct store_append add = {.folder = x->to->name,
                               .system_flags = m->flags & STORE_SYSTEM_FLAGS,
                               .keywords = words,
                               .date = m->date};
    for (size_t i = 0; i < box->n_keywords; i++)
        if ((m->flags & STORE_KEYWORD(i)) && box->keywords[i].n > 0)
            words[add.n_keywords++] = box->keywords[i];
    struct store_body body = {.fd = -1};
    err e = store_fetch(s->store, &m->uid, 1, &body);
    auto_fd int from = body.fd, spool = -1;
    if (failed(e))
        return e;
    if (from < 0)
        return err_new(ERR_TEMP, "a message went meanwhile");
    e = fd_map(from, SIZE_MAX / 2, &text);
    s->asked = x->to->store;
    bool small = text.n > 0 && text.n <= SMALL_MAX;
    if (!failed(e) && !small)
        e = store_spool(x->to->store, x->to->name, &spool, &add.spool);
    if (!failed(e) && !small)
        e = file_write(spool, text);
    add.bytes = small ? text : S("");
    if (!failed(e))
        e = last ? store_append(x->to->store, &add, ret) : store_stage(x->to->store, &add);
    fd_unmap(text);
    return e;
}

/* Two keepers, each of whom answers for his own: the new messages are durable before the old ones
 * go, so that a crash between leaves both and never none. */
static err across(struct session *s, const struct crossing *x, struct store_copied *ret)
{
    const struct store_box *box = store_box(s->store);
    size_t n = spans_count(x->spans), span = 0, next = 0, index, k = 0;
    if (n > STORE_STAGED_MAX)
        return err_new(ERR_LIMIT, "not so many at once into another owner's mailbox");
    if (x->mode == STORE_MOVE &&
        (box->rights & (ACL_DELETED | ACL_EXPUNGE)) != (ACL_DELETED | ACL_EXPUNGE))
        return (err){ERR_DENIED, EACCES, "you have no right to remove the messages there"};
    struct store_range *pairs = NEW_N(s->arena, struct store_range, n + 1);
    struct store_appended done = {0};
    err e = OK_ERR;
    while (spans_next(x->spans, &span, &next, &index) && !failed(e)) {
        pairs[k].from = box->messages[index].uid;
        e = carry(s, x, index, k + 1 == n, &done);
        k++;
    }
    if (failed(e)) {
        (void)store_unstage(x->to->store); /* they go with the conversation at the latest */
        return e;
    }
    for (size_t i = 0; i < n; i++)
        pairs[i].to = done.uid + (uint32_t)i;
    *ret = (struct store_copied){.uidvalidity = done.uidvalidity, .pairs = pairs, .n = n};
    if (x->mode == STORE_COPY)
        return OK_ERR;
    s->asked = s->store;
    return store_expunge(s->store, STORE_EXPUNGE_ALL, spans_ranges(s->arena, box, x->spans),
                         x->spans->n);
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
    struct place at;
    e = shared_place(s, target, &at);
    if (failed(e))
        return reply_store(s, e, "TRYCREATE");
    const struct store_range *ranges = spans_ranges(s->arena, box, &spans);
    if (at.store == s->store)
        e = store_copy(s->store, mode, ranges, spans.n, at.name, &copied);
    else
        e = across(s, &(struct crossing){&spans, &at, mode}, &copied);
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
