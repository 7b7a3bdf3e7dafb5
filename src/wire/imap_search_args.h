/* SPDX-License-Identifier: ISC */
/* wire/imap_search_args.h -- SEARCH keys (RFC 3501 6.4.4) as a tree.
 *
 * A list of keys is an AND. Strings are as sent, in the charset named; the session converts.
 * Also the keys of WITHIN (RFC 5032), CONDSTORE (7162), OBJECTID (8474), SAVEDATE (8514),
 * SEARCHRES' "$" (5182), and MESSAGELIMIT's UIDAFTER and UIDBEFORE (9738).
 */
#pragma once
#include "wire/imap_command.h"
#include "wire/imap_return.h"

enum {
    IMAP_SEARCH_KEYS_MAX = 1024, /* nodes of the tree */
    IMAP_OBJECT_ID_MAX = 255,    /* RFC 8474 4 */
};

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
    IMAP_KEY_OLDER, /* .number seconds: at least so old */
    IMAP_KEY_YOUNGER,
    IMAP_KEY_SAVEDBEFORE, /* .number as for BEFORE */
    IMAP_KEY_SAVEDON,
    IMAP_KEY_SAVEDSINCE,
    IMAP_KEY_SAVEDATESUPPORTED,
    IMAP_KEY_EMAILID, /* .text */
    IMAP_KEY_THREADID,
    IMAP_KEY_MODSEQ,   /* .number: at least */
    IMAP_KEY_SAVED,    /* "$", what the last RETURN (SAVE) kept */
    IMAP_KEY_UIDAFTER, /* .number: UIDs above (below) it */
    IMAP_KEY_UIDBEFORE,
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
    /* The session's: what a node costs, and where its set was left. */
    unsigned cost;
    size_t walked;
};

struct imap_search_args {
    struct imap_return ret;
    str charset; /* empty: not named, US-ASCII */
    struct imap_search *root;
    unsigned texts;     /* nodes of the kinds HEADER, BODY, TEXT */
    bool needs_message; /* some key looks into the message */
    bool needs_body;    /* and beyond its header */
    bool modseq;        /* a MODSEQ key is there: answers tell one too */
    bool numbers;       /* a key names message numbers */
    bool needs_digest;  /* a sent date or an identifier is asked for */
    bool needs_ids;     /* EMAILID or THREADID */
    bool savedates;     /* a SAVED… key is there */
    bool ages;          /* OLDER or YOUNGER: true of other messages as time goes on */
};

/* SEARCH, from after the verb: return options, charset, keys. */
err imap_search_args(struct imap_reader *r, struct imap_search_args *ret);
/* The keys alone, to the end of the command: SORT and THREAD have read what is before them. */
err imap_search_keys(struct imap_reader *r, struct imap_search_args *ret);
