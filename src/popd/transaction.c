/* SPDX-License-Identifier: ISC */
#include "popd/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "wire/pop.h"

enum { PIECE = 32 * 1024, UIDL_MAX = 3 * 256 /* of a file name */ };

err pop_say(struct io *io, const char *line)
{
    return io_writef(io, "%s\r\n", line);
}

err pop_flush(struct io *io, int64_t timeout_ms)
{
    if (str_find(io_peek(io), '\n') >= 0)
        return OK_ERR;
    return io_flush(io, deadline_in_ms(timeout_ms));
}

void capabilities_write(struct io *io)
{
    /* Buffered: a client that went away shows at the flush. */
    (void)io_write(io, S("TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\n"
                         "EXPIRE NEVER\r\nIMPLEMENTATION twinpost\r\n"));
}

/* ---- which message ---- */

/* Words as qmail-pop3d's. *ret_i counts from 0. NULL: all is well. */
static const char *take_number(const struct transaction *t, str *args, size_t *ret_i)
{
    uint64_t n;
    if (!pop_number(args, &n))
        return "-ERR syntax error";
    if (n == 0)
        return "-ERR messages are counted from 1";
    if (n > t->drop->n)
        return "-ERR not that many messages";
    if (t->deleted[n - 1])
        return "-ERR already deleted";
    *ret_i = (size_t)n - 1;
    return NULL;
}

/* ---- commands; each says its own answer ---- */

static err cmd_stat(struct transaction *t, str args)
{
    (void)args;
    uint64_t octets = 0;
    size_t n = 0;
    for (size_t i = 0; i < t->drop->n; i++) {
        if (t->deleted[i])
            continue;
        n++;
        octets += t->drop->kind->size(t->drop, i);
    }
    return io_writef(t->io, "+OK %zu %llu\r\n", n, (unsigned long long)octets);
}

/* RFC 1939 7: octets 0x21 to 0x7E. Files by names that other programs made up get the others
 * written as %XX; all the names that mail programs make stay as qmail-pop3d told them. */
static void uidl_write(struct buf *b, str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c > 0x20 && c < 0x7f)
            buf_addc(b, name.p[i]);
        else
            buf_addf(b, "%%%02X", c);
    }
}

static err list_line(struct transaction *t, size_t i, bool uidl, const char *before)
{
    if (!uidl)
        return io_writef(t->io, "%s%zu %llu\r\n", before, i + 1,
                         (unsigned long long)t->drop->kind->size(t->drop, i));
    auto_buf struct buf name;
    buf_init(&name, UIDL_MAX);
    uidl_write(&name, t->drop->kind->uidl(t->drop, i));
    return io_writef(t->io, "%s%zu %.*s\r\n", before, i + 1, STR_ARG(buf_str(&name)));
}

static err list_or_uidl(struct transaction *t, str args, bool uidl)
{
    if (args.n) {
        size_t i;
        const char *no = take_number(t, &args, &i);
        return no ? pop_say(t->io, no) : list_line(t, i, uidl, "+OK ");
    }
    err e = pop_say(t->io, "+OK ");
    for (size_t i = 0; i < t->drop->n && !failed(e); i++)
        if (!t->deleted[i])
            e = list_line(t, i, uidl, "");
    return failed(e) ? e : pop_say(t->io, ".");
}

static err cmd_list(struct transaction *t, str args)
{
    return list_or_uidl(t, args, false);
}

static err cmd_uidl(struct transaction *t, str args)
{
    return list_or_uidl(t, args, true);
}

static err cmd_dele(struct transaction *t, str args)
{
    size_t i;
    const char *no = take_number(t, &args, &i);
    if (no)
        return pop_say(t->io, no);
    t->deleted[i] = true;
    if (i + 1 > t->last)
        t->last = i + 1;
    return pop_say(t->io, "+OK ");
}

static err cmd_noop(struct transaction *t, str args)
{
    (void)args;
    return pop_say(t->io, "+OK ");
}

static err cmd_rset(struct transaction *t, str args)
{
    (void)args;
    memset(t->deleted, 0, t->drop->n);
    t->last = 0;
    return pop_say(t->io, "+OK ");
}

static err cmd_last(struct transaction *t, str args)
{
    (void)args;
    return io_writef(t->io, "+OK %zu\r\n", t->last);
}

static err cmd_capa(struct transaction *t, str args)
{
    (void)args;
    err e = pop_say(t->io, "+OK capability list follows");
    capabilities_write(t->io);
    return failed(e) ? e : pop_say(t->io, ".");
}

