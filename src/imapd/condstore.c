/* SPDX-License-Identifier: ISC */
#include "imapd/condstore.h"

bool condstore_is_on(const struct session *s)
{
    return s->enabled & ENABLED_CONDSTORE;
}

uint64_t condstore_highest(const struct session *s)
{
    return store_box(s->store)->highestmodseq;
}

uint64_t condstore_modseq(const struct session *s, size_t index)
{
    const struct store_box *box = store_box(s->store);
    return box->modseqs != NULL ? box->modseqs[index] : box->highestmodseq;
}

void condstore_say_highest(struct session *s)
{
    if (s->phase != PHASE_SELECTED)
        return;
    if (condstore_highest(s) == 0)
        say(s, "* OK [NOMODSEQ] Changes are not counted here.\r\n");
    else
        say(s, "* OK [HIGHESTMODSEQ %llu] The highest.\r\n",
            (unsigned long long)condstore_highest(s));
}

void condstore_enable(struct session *s)
{
    if (condstore_is_on(s))
        return;
    s->enabled |= ENABLED_CONDSTORE;
    condstore_want(s);
    condstore_say_highest(s);
}

void condstore_want(struct session *s)
{
    err e = store_want_modseqs(s->store);
    if (failed(e))
        session_bye(s, "The mail store does not answer; try again later");
}

str condstore_code(struct session *s)
{
    return arena_printf(s->arena, "HIGHESTMODSEQ %llu", (unsigned long long)condstore_highest(s));
}

enum { VANISHED_LINE = 8000 }; /* RFC 7162 4: clients take 8,192 octets at least */

static void write_range(struct vanished *v)
{
    if (v->from == 0)
        return;
    buf_add(&v->line, v->line.n > 0 ? S(",") : str_from(v->start));
    buf_addf(&v->line, v->from == v->to ? "%u" : "%u:%u", v->from, v->to);
    v->from = 0;
}

static void say_line(struct vanished *v)
{
    if (v->line.n == 0)
        return;
    buf_add(&v->line, S("\r\n"));
    say_bytes(v->s, buf_str(&v->line));
    buf_reset(&v->line);
}

void vanished_begin(struct vanished *v, struct session *s, const char *start)
{
    *v = (struct vanished){.s = s, .start = start};
    buf_init(&v->line, VANISHED_LINE + 128);
}

void vanished_add(struct vanished *v, uint32_t from, uint32_t to)
{
    if (v->from != 0 && v->to + 1 == from) {
        v->to = to;
        return;
    }
    write_range(v);
    if (v->line.n > VANISHED_LINE - 32)
        say_line(v);
    v->from = from;
    v->to = to;
}

void vanished_end(struct vanished *v)
{
    write_range(v);
    say_line(v);
    buf_done(&v->line);
}
