/* SPDX-License-Identifier: ISC */
/* APPEND (RFC 3501 6.3.11) with APPENDUID (RFC 4315 3).
 *
 * The literal is read in pieces, its CRLFs turned into the LFs of files on the way: a small one
 * into memory, a large one into a spool file of the keeper. Nothing appears in the mailbox
 * before store_append(), so a literal that breaks off leaves nothing behind. */
#include "imapd/cmd.h"
#include "imapd/collect.h"
#include "imapd/names.h"
#include "imapd/sync.h"
#include "os/clock.h"
#include "os/file.h"
#include "wire/imap_append.h"

enum {
    APPEND_MEMORY_MAX = 60 * 1024, /* with the rest of its request it fits one packet */
    APPEND_PIECE = 64 * 1024,
};
static const uint64_t append_max = UINT64_C(1) << 30; /* one message */

struct append_head {
    str mailbox;
    struct imap_append_message m;
};

struct spooling {
    struct session *s;
    struct buf memory; /* all of a small message, or the piece being turned */
    int fd;            /* -1: memory only */
    uint32_t spool;
    bool held_cr; /* the last piece ended in a CR whose LF may come */
    err problem;  /* of the spool: the literal is still read to its end */
};

static void turn_lines(struct spooling *sp, str piece)
{
    if (sp->held_cr && !str_starts(piece, S("\n")))
        buf_addc(&sp->memory, '\r');
    sp->held_cr = false;
    for (;;) {
        ptrdiff_t cr = str_find(piece, '\r');
        if (cr < 0)
            break;
        buf_add(&sp->memory, str_slice(piece, 0, (size_t)cr));
        piece = str_from_at(piece, (size_t)cr + 1);
        if (piece.n == 0)
            sp->held_cr = true;
        else if (piece.p[0] != '\n')
            buf_addc(&sp->memory, '\r');
    }
    buf_add(&sp->memory, piece);
}

static void spool_piece(struct spooling *sp, str piece)
{
    turn_lines(sp, piece);
    if (sp->fd < 0)
        return;
    if (!failed(sp->problem))
        sp->problem = file_write(sp->fd, buf_str(&sp->memory));
    buf_reset(&sp->memory);
}

static err read_message(struct spooling *sp, const struct imap_literal *l)
{
    struct session *s = sp->s;
    if (l->wait) {
        say(s, "+ Ready for the message.\r\n");
        err e = session_flush(s);
        if (failed(e))
            return e;
    }
    uint64_t left = l->size;
    while (left > 0) {
        str piece;
        size_t want = left < APPEND_PIECE ? (size_t)left : APPEND_PIECE;
        err e = io_read_some(s->io, want, session_deadline(s), &piece);
        if (failed(e))
            return e;
        left -= piece.n;
        spool_piece(sp, piece);
    }
    if (sp->held_cr) { /* the very last octet: no LF will come */
        buf_addc(&sp->memory, '\r');
        if (sp->fd >= 0 && !failed(sp->problem))
            sp->problem = file_write(sp->fd, buf_str(&sp->memory));
    }
    return buf_check(&sp->memory, "message");
}

/* After the message the command must end. RFC 3502's further messages are not offered; their
 * literals would be taken for commands, so the connection ends then. */
static err read_end(struct session *s, bool *ret_clean, bool *ret_literal)
{
    str line;
    err e = io_read_line(s->io, IMAP_LINE_MAX, session_deadline(s), &line);
    if (failed(e))
        return e;
    struct imap_literal l;
    err bad = imap_line_literal(line, &l, ret_literal);
    *ret_literal |= failed(bad);
    *ret_clean = str_trim_end(line).n == 0;
    return OK_ERR;
}

static struct reply refuse(struct session *s, const struct imap_literal *l, struct reply r)
{
    if (l->wait)
        return r;
    err e = l->size > SESSION_SKIP_MAX ? err_new(ERR_LIMIT, "a literal too large to skip")
                                       : collect_skip_literal(s, l->size);
    r.closing = failed(e);
    return r;
}

static struct reply hand_over(struct spooling *sp, const struct append_head *a)
{
    struct session *s = sp->s;
    if (failed(sp->problem)) {
        (void)store_spool_drop(s->store, sp->spool); /* it goes with the session at the latest */
        return reply_no("UNAVAILABLE", "The message could not be written");
    }
    struct store_append m = {.folder = a->mailbox,
                             .system_flags = a->m.flags.system,
                             .keywords = a->m.flags.keywords,
                             .n_keywords = a->m.flags.n,
                             .date = !a->m.has_date  ? -1
                                     : a->m.date < 0 ? 0
                                                     : a->m.date,
                             .spool = sp->spool};
    if (sp->fd < 0)
        m.bytes = buf_str(&sp->memory);
    struct store_appended done;
    err e = store_append(s->store, &m, &done);
    if (failed(e))
        return reply_store(s, e, "TRYCREATE");
    log_event(s->log, EV_MAIL_APPENDED, F_STR("mailbox", a->mailbox), F_INT("uid", done.uid));
    if (s->phase == PHASE_SELECTED)
        sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    struct reply r = reply_ok("Appended");
    r.code = arena_printf(s->arena, "APPENDUID %u %u", done.uidvalidity, done.uid);
    return r;
}

static struct reply take(struct spooling *sp, const struct append_head *a,
                         const struct imap_literal *l)
{
    struct session *s = sp->s;
    bool clean = false, more = false;
    err e = read_message(sp, l);
    if (!failed(e))
        e = read_end(s, &clean, &more);
    if (!failed(e) && clean)
        return hand_over(sp, a);
    if (sp->fd >= 0)
        (void)store_spool_drop(s->store, sp->spool); /* it goes with the session at the latest */
    if (failed(e))
        return reply_lost(s);
    return (struct reply){
        .kind = REPLY_BAD, .text = S("One message at a time, please"), .closing = more};
}

CMD(append)
{
    (void)head;
    struct append_head a = {0};
    err e = imap_append_mailbox(args, &a.mailbox);
    if (!failed(e))
        e = names_in(s, &a.mailbox);
    if (!failed(e))
        e = imap_append_message(args, &a.m);
    if (!failed(e) && a.m.data != IMAP_APPEND_LITERAL)
        e = err_new(ERR_SYNTAX, "a message literal is expected");
    if (failed(e))
        return reply_bad(e);
    struct imap_literal l = {0};
    bool found = false;
    e = imap_line_literal(args->rest, &l, &found);
    if (failed(e) || !found)
        return reply_bad(err_new(ERR_SYNTAX, "a message literal is expected"));
    if (l.binary)
        return refuse(s, &l, reply_bad(err_new(ERR_SYNTAX, "BINARY is not offered")));
    if (l.size == 0)
        return refuse(s, &l, reply_no(NULL, "A message cannot be empty"));
    if (l.size > append_max)
        return refuse(s, &l, reply_no("TOOBIG", "The message is too large"));
    struct spooling sp = {.s = s, .fd = -1};
    auto_fd int fd = -1;
    if (l.size > APPEND_MEMORY_MAX) {
        e = store_spool(s->store, a.mailbox, &fd, &sp.spool);
        if (failed(e))
            return refuse(s, &l, reply_store(s, e, "TRYCREATE"));
        sp.fd = fd;
    }
    buf_init(&sp.memory, APPEND_MEMORY_MAX + 2 * APPEND_PIECE);
    struct reply r = take(&sp, &a, &l);
    buf_done(&sp.memory);
    return r;
}
