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

err collect_skip_literal(struct session *s, uint64_t n)
{
    while (n > 0) {
        str piece;
        err e = io_read_some(s->io, n < 65536 ? (size_t)n : 65536, session_deadline(s), &piece);
        if (failed(e))
            return e;
        n -= piece.n;
    }
    return io_skip_line(s->io, session_deadline(s));
}

/* RFC 7888 4: a non-synchronizing literal comes whatever we say, so it is read past; one that
 * was only announced is refused before it is sent. */
static err refuse_literal(struct session *s, const struct imap_literal *l, struct collected *ret)
{
    refuse(s, ret, buf_str(&s->command), "The literal is too large");
    if (l->wait)
        return OK_ERR;
    if (l->size > SESSION_SKIP_MAX) {
        session_bye(s, "The literal is too large");
        return err_new(ERR_CLOSED, "a literal too large to skip");
    }
    return collect_skip_literal(s, l->size);
}

static err read_literal(struct session *s, const struct imap_literal *l)
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
        buf_add(&s->command, piece);
        left -= piece.n;
    }
    return OK_ERR;
}

err collect_command(struct session *s, struct collected *ret)
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
        buf_add(&s->command, line);
        if (failed(bad) || s->command.over) {
            refuse(s, ret, buf_str(&s->command), failed(bad) ? bad.what : "Too long a command");
            return OK_ERR;
        }
        if (!found ||
            (s->phase != PHASE_LOGIN && imap_append_at_message(s->arena, buf_str(&s->command)))) {
            *ret = (struct collected){.whole = true};
            return OK_ERR;
        }
        if (l.size > literal_max || l.size + s->command.n > IMAP_COMMAND_MAX ||
            literals == IMAP_LITERALS_MAX)
            return refuse_literal(s, &l, ret);
        e = read_literal(s, &l);
        if (failed(e))
            return e;
    }
}
