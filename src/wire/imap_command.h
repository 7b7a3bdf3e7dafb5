/* SPDX-License-Identifier: ISC */
/* wire/imap_command.h -- a command's head, and the arguments of the commands that have few:
 * flags, STORE, LSUB, STATUS, ID.
 */
#pragma once
#include "wire/imap_sequence.h"

enum {
    IMAP_KEYWORDS_MAX = 100,  /* flags named in one command */
    IMAP_KEYWORD_BYTES = 250, /* one keyword */
    IMAP_MAILBOX_MAX = 1024,  /* octets of a mailbox name or pattern as sent */
    IMAP_ID_PAIRS_MAX = 30,   /* RFC 2971 3.3 */
};

struct imap_head {
    str tag;
    str verb; /* as sent; without "UID" */
    bool uid; /* UID FETCH, UID SEARCH, … */
};
/* Reads tag and verb; the reader is left at what follows the verb. When only the tag could be
 * read, ret_head->tag is set although it failed: BAD goes to that tag. */
err imap_head_read(struct imap_reader *r, struct imap_head *ret_head);

/* RFC 3501 2.3.2. */
enum imap_flag {
    IMAP_SEEN = 1,
    IMAP_ANSWERED = 2,
    IMAP_FLAGGED = 4,
    IMAP_DELETED = 8,
    IMAP_DRAFT = 16,
    IMAP_RECENT = 32, /* shown, never set by a client */
};
struct imap_flags {
    unsigned system;
    str *keywords;
    size_t n;
};
/* "(" [flag *(SP flag)] ")". \Recent is read and left out: some clients send back what they saw. */
err imap_flag_list(struct imap_reader *r, struct imap_flags *ret_flags);
/* The bit of "\Seen", any case; 0 when it is none. */
unsigned imap_flag_bit(str name);
bool imap_keyword_is_valid(str name);

enum imap_store_mode { IMAP_STORE_SET, IMAP_STORE_ADD, IMAP_STORE_REMOVE };
struct imap_store_args {
    struct imap_set set;
    enum imap_store_mode mode;
    bool silent;
    struct imap_flags flags;
    bool conditional; /* RFC 7162 3.1.3 */
    uint64_t unchangedsince;
};
err imap_store_args(struct imap_reader *r, struct imap_store_args *ret); /* from after the verb */

struct imap_list_args {
    str reference, pattern;
};
err imap_list_args(struct imap_reader *r, struct imap_list_args *ret); /* of LSUB */

enum imap_status_item {
    IMAP_STATUS_MESSAGES = 1,
    IMAP_STATUS_RECENT = 2,
    IMAP_STATUS_UIDNEXT = 4,
    IMAP_STATUS_UIDVALIDITY = 8,
    IMAP_STATUS_UNSEEN = 16,
    IMAP_STATUS_DELETED = 32,           /* RFC 9051 6.3.11 */
    IMAP_STATUS_SIZE = 64,              /* RFC 8438 */
    IMAP_STATUS_HIGHESTMODSEQ = 128,    /* RFC 7162 */
    IMAP_STATUS_MAILBOXID = 256,        /* RFC 8474 */
    IMAP_STATUS_APPENDLIMIT = 512,      /* RFC 7889 */
    IMAP_STATUS_DELETED_STORAGE = 1024, /* RFC 9208 4.1.4 */
};
struct imap_status_args {
    str mailbox;
    unsigned items;
};
err imap_status_args(struct imap_reader *r, struct imap_status_args *ret);
err imap_status_items(struct imap_reader *r, unsigned *ret_items); /* "(" … ")" */

/* One mailbox name, then the end. */
err imap_mailbox_arg(struct imap_reader *r, str *ret_mailbox);
/* SP mailbox; the limit is checked. */
err imap_mailbox(struct imap_reader *r, str *ret_mailbox);
/* SP set SP mailbox, then the end: COPY, MOVE. */
err imap_copy_args(struct imap_reader *r, struct imap_set *ret_set, str *ret_mailbox);

struct imap_id_args {
    str name, version; /* empty when not told */
};
err imap_id_args(struct imap_reader *r, struct imap_id_args *ret);
