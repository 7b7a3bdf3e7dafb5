/* SPDX-License-Identifier: ISC */
/* APPEND (RFC 9051 6.3.12) with APPENDUID (RFC 4315 3), MULTIAPPEND (RFC 3502), CATENATE (RFC
 * 4469), BINARY (RFC 3516 4.4), UTF8 (RFC 9755 4); and REPLACE (RFC 8508).
 *
 * How it works: the command's text comes in stretches, each up to a literal with a message or to
 * the end (collect.h). Messages before the last are staged with the keeper, so that all show
 * together or none. Whatever is refused, the rest of the command is read past as far as the client
 * sends it unasked: a message must never be taken for commands. */
#include "imapd/cmd.h"
#include "imapd/catenate.h"
#include "imapd/collect.h"
#include "imapd/incoming.h"
#include "imapd/names.h"
#include "imapd/shared.h"
#include "imapd/status.h"
#include "imapd/sync.h"
#include "wire/imap_append.h"

enum { APPEND_PIECE = 64 * 1024, APPEND_TEXT_MAX = 4 << 20 /* a command without its messages */ };

struct appending {
    struct session *s;
    str folder;
    struct place at;
    uint32_t replaces;
    struct imap_reader r; /* the stretch that is being read */
    struct buf text;      /* its octets, but for the first */
    bool literal_taken;   /* the literal at the stretch's end is read, what follows is not */
    size_t octets;        /* of all stretches so far */
    unsigned parts, staged;
    struct incoming in;
    bool open; /* in */
};

/* ---- refusing ---- */

static struct reply refuse(struct appending *a, struct reply r)
{
    struct imap_literal l = {0};
    bool found = false;
    if (!a->literal_taken) {
        err bad = imap_line_literal(a->r.rest, &l, &found);
        if (failed(bad) || !found || l.wait)
            return r;
    }
    bool in_step = true;
    err e = collect_skip_rest(a->s, a->literal_taken ? 0 : l.size, &in_step);
    if (failed(e))
        return reply_lost(a->s);
    r.closing = !in_step;
    return r;
}

static struct reply too_big(struct appending *a)
{
    return refuse(a, reply_no("TOOBIG", "The message is too large"));
}

static struct reply of_store(struct appending *a, err e)
{
    return refuse(a, reply_store(a->s, e, "TRYCREATE"));
}

static const struct reply go_on = {.kind = REPLY_OK};
static bool stops(struct reply r)
{
    return r.kind != REPLY_OK;
}

/* ---- literals ---- */

/* Announced at the end of the stretch. */
static struct reply announced(struct appending *a, struct imap_literal *ret)
{
    bool found = false;
    err e = imap_line_literal(a->r.rest, ret, &found);
    ptrdiff_t close = str_find(a->r.rest, '}');
    /* Nothing but the announcement is left. */
    found = found && close >= 0 && str_trim_end(str_from_at(a->r.rest, (size_t)close + 1)).n == 0;
    if (failed(e) || !found)
        return refuse(a, reply_bad(err_new(ERR_SYNTAX, "a message literal is expected")));
    if (ret->size > append_limit() || ret->size + (a->open ? a->in.octets : 0) > append_limit())
        return too_big(a);
    return go_on;
}

static struct reply read_literal(struct appending *a, const struct imap_literal *l)
{
    struct session *s = a->s;
    if (l->wait) {
        say(s, "+ Ready for the message.\r\n");
        err e = session_flush(s);
        if (failed(e))
            return reply_lost(s);
    }
    for (uint64_t left = l->size; left > 0;) {
        str piece;
        err e = io_read_some(s->io, left < APPEND_PIECE ? (size_t)left : APPEND_PIECE,
                             session_deadline(s), &piece);
        if (failed(e))
            return reply_lost(s);
        left -= piece.n;
        incoming_add(&a->in, piece);
    }
    a->literal_taken = true;
    return go_on;
}

/* The next stretch of the command. */
static struct reply go_further(struct appending *a)
{
    struct reply refusal;
    bool whole = false;
    buf_reset(&a->text);
    err e = collect_more(a->s, &a->text, &whole, &refusal);
    if (failed(e))
        return reply_lost(a->s);
    a->literal_taken = false;
    a->octets += a->text.n;
    if (whole && a->octets > APPEND_TEXT_MAX) {
        a->r.rest = buf_str(&a->text);
        return refuse(a, reply_no("LIMIT", "The command is too long"));
    }
    /* Views into it (flags, URLs) are to live until the answer. */
    a->r.rest = arena_copy(a->s->arena, buf_str(&a->text));
    return whole ? go_on : refusal;
}

/* ---- one message ---- */

