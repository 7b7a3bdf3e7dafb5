/* SPDX-License-Identifier: ISC */
/* wire/addrlist.h -- address lists of From, To, Cc and the like (RFC 5322 3.4 and 4.4).
 *
 * For IMAP's ENVELOPE and for qmail-inject. Groups, comments, routes, obsolete dots and blanks,
 * quoted strings, literals and 8-bit text are understood; what nobody can understand still
 * yields its words. Never fails, linear time, at most ADDRLIST_MAX entries.
 */
#pragma once
#include "base/base.h"

enum {
    ADDRLIST_MAX = 10'000,      /* entries; more are left out and `truncated` says so */
    ADDRLIST_COMMENT_DEPTH = 64 /* deeper parentheses count as text of the innermost */
};

enum addr_kind { ADDR_MAILBOX, ADDR_GROUP_START, ADDR_GROUP_END };

struct addr {
    enum addr_kind kind;
    str name;    /* display name, unquoted, blanks single, encoded words raw; or the comment */
    str route;   /* "@a,@b", or empty */
    str mailbox; /* local part, unquoted; for a group start the group's name */
    str host;    /* p is NULL when there is no '@' */
    str source;  /* the entry in the field's value: no comma, no outer blanks */
    str spec;    /* inside source: route, local part and domain, without angle brackets */
};

struct addrlist {
    struct addr *at;
    size_t n;
    bool truncated; /* by ADDRLIST_MAX */
    bool ugly;      /* something was guessed: qmail-inject refuses such a From */
};

enum addrlist_flags {
    /* qmail-inject inserts missing commas: "djb fred" are two addresses. Without it, words before
     * an address are its name: `John Smith j@x` is one. */
    ADDRLIST_SPLIT_WORDS = 1,
};

/* `value` is a field's raw value, folding and all. Everything lies in the arena or in `value`. */
struct addrlist addrlist_parse(struct arena *a, str value, unsigned flags);
