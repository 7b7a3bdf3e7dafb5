/* SPDX-License-Identifier: ISC */
/* wire/pop.h -- POP3's grammar: command lines, numbers, and messages as RETR sends them.
 *
 * RFC 1939, 2449 (longer lines, CAPA), 5034 (AUTH). Pure and total. Keywords in any case; one
 * or more spaces between words, as clients do it.
 */
#pragma once
#include "base/base.h"

enum {
    POP_LINE_MAX = 255,       /* RFC 2449 4: with CRLF */
    POP_AUTH_LINE_MAX = 8192, /* RFC 5034 4: base64 of a SASL message */
};

enum pop_verb {
    POP_UNKNOWN,
    POP_APOP,
    POP_AUTH,
    POP_CAPA,
    POP_DELE,
    POP_LAST,
    POP_LIST,
    POP_NOOP,
    POP_PASS,
    POP_QUIT,
    POP_RETR,
    POP_RSET,
    POP_STAT,
    POP_STLS,
    POP_TOP,
    POP_UIDL,
    POP_USER,
    POP_VERB_COUNT,
};

struct pop_command {
    enum pop_verb verb;
    str args; /* without the blanks around; PASS: all after one space, blanks too */
};

/* line: with or without its end. */
struct pop_command pop_parse(str line);
/* Takes a decimal number and the blanks behind it off *args. */
bool pop_number(str *args, uint64_t *ret);
/* Takes a word and the blanks behind it; empty at the end. */
str pop_word(str *args);

/* A stored message (LF or CRLF ends) on its way to the client: line ends become CRLF, leading
 * dots are doubled. Linear. */
struct pop_stuffing {
    bool in_line; /* zero value: at the start of a line */
    bool in_body; /* behind the header's empty line */
    bool limited; /* TOP: stop after `lines` more body lines */
    uint64_t lines;
    bool ended; /* TOP's limit is reached */
};
/* Adds as much of *in as fits out->max and takes it off; call again after emptying `out`. */
void pop_stuff(struct pop_stuffing *s, str *in, struct buf *out);
/* The last line's missing end, and the lone dot; needs room for 5. */
void pop_stuff_end(struct pop_stuffing *s, struct buf *out);
