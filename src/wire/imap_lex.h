/* SPDX-License-Identifier: ISC */
/* wire/imap_lex.h -- the words of IMAP (RFC 3501 9): atoms, strings, numbers, lists.
 *
 * A reader walks over one complete command: its lines and, in place, its literals. The session
 * collects them (imap_line_literal() tells when a literal follows) within the limits below, so
 * nothing here waits for input. Results are views into the command; only a quoted string with
 * escapes is copied into the arena. Every failure is ERR_SYNTAX or ERR_LIMIT with static text
 * that goes into the BAD reply.
 */
#pragma once
#include "base/base.h"

enum {
    IMAP_LINE_MAX = 64 * 1024,     /* one line; RFC 7162 4 asks for 8,192 at least */
    IMAP_LITERAL_MAX = 64 * 1024,  /* a literal that is not a message */
    IMAP_COMMAND_MAX = 256 * 1024, /* lines and literals of a command together */
    IMAP_LITERALS_MAX = 256,       /* of one command */
    IMAP_TAG_MAX = 128,
    IMAP_DEPTH_MAX = 32, /* nested parentheses, NOT and OR */
};

struct imap_reader {
    str rest;
    struct arena *arena;
};

/* At the end of a line: "{n}", "{n+}" (RFC 7888), with "~" before it for literal8. */
struct imap_literal {
    uint64_t size;
    bool wait;   /* "{n}": the client waits for our "+" */
    bool binary; /* "~{n}" (RFC 3516): NULs may come */
};
/* True when the line (its CRLF may be there or not) announces a literal. ERR_SYNTAX for what
 * looks like one but is not, as "{12x}": what follows would be read as commands. */
err imap_line_literal(str line, struct imap_literal *ret_literal, bool *ret_found);

bool imap_is_atom_char(char c);    /* RFC 3501 ATOM-CHAR */
bool imap_is_astring_char(char c); /* and "]" */

bool imap_at_end(const struct imap_reader *r);     /* nothing left but trailing spaces, CRLF */
bool imap_skip(struct imap_reader *r, char c);     /* takes c if it is next */
bool imap_skip_word(struct imap_reader *r, str w); /* takes w, any case, if a word ends after it */
err imap_space(struct imap_reader *r);             /* exactly one space */
err imap_end(struct imap_reader *r);
err imap_atom(struct imap_reader *r, str *ret_atom);
err imap_astring(struct imap_reader *r, str *ret);
err imap_string(struct imap_reader *r, str *ret);       /* quoted or literal */
err imap_nstring(struct imap_reader *r, str *ret);      /* NIL: p is NULL */
err imap_nstring8(struct imap_reader *r, str *ret);     /* the same; a literal8 may hold NULs */
err imap_list_mailbox(struct imap_reader *r, str *ret); /* with "%" and "*" */
err imap_number(struct imap_reader *r, uint32_t *ret);  /* 0 .. 2^32 - 1 */
err imap_nz_number(struct imap_reader *r, uint32_t *ret);
err imap_number64(struct imap_reader *r, uint64_t *ret); /* below 2^63 */
