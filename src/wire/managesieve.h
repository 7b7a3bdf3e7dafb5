/* SPDX-License-Identifier: ISC */
/* wire/managesieve.h -- ManageSieve's grammar (RFC 5804 4): commands, strings, literals. Pure.
 *
 * A reader walks over one complete command, its lines and, in place, its literals; the session
 * collects them (managesieve_literal() tells when one follows) within the limits below.
 */
#pragma once
#include "base/base.h"

enum {
    MANAGESIEVE_LINE_MAX = 16 * 1024,    /* one line: a quoted SASL message and a name */
    MANAGESIEVE_LITERALS_MAX = 4,        /* of one command */
    MANAGESIEVE_LITERAL_STRANGER = 8192, /* before the login */
    MANAGESIEVE_LITERAL_SKIP = 16 << 20, /* a larger one is read and thrown away up to this */
};

enum managesieve_verb {
    MANAGESIEVE_UNKNOWN,
    MANAGESIEVE_AUTHENTICATE,
    MANAGESIEVE_CAPABILITY,
    MANAGESIEVE_CHECKSCRIPT,
    MANAGESIEVE_DELETESCRIPT,
    MANAGESIEVE_GETSCRIPT,
    MANAGESIEVE_HAVESPACE,
    MANAGESIEVE_LISTSCRIPTS,
    MANAGESIEVE_LOGOUT,
    MANAGESIEVE_NOOP,
    MANAGESIEVE_PUTSCRIPT,
    MANAGESIEVE_RENAMESCRIPT,
    MANAGESIEVE_SETACTIVE,
    MANAGESIEVE_STARTTLS,
    MANAGESIEVE_VERB_COUNT,
};

/* At the end of a line (its CRLF may be there): "{n+}", the only form a client may send. */
bool managesieve_literal(str line, uint64_t *ret_size);

/* Takes the command's word, any case, off *rest. */
enum managesieve_verb managesieve_verb(str *rest);
/* Each takes one space before it. False: something else stands there, or nothing. */
bool managesieve_string(str *rest, struct arena *a, str *ret);
bool managesieve_number(str *rest, uint64_t *ret); /* below 2^32 (RFC 5804 4) */
bool managesieve_end(str rest);                    /* nothing but the line end is left */

/* A string for the client: quoted where it can be, else a literal {n}. */
void managesieve_write(struct buf *b, str s);
