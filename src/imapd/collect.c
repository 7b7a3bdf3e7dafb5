/* SPDX-License-Identifier: ISC */
#include "imapd/collect.h"

#include "os/clock.h"
#include "wire/imap_append.h"

static str tag_of(struct session *s, str text)
{
    struct imap_reader r = {.rest = text, .arena = s->arena};
    struct imap_head head;
    (void)imap_head_read(&r, &head); /* the tag is there or it is not */
    return arena_copy(s->arena, head.tag);
}

static void refuse(struct session *s, struct collected *ret, str text, const char *why)
{
    *ret = (struct collected){.tag = tag_of(s, text)};
    ret->reply = (struct reply){.kind = REPLY_BAD, .text = str_from(why)};
}

static size_t line_max(const struct session *s)
{
    return s->phase == PHASE_LOGIN ? SESSION_LOGIN_LINE_MAX : IMAP_LINE_MAX;
}

static err long_line(struct session *s, struct collected *ret)
{
    str text = s->command.n > 0 ? buf_str(&s->command) : str_slice(io_peek(s->io), 0, 256);
    refuse(s, ret, text, "The line is too long");
    return io_skip_line(s->io, session_deadline(s));
}

static err skip_octets(struct session *s, uint64_t n)
{
    while (n > 0) {
        str piece;
        err e = io_read_some(s->io, n < 65536 ? (size_t)n : 65536, session_deadline(s), &piece);
        if (failed(e))
            return e;
        n -= piece.n;
    }
    return OK_ERR;
}

/* RFC 7888 4: a non-synchronizing literal comes whatever we say, and so does the rest of the
 * command with the literals that it has. One that is only announced does not come after our
 * refusal. */
err collect_skip_rest(struct session *s, uint64_t n, bool *ret_in_step)
{
    uint64_t skipped = 0;
    *ret_in_step = false;
    for (;;) {
        skipped += n;
        if (n > SESSION_SKIP_MAX || skipped > SESSION_SKIP_MAX)
            return OK_ERR;
        err e = skip_octets(s, n);
        str line;
        if (!failed(e))
            e = io_read_line(s->io, IMAP_LINE_MAX, session_deadline(s), &line);
        if (e.kind == ERR_LIMIT)
            return OK_ERR;
        if (failed(e))
            return e;
        struct imap_literal l;
        bool found = false;
        err bad = imap_line_literal(line, &l, &found);
        if (failed(bad))
            return OK_ERR;
        *ret_in_step = !found || l.wait;
        if (*ret_in_step)
            return OK_ERR;
        n = l.size;
    }
}

static err refuse_literal(struct session *s, str text, const struct imap_literal *l,
                          struct collected *ret)
{
    refuse(s, ret, text, "The literal is too large");
    if (l->wait)
        return OK_ERR;
    bool in_step = false;
    err e = collect_skip_rest(s, l->size, &in_step);
    if (!failed(e) && !in_step) {
        session_bye(s, "The literal is too large");
        return err_new(ERR_CLOSED, "a literal too large to skip");
    }
    return e;
}

static err read_literal(struct session *s, const struct imap_literal *l, struct buf *text)
{
    if (l->wait) {
        say(s, "+ Ready for the literal.\r\n");
        err e = session_flush(s);
        if (failed(e))
            return e;
    }
    size_t left = (size_t)l->size;
    while (left > 0) {
        str piece;
        err e = io_read_some(s->io, left, session_deadline(s), &piece);
        if (failed(e))
            return e;
        buf_add(text, piece);
        left -= piece.n;
    }
    return OK_ERR;
}

/* `first`: the text begins with tag and verb. */
static bool at_message(struct session *s, str text, bool first)
{
    if (s->phase == PHASE_LOGIN)
        return false;
    return first ? imap_append_at_message(s->arena, text) : imap_append_still_at_message(text);
}

static err gather(struct session *s, struct buf *text, bool first, struct collected *ret)
{
    size_t literal_max = s->phase == PHASE_LOGIN ? SESSION_LOGIN_LITERAL_MAX : IMAP_LITERAL_MAX;
    for (unsigned literals = 0;; literals++) {
        str line;
        err e = io_read_line(s->io, line_max(s), session_deadline(s), &line);
        if (e.kind == ERR_LIMIT)
            return long_line(s, ret);
        if (failed(e))
            return e;
        struct imap_literal l;
        bool found = false;
        err bad = imap_line_literal(line, &l, &found);
        buf_add(text, line);
        if (failed(bad) || text->over) {
            refuse(s, ret, buf_str(text), failed(bad) ? bad.what : "Too long a command");
            return OK_ERR;
        }
        if (!found || at_message(s, buf_str(text), first)) {
            *ret = (struct collected){.whole = true};
            return OK_ERR;
        }
        if (l.size > literal_max || l.size + text->n > IMAP_COMMAND_MAX ||
            literals == IMAP_LITERALS_MAX)
            return refuse_literal(s, buf_str(text), &l, ret);
        e = read_literal(s, &l, text);
        if (failed(e))
            return e;
    }
}

err collect_command(struct session *s, struct collected *ret)
{
    return gather(s, &s->command, true, ret);
}

err collect_more(struct session *s, struct buf *text, bool *ret_whole, struct reply *ret_refusal)
{
    struct collected got = {0};
    err e = gather(s, text, false, &got);
    *ret_whole = got.whole;
    *ret_refusal = got.reply;
    return e;
}
