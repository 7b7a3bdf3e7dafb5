/* SPDX-License-Identifier: ISC */
#include "sieved/talk.h"

#include "os/clock.h"
#include "sieve/sieve.h"

enum { PIECE = 32 * 1024, LINE_OUT = 8192 };

/* A literal that is too large is read all the same: the next command begins behind it. */
static err skip_literal(struct talk *t, uint64_t n, deadline by)
{
    while (n) {
        str piece;
        err e = io_read_some(t->io, n < PIECE ? (size_t)n : PIECE, by, &piece);
        if (failed(e))
            return e;
        n -= piece.n;
    }
    return OK_ERR;
}

static err read_literal(struct talk *t, uint64_t n, deadline by)
{
    while (n) {
        str piece;
        err e = io_read_some(t->io, n < PIECE ? (size_t)n : PIECE, by, &piece);
        if (failed(e))
            return e;
        buf_add(&t->command, piece);
        n -= piece.n;
    }
    return OK_ERR;
}

err talk_read(struct talk *t, deadline by, enum talk_read *ret)
{
    unsigned literals = 0;
    buf_done(&t->command);
    buf_init(&t->command, MANAGESIEVE_LINE_MAX * 2 + t->literal_max * 2);
    *ret = TALK_COMMAND;
    for (;;) {
        str line;
        uint64_t n;
        err e = io_read_line(t->io, MANAGESIEVE_LINE_MAX, by, &line);
        if (e.kind == ERR_LIMIT) {
            *ret = literals ? TALK_OUT_OF_STEP : TALK_TOO_LONG;
            return io_skip_line(t->io, by);
        }
        if (failed(e))
            return e;
        if (*ret == TALK_COMMAND)
            buf_add(&t->command, line);
        if (!managesieve_literal(line, &n))
            break;
        if (n > MANAGESIEVE_LITERAL_SKIP || ++literals > MANAGESIEVE_LITERALS_MAX) {
            *ret = TALK_OUT_OF_STEP;
            return OK_ERR;
        }
        if (n > t->literal_max || *ret != TALK_COMMAND) {
            *ret = TALK_TOO_LONG;
            e = skip_literal(t, n, by);
        } else {
            e = read_literal(t, n, by);
        }
        if (failed(e))
            return e;
    }
    if (t->command.over)
        *ret = TALK_TOO_LONG;
    return OK_ERR;
}

err talk_say(struct talk *t, const char *word, const char *code, str text)
{
    auto_buf struct buf b;
    buf_init(&b, LINE_OUT + text.n * 2);
    buf_addf(&b, "%s", word);
    if (code[0])
        buf_addf(&b, " (%s)", code);
    if (text.n) {
        buf_addc(&b, ' ');
        managesieve_write(&b, text);
    }
    buf_add(&b, S("\r\n"));
    return io_write(t->io, buf_str(&b));
}

err talk_flush(struct talk *t, int64_t timeout_ms)
{
    if (str_find(io_peek(t->io), '\n') >= 0)
        return OK_ERR;
    return io_flush(t->io, deadline_in_ms(timeout_ms));
}

err talk_capabilities(struct talk *t, str sasl, bool starttls, str owner, uint64_t redirects)
{
    auto_buf struct buf b;
    buf_init(&b, LINE_OUT);
    buf_add(&b, S("\"IMPLEMENTATION\" \"twinpost\"\r\n\"SASL\" "));
    managesieve_write(&b, sasl);
    buf_addf(&b, "\r\n\"SIEVE\" \"%s\"\r\n\"NOTIFY\" \"mailto\"\r\n", sieve_extensions());
    buf_addf(&b, "\"MAXREDIRECTS\" \"%llu\"\r\n\"LANGUAGE\" \"en\"\r\n",
             (unsigned long long)redirects);
    if (starttls)
        buf_add(&b, S("\"STARTTLS\"\r\n"));
    if (owner.n) {
        buf_add(&b, S("\"OWNER\" "));
        managesieve_write(&b, owner);
        buf_add(&b, S("\r\n"));
    }
    buf_add(&b, S("\"VERSION\" \"1.0\"\r\n"));
    return io_write(t->io, buf_str(&b));
}
