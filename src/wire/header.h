/* SPDX-License-Identifier: ISC */
/* wire/header.h -- the header section of a message: fields, their values, where the body begins.
 *
 * Lines end with LF or CRLF, mixed if need be; a bare CR, NUL and 8-bit octets are ordinary
 * octets. Nothing is copied but by the functions that take an arena or a buf. All functions
 * are total: a message without a header, without a body, or with junk among its fields is
 * something every mailbox holds. Work is linear in the header.
 */
#pragma once
#include "base/base.h"
#include "wire/limits.h"

/* A message cut in three; the views join up to the whole. */
struct header_split {
    str header;    /* all field lines, with their line ends */
    str separator; /* the empty line: "\n", "\r\n", or "" when the message has none */
    str body;
};

enum header_flags {
    /* qmail-inject's rule: the first line that is neither field nor folding begins the body.
     * Without it only an empty line ends the header (what IMAP servers do). */
    HEADER_STOP_AT_JUNK = 1,
};

struct header_split header_split(str message, unsigned flags);

struct header_field {
    str name;  /* without blanks before the colon; empty for a line that is no field */
    str value; /* after the colon: raw, with its folding, without its last line end */
    str raw;   /* the whole field with its last line end */
};

/* Takes the next field off the front of *rest (at first the header). A line that is no field,
 * with the folded lines after it, comes as a field with an empty name: mbox "From " lines, say.
 * False at the end. It does not stop at an empty line: give it header_split().header. */
bool header_next(str *rest, struct header_field *ret_field);
bool header_find(str header, str name, struct header_field *ret_field); /* the first one */
/* The next one of that name, starting at *rest, which moves on. */
bool header_find_next(str *rest, str name, struct header_field *ret_field);
size_t header_count(str header, str name);
/* Received and Delivered-To fields together: QMAIL_HOPS_MAX of them is a loop. */
size_t header_hops(str header);
bool header_name_is_valid(str name); /* RFC 5322 2.2 */

/* RFC 5322 2.2.3: line ends go, the white space after them stays; trimmed at both ends. */
str header_unfold(struct arena *a, str value); /* a view when there is no folding */
void header_unfold_to(struct buf *b, str value);
/* The unfolded value of the first such field, or an empty view with p == NULL. */
str header_value(struct arena *a, str header, str name);

/* IMAP HEADER.FIELDS and HEADER.FIELDS.NOT: the fields named (or not named) in their order,
 * line ends as CRLF, and the empty line after them. Lines that are no field
 * are among the others. */
enum header_pick { HEADER_PICK_NAMED, HEADER_PICK_OTHERS };
void header_pick(struct buf *b, str header, const str *names, size_t n, enum header_pick how);
