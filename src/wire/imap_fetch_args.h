/* SPDX-License-Identifier: ISC */
/* wire/imap_fetch_args.h -- what FETCH asks for (RFC 3501 6.4.5), macros unrolled. */
#pragma once
#include "wire/imap_resync.h"
#include "wire/mime.h"

enum {
    IMAP_FETCH_ITEMS_MAX = 256,  /* of one command */
    IMAP_FETCH_FIELDS_MAX = 512, /* header names of one item */
};

enum imap_fetch_kind {
    IMAP_FETCH_FLAGS = 1,
    IMAP_FETCH_UID = 2,
    IMAP_FETCH_INTERNALDATE = 4,
    IMAP_FETCH_SIZE = 8,
    IMAP_FETCH_ENVELOPE = 16,
    IMAP_FETCH_BODY = 32,
    IMAP_FETCH_BODYSTRUCTURE = 64,
    IMAP_FETCH_SECTION = 128,     /* one of ret->sections */
    IMAP_FETCH_MODSEQ = 1 << 16,  /* RFC 7162 3.1.5 */
    IMAP_FETCH_EMAILID = 1 << 17, /* RFC 8474 5 */
    IMAP_FETCH_THREADID = 1 << 18,
    IMAP_FETCH_SAVEDATE = 1 << 19, /* RFC 8514 4 */
    IMAP_FETCH_PREVIEW = 256,      /* RFC 8970 */
    IMAP_FETCH_PREVIEW_LAZY = 512,
};

/* RFC 3516: the part with its transfer encoding undone, or that one's length. */
enum imap_binary { IMAP_BINARY_NO, IMAP_BINARY_TEXT, IMAP_BINARY_SIZE };
enum imap_fields { IMAP_FIELDS_ALL, IMAP_FIELDS_NAMED, IMAP_FIELDS_NOT };

struct imap_section {
    str label; /* as the answer shows it, without the origin: "BODY[1.2.HEADER]", "RFC822" */
    uint32_t *path;
    size_t path_n;
    enum mime_section what;
    enum imap_binary binary;
    enum imap_fields fields;
    str *names;
    size_t names_n;
    bool peek;
    bool partial;
    uint32_t from, count;
};

struct imap_fetch_args {
    struct imap_set set;
    unsigned kinds; /* enum imap_fetch_kind, together */
    struct imap_section *sections;
    size_t n;
    bool sets_seen; /* some section is without PEEK */
    struct imap_fetch_modifiers modifiers;
};

err imap_fetch_args(struct imap_reader *r, struct imap_fetch_args *ret); /* from after the verb */
/* What stands between "[" and "]": also of a URL (RFC 5092). Sets path, what, fields, names. */
err imap_section_spec(struct imap_reader *r, struct imap_section *ret);
/* Is the section in the message's own header: need only that be read? */
bool imap_section_in_header(const struct imap_section *s);
