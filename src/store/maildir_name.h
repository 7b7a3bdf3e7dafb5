/* SPDX-License-Identifier: ISC */
/* store/maildir_name.h -- the names of messages in a Maildir, read and made. Pure.
 *
 * BASE[:2,INFO], where BASE holds fields ",S=octets" (file size) and ",W=octets" (with CRLF)
 * and INFO is letters D F P R S T (sorted), then a..z for keywords, and perhaps a comma and
 * what other software put after it. What we do not know stays as it is. Other programs make
 * any name at all: everything here is total.
 */
#pragma once
#include "base/base.h"

struct maildir_name {
    str base;       /* up to ":2," (or ":1,", or the end) */
    uint32_t flags; /* enum store_flag and STORE_KEYWORD(letter - 'a') */
    str other;      /* letters of INFO before the comma that are no flags of ours ("P") */
    str tail;       /* from the comma in INFO on, or empty */
    bool has_size, has_wire_size;
    uint64_t size, wire_size; /* S=, W= */
};

/* A view into name; `other` is copied into scratch (as many bytes as fit in 16). */
uint32_t maildir_name_flags(str name); /* the flags alone */
struct maildir_name maildir_name_parse(str name, char scratch[16]);
str maildir_base(str name); /* up to the first ':' : also POP3's UIDL */
/* BASE:2,FLAGS with the foreign letters and tail of `old`. */
void maildir_name_write(struct buf *b, const struct maildir_name *old, uint32_t flags);
/* Adds ",S=size,W=wire". */
void maildir_sizes_write(struct buf *b, uint64_t size, uint64_t wire_size);
/* Host part of a name: '/' and ':' as \057 and \072, cut at 64 bytes; "localhost" if empty. */
void maildir_host_write(struct buf *b, str host);
/* Order of arrival: the leading number, then the whole base bytewise. */
int maildir_base_cmp(str a, str b);
/* Names that are not messages: empty, a leading '.', too long, with a line break. */
bool maildir_name_is_message(str name);
