/* SPDX-License-Identifier: ISC */
/* wire/imap_list_args.h -- what LIST asks for: RFC 9051 6.3.9 with LIST-EXTENDED (RFC 5258),
 * LIST-STATUS (5819), SPECIAL-USE (6154), LIST-MYRIGHTS (8440) and LIST-METADATA (9590); and what
 * CREATE asks for (6154 3).
 */
#pragma once
#include "wire/imap_command.h"

enum {
    IMAP_LIST_PATTERNS_MAX = 64, /* of one LIST */
    IMAP_LIST_ENTRIES_MAX = 32,  /* metadata entries */
};

enum imap_list_select {
    IMAP_LIST_SUBSCRIBED = 1,
    IMAP_LIST_REMOTE = 2,
    IMAP_LIST_RECURSIVE = 4,
    IMAP_LIST_SPECIAL_USE = 8,
};
enum imap_list_return {
    IMAP_RETURN_SUBSCRIBED = 1,
    IMAP_RETURN_CHILDREN = 2,
    IMAP_RETURN_SPECIAL_USE = 4,
    IMAP_RETURN_STATUS = 8,
    IMAP_RETURN_MYRIGHTS = 16,
    IMAP_RETURN_METADATA = 32,
};
struct imap_list_extended {
    bool extended;   /* something that RFC 3501 does not know was said */
    unsigned select; /* enum imap_list_select, together */
    unsigned give;   /* enum imap_list_return, together */
    unsigned status; /* enum imap_status_item */
    str *entries;    /* metadata */
    size_t n_entries;
    str reference;
    str *patterns;
    size_t n;
};
err imap_list_extended(struct imap_reader *r, struct imap_list_extended *ret);

/* RFC 6154 2; \All and \Flagged and \Important are views that we do not have. */
enum imap_special_use {
    IMAP_USE_ARCHIVE = 1,
    IMAP_USE_DRAFTS = 2,
    IMAP_USE_JUNK = 4,
    IMAP_USE_SENT = 8,
    IMAP_USE_TRASH = 16,
    IMAP_USE_ALL = 32, /* known, not to be had: */
    IMAP_USE_FLAGGED = 64,
    IMAP_USE_IMPORTANT = 128, /* RFC 8457 */
    IMAP_USE_KEPT = 31,
};
unsigned imap_use_bit(str attribute);               /* of "\Sent", any case; 0: none */
void imap_write_uses(struct buf *b, unsigned uses); /* "\Sent \Trash" */
/* Words apart by one space, as "\Sent \Trash"; ERR_SYNTAX for what is none of them. */
err imap_uses_read(str text, unsigned *ret_uses);

struct imap_create_args {
    str mailbox;
    bool has_use;
    bool unknown_use; /* some attribute that RFC 6154 lets a server refuse */
    unsigned uses;
};
err imap_create_args(struct imap_reader *r, struct imap_create_args *ret);
