/* SPDX-License-Identifier: ISC */
/* wire/imap_search_args.h -- SEARCH keys (RFC 3501 6.4.4) as a tree.
 *
 * A list of keys is an AND. Strings are as sent, in the charset named; the session converts.
 */
#pragma once
#include "wire/imap_command.h"

enum { IMAP_SEARCH_KEYS_MAX = 1024 }; /* nodes of the tree */

enum imap_key {
    IMAP_KEY_AND, /* children: "( … )" and the whole */
    IMAP_KEY_OR,  /* two children */
    IMAP_KEY_ALL,
    IMAP_KEY_SET,     /* message numbers */
    IMAP_KEY_UID,     /* UIDs */
    IMAP_KEY_FLAG,    /* .flag is on */
    IMAP_KEY_KEYWORD, /* .text */
    IMAP_KEY_NEW,     /* recent and not seen */
    IMAP_KEY_BEFORE,  /* .number is midnight UTC of the day */
    IMAP_KEY_ON,
    IMAP_KEY_SINCE,
    IMAP_KEY_SENTBEFORE,
    IMAP_KEY_SENTON,
    IMAP_KEY_SENTSINCE,
    IMAP_KEY_LARGER, /* .number octets */
    IMAP_KEY_SMALLER,
    IMAP_KEY_HEADER, /* .field holds .text; FROM, TO, CC, BCC, SUBJECT too */
    IMAP_KEY_BODY,
    IMAP_KEY_TEXT,
};

struct imap_search {
    struct imap_search *next, *children;
    enum imap_key key;
    bool no; /* NOT */
    unsigned flag;
    int64_t number;
    str field, text;
    struct imap_set set;
    unsigned id; /* 0, 1, …: of the nodes with text, for tables beside the tree */
};

struct imap_search_args {
    str charset; /* empty: not named, US-ASCII */
    struct imap_search *root;
    unsigned texts;     /* nodes of the kinds HEADER, BODY, TEXT */
    bool needs_message; /* some key looks into the message */
    bool needs_body;    /* and beyond its header */
};

err imap_search_args(struct imap_reader *r, struct imap_search_args *ret); /* from after the verb */
