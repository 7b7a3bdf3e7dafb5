/* SPDX-License-Identifier: ISC */
/* store/keywords.h -- dovecot-keywords: "0 $Junk" a line; index i is the letter 'a' + i. */
#pragma once
#include "base/base.h"
#include "store/session.h"

#define KEYWORDS_FILE "dovecot-keywords"

struct keywords {
    char *name[STORE_KEYWORDS_MAX]; /* NULL: free */
    size_t damaged;
};
void keywords_done(struct keywords *k);
void keywords_parse(struct keywords *k, str text); /* replaces what was there */
void keywords_write(const struct keywords *k, struct buf *b);
int keywords_find(const struct keywords *k, str name); /* any case, as IMAP wants; or -1 */
/* An atom of at most STORE_KEYWORD_BYTES. */
bool keyword_is_valid(str name);
/* The letter of name, a free one if it is new (*ret_added). ERR_LIMIT, ERR_SYNTAX. */
err keywords_need(struct keywords *k, str name, int *ret_letter, bool *ret_added);
/* Letters that messages use and the file does not name: "unknown-a", so that they show. */
bool keywords_cover(struct keywords *k, uint32_t flags);
void keywords_list(const struct keywords *k, struct buf *b); /* NUL after each, free ones empty */