static err send_message(struct transaction *t, str body, struct pop_stuffing *s)
{
    auto_buf struct buf piece;
    buf_init(&piece, PIECE);
    err e = pop_say(t->io, "+OK ");
    while (body.n && !s->ended && !failed(e)) {
        pop_stuff(s, &body, &piece);
        e = io_write(t->io, buf_str(&piece));
        buf_reset(&piece);
    }
    if (failed(e))
        return e;
    if (t->drop->extra_line) {
        if (s->in_line)
            buf_add(&piece, S("\r\n"));
        s->in_line = false;
        buf_add(&piece, S("\r\n"));
    }
    pop_stuff_end(s, &piece);
    return io_write(t->io, buf_str(&piece));
}

static err cmd_retr(struct transaction *t, str args)
{
    size_t i;
    str body;
    const char *no = take_number(t, &args, &i);
    if (no)
        return pop_say(t->io, no);
    err e = t->drop->kind->body(t->drop, i, &body);
    if (failed(e))
        return pop_say(t->io, "-ERR unable to open that message");
    if (i + 1 > t->last)
        t->last = i + 1;
    t->fetched++;
    t->fetched_bytes += body.n;
    return send_message(t, body, &(struct pop_stuffing){0});
}

static err cmd_top(struct transaction *t, str args)
{
    size_t i;
    uint64_t lines = 0;
    str body;
    const char *no = take_number(t, &args, &i);
    if (no)
        return pop_say(t->io, no);
    /* qmail-pop3d takes a missing number for "all". */
    bool limited = args.n > 0;
    if (limited && !pop_number(&args, &lines))
        return pop_say(t->io, "-ERR syntax error");
    err e = t->drop->kind->body(t->drop, i, &body);
    if (failed(e))
        return pop_say(t->io, "-ERR unable to open that message");
    return send_message(t, body, &(struct pop_stuffing){.limited = limited, .lines = lines});
}

static err cmd_quit(struct transaction *t)
{
    err e = t->drop->kind->commit(t->drop, t->deleted);
    if (failed(e)) {
        log_event(t->log, EV_COMMAND_FAILED, F_STR("command", S("QUIT")), F_ERR(e));
        /* RFC 1939 6: some deleted messages not removed. */
        return pop_say(t->io, "-ERR [SYS/TEMP] some messages could not be deleted");
    }
    return pop_say(t->io, "+OK ");
}

static err run_command(struct transaction *t, const struct pop_command *c, bool *ret_quit)
{
    static err (*const table[POP_VERB_COUNT])(struct transaction *, str) = {
        [POP_STAT] = cmd_stat, [POP_LIST] = cmd_list, [POP_UIDL] = cmd_uidl, [POP_RETR] = cmd_retr,
        [POP_TOP] = cmd_top,   [POP_DELE] = cmd_dele, [POP_NOOP] = cmd_noop, [POP_RSET] = cmd_rset,
        [POP_LAST] = cmd_last, [POP_CAPA] = cmd_capa,
    };
    *ret_quit = c->verb == POP_QUIT;
    if (*ret_quit)
        return cmd_quit(t);
    if (!table[c->verb])
        return pop_say(t->io, "-ERR unimplemented");
    return table[c->verb](t, c->args);
}

static err run_line(struct transaction *t, bool *ret_quit)
{
    str line;
    deadline by = deadline_in_ms(t->timeout_ms);
    err e = io_read_line(t->io, POP_LINE_MAX, by, &line);
    if (e.kind == ERR_LIMIT) {
        e = io_skip_line(t->io, by);
        return failed(e) ? e : pop_say(t->io, "-ERR syntax error");
    }
    if (failed(e))
        return e;
    struct pop_command c = pop_parse(line);
    return run_command(t, &c, ret_quit);
}

err transaction_run(struct transaction *t)
{
    t->deleted = mem_alloc("deleted", t->drop->n);
    bool quit = false;
    err e = OK_ERR;
    while (!quit && !failed(e)) {
        e = pop_flush(t->io, t->timeout_ms);
        if (!failed(e))
            e = run_line(t, &quit);
    }
    if (!failed(e))
        e = io_flush(t->io, deadline_in_ms(t->timeout_ms));
    if (t->fetched) /* one event a session: one a message would cost more than the message */
        log_event(t->log, EV_POP_RETRIEVED, F_INT("messages", (int64_t)t->fetched),
                  F_INT("bytes", (int64_t)t->fetched_bytes));
    free(t->deleted);
    t->deleted = NULL;
    return e;
}
