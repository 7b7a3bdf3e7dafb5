/* SPDX-License-Identifier: ISC */
#include "wire/pop.h"

#include <string.h>

static const struct {
    const char *name;
    enum pop_verb verb;
} verbs[] = {
    {"APOP", POP_APOP}, {"AUTH", POP_AUTH}, {"CAPA", POP_CAPA}, {"DELE", POP_DELE},
    {"LAST", POP_LAST}, {"LIST", POP_LIST}, {"NOOP", POP_NOOP}, {"PASS", POP_PASS},
    {"QUIT", POP_QUIT}, {"RETR", POP_RETR}, {"RSET", POP_RSET}, {"STAT", POP_STAT},
    {"STLS", POP_STLS}, {"TOP", POP_TOP},   {"UIDL", POP_UIDL}, {"USER", POP_USER},
};

str pop_word(str *args)
{
    str word;
    (void)str_cut(*args, ' ', &word, args); /* the last word has no blank behind it */
    while (args->n && char_is_space(args->p[0]))
        *args = str_from_at(*args, 1);
    return word;
}

bool pop_number(str *args, uint64_t *ret)
{
    str rest = *args, word = pop_word(&rest);
    if (!str_u64(word, ret))
        return false;
    *args = rest;
    return true;
}

struct pop_command pop_parse(str line)
{
    struct pop_command c = {.verb = POP_UNKNOWN};
    if (line.n && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    str word, rest;
    (void)str_cut(line, ' ', &word, &rest); /* a bare keyword */
    word = str_trim(word);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (str_ieq(word, str_from(verbs[i].name)))
            c.verb = verbs[i].verb;
    /* RFC 1939 7: a password may hold spaces, also at its ends. */
    c.args = c.verb == POP_PASS ? rest : str_trim(rest);
    return c;
}

static void end_of_line(struct pop_stuffing *s, struct buf *out)
{
    buf_add(out, S("\r\n"));
    if (s->in_body && s->limited && s->lines-- <= 1)
        s->ended = true;
    if (!s->in_line && !s->in_body) {
        s->in_body = true;
        s->ended = s->limited && s->lines == 0;
    }
    s->in_line = false;
}

/* The plain octets at the front: up to a line end, and not more than fit. */
static size_t run_length(str in, size_t room)
{
    const char *lf = memchr(in.p, '\n', in.n < room ? in.n : room);
    size_t n = lf ? (size_t)(lf - in.p) : in.n < room ? in.n : room;
    /* A CR before LF belongs to the line end; one at the very edge waits for what follows. */
    bool cr = n && in.p[n - 1] == '\r';
    if (cr && (lf || (n == room && n < in.n && in.p[n] == '\n')))
        n--;
    return n;
}

void pop_stuff(struct pop_stuffing *s, str *in, struct buf *out)
{
    while (in->n && !s->ended && out->max - out->n >= 4) {
        size_t room = out->max - out->n - 2;
        if (in->p[0] == '\n' || (in->p[0] == '\r' && in->n > 1 && in->p[1] == '\n')) {
            *in = str_from_at(*in, in->p[0] == '\n' ? 1 : 2);
            end_of_line(s, out);
            continue;
        }
        if (!s->in_line && in->p[0] == '.')
            buf_addc(out, '.');
        s->in_line = true;
        size_t n = run_length(*in, room - 1);
        n = n ? n : 1;
        buf_add(out, str_slice(*in, 0, n));
        *in = str_from_at(*in, n);
    }
}

void pop_stuff_end(struct pop_stuffing *s, struct buf *out)
{
    if (s->in_line)
        buf_add(out, S("\r\n"));
    buf_add(out, S(".\r\n"));
}