static struct reply start(struct appending *a, bool raw, bool large)
{
    a->open = true;
    err e = incoming_open(&a->in, a->at.store, a->at.name, raw, large);
    return failed(e) ? of_store(a, e) : go_on;
}

static struct reply take_literal(struct appending *a, bool utf8)
{
    struct imap_literal l;
    struct reply r = announced(a, &l);
    if (!stops(r) && l.size == 0) /* RFC 3502 3: this is how a client gives up */
        r = refuse(a, reply_no(NULL, "A message cannot be empty"));
    if (!stops(r))
        r = start(a, l.binary, l.size > INCOMING_MEMORY_MAX);
    if (!stops(r))
        r = read_literal(a, &l);
    if (!stops(r))
        r = go_further(a);
    if (!stops(r) && utf8 && !imap_skip(&a->r, ')'))
        r = refuse(a, reply_bad(err_new(ERR_SYNTAX, "UTF8 (…) has no end")));
    return r;
}

static struct reply take_part(struct appending *a, const struct imap_catenate_part *p)
{
    if (p->is_text) {
        struct imap_literal l;
        struct reply r = announced(a, &l);
        if (!stops(r))
            r = read_literal(a, &l);
        return stops(r) ? r : go_further(a);
    }
    err e = catenate_url(a->s, p->url, &a->in);
    if (e.kind == ERR_NOTFOUND) {
        struct reply r = reply_no(NULL, "A URL names nothing that is here");
        auto_buf struct buf b;
        buf_init(&b, 2 * IMAP_URL_MAX);
        buf_add(&b, S("BADURL \""));
        for (size_t i = 0; i < p->url.n; i++)
            if ((unsigned char)p->url.p[i] > ' ' && (unsigned char)p->url.p[i] < 127 &&
                p->url.p[i] != ']' && p->url.p[i] != '"' && p->url.p[i] != '\\')
                buf_addc(&b, p->url.p[i]);
        buf_addc(&b, '"');
        r.code = arena_copy(a->s->arena, buf_str(&b));
        return refuse(a, r);
    }
    if (failed(e))
        return of_store(a, e);
    return a->in.octets > append_limit() ? too_big(a) : go_on;
}

static struct reply take_parts(struct appending *a)
{
    bool more = true;
    struct reply r = start(a, true, false);
    while (!stops(r) && more) {
        struct imap_catenate_part p;
        err e = imap_catenate_part(&a->r, &p);
        if (!failed(e) && ++a->parts > IMAP_CATENATE_PARTS_MAX)
            e = err_new(ERR_LIMIT, "too many parts");
        if (failed(e))
            return refuse(a, reply_bad(e));
        r = take_part(a, &p);
        if (stops(r))
            return r;
        e = imap_catenate_more(&a->r, &more);
        if (failed(e))
            return refuse(a, reply_bad(e));
    }
    if (!stops(r) && a->in.octets == 0)
        return refuse(a, reply_no(NULL, "A message cannot be empty"));
    return r;
}

static struct reply take_data(struct appending *a, const struct imap_append_message *m)
{
    switch (m->data) {
    case IMAP_APPEND_CATENATE:
        return take_parts(a);
    case IMAP_APPEND_UTF8:
        if (!names_are_utf8(a->s))
            return refuse(a, reply_bad(err_new(ERR_SYNTAX, "UTF8=ACCEPT is not enabled")));
        return take_literal(a, true);
    case IMAP_APPEND_LITERAL:
        break;
    }
    return take_literal(a, false);
}

/* ---- handing over ---- */

static struct reply answer(struct appending *a, const struct store_appended *done)
{
    struct session *s = a->s;
    str uids = done->count > 1
                   ? arena_printf(s->arena, "%u:%u", done->uid, done->uid + done->count - 1)
                   : arena_printf(s->arena, "%u", done->uid);
    str code = arena_printf(s->arena, "APPENDUID %u %.*s", done->uidvalidity, STR_ARG(uids));
    log_event(s->log, EV_MAIL_APPENDED, F_STR("mailbox", a->folder), F_INT("uid", done->uid));
    /* RFC 8508 3.2: the client must hear of the new message before the old one goes. */
    if (a->replaces > 0)
        say(s, "* OK [%.*s] The new message is there.\r\n", STR_ARG(code));
    if (s->phase == PHASE_SELECTED)
        sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    struct reply r = reply_ok(a->replaces > 0 ? "Replaced" : "Appended");
    if (a->replaces == 0)
        r.code = code;
    return r;
}

static struct reply hand_over(struct appending *a, const struct imap_append_message *head,
                              bool last)
{
    struct store_append m = {.folder = a->at.name,
                             .system_flags = head->flags.system,
                             .keywords = head->flags.keywords,
                             .n_keywords = head->flags.n,
                             .date = !head->has_date  ? -1
                                     : head->date < 0 ? 0
                                                      : head->date,
                             .replaces = a->replaces};
    err e = incoming_finish(&a->in, &m);
    if (failed(e))
        return of_store(a, e);
    struct store_appended done;
    e = last ? store_append(a->at.store, &m, &done) : store_stage(a->at.store, &m);
    incoming_close(&a->in, true);
    a->open = false;
    if (failed(e))
        return of_store(a, e);
    a->staged += !last;
    return last ? answer(a, &done) : go_on;
}

static struct reply take_messages(struct appending *a)
{
    for (;;) {
        struct imap_append_message head;
        err e = imap_append_message(&a->r, &head);
        if (failed(e))
            return refuse(a, reply_bad(e));
        struct reply r = take_data(a, &head);
        if (stops(r))
            return r;
        bool last = imap_at_end(&a->r);
        if (!last && a->replaces > 0)
            return refuse(a, reply_bad(err_new(ERR_SYNTAX, "one message at a time, please")));
        if (!last && a->staged + 1 >= IMAP_APPEND_MESSAGES_MAX)
            return refuse(a, reply_no("LIMIT", "Too many messages at once"));
        r = hand_over(a, &head, last);
        if (stops(r) || last)
            return r;
    }
}

static struct reply run(struct session *s, struct imap_reader *args, str folder, uint32_t replaces)
{
    struct appending a = {.s = s, .replaces = replaces, .r = *args};
    a.folder = arena_copy(s->arena, folder);
    buf_init(&a.text, IMAP_COMMAND_MAX);
    err e = shared_place(s, a.folder, &a.at);
    if (failed(e))
        return of_store(&a, e);
    if (replaces > 0 && a.at.store != s->store)
        return refuse(&a, reply_no("CANNOT", "A message stays with its mailbox's owner"));
    struct reply r = take_messages(&a);
    if (a.open)
        incoming_close(&a.in, false);
    if (r.kind != REPLY_OK && a.staged > 0)
        (void)store_unstage(a.at.store); /* they go with the session at the latest */
    buf_done(&a.text);
    return r;
}

/* What is wrong before any message was looked at. */
static struct reply refuse_at_once(struct session *s, struct imap_reader *args, struct reply r)
{
    struct appending a = {.s = s, .r = *args};
    return refuse(&a, r);
}

CMD(append)
{
    (void)head;
    str folder = {0};
    err e = imap_append_mailbox(args, &folder);
    if (!failed(e))
        e = names_in(s, &folder);
    return failed(e) ? refuse_at_once(s, args, reply_bad(e)) : run(s, args, folder, 0);
}

static err replaced(struct session *s, const struct imap_head *head, const struct imap_set *set,
                    uint32_t *ret_uid)
{
    const struct store_box *box = store_box(s->store);
    if (set->n != 1)
        return err_new(ERR_SYNTAX, "one message is expected");
    struct imap_set one = *set;
    imap_set_resolve(&one, head->uid ? (box->n > 0 ? box->messages[box->n - 1].uid : 0)
                                     : (uint32_t)box->n);
    if (one.n != 1 || one.at[0].lo != one.at[0].hi || (!head->uid && one.at[0].lo > box->n))
        return err_new(ERR_SYNTAX, "one message is expected");
    *ret_uid = head->uid ? one.at[0].lo : box->messages[one.at[0].lo - 1].uid;
    return OK_ERR;
}

CMD(replace)
{
    struct imap_set set;
    str folder = {0};
    uint32_t uid = 0;
    /* Refused here and not by the table: the message must be read past. */
    if (s->phase != PHASE_SELECTED)
        return refuse_at_once(s, args, reply_bad(err_new(ERR_SYNTAX, "No mailbox is selected")));
    if (!head->uid && (s->enabled & ENABLED_UIDONLY))
        return refuse_at_once(s, args, reply_bad(err_new(ERR_SYNTAX, "UIDONLY is enabled")));
    err e = imap_replace_head(args, &set, &folder);
    if (!failed(e))
        e = names_in(s, &folder);
    if (!failed(e))
        e = replaced(s, head, &set, &uid);
    if (failed(e))
        return refuse_at_once(s, args, reply_bad(e));
    const struct store_box *box = store_box(s->store);
    size_t at = store_index(box, uid);
    if (at == box->n || box->messages[at].uid != uid)
        return refuse_at_once(s, args, reply_no(NULL, "There is no such message"));
    if (!box->writable)
        return refuse_at_once(s, args, reply_no("READ-ONLY", "The mailbox is read-only"));
    return run(s, args, folder, uid);
}
