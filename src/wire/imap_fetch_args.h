/* SPDX-License-Identifier: ISC */
/* wire/imap_fetch_args.h -- what FETCH asks for (RFC 3501 6.4.5), macros unrolled. */
#pragma once
#include "wire/imap_sequence.h"
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
    IMAP_FETCH_SECTION = 128, /* one of ret->sections */
};

enum imap_fields { IMAP_FIELDS_ALL, IMAP_FIELDS_NAMED, IMAP_FIELDS_NOT };

struct imap_section {
    str label; /* as the answer shows it, without the origin: "BODY[1.2.HEADER]", "RFC822" */
    uint32_t *path;
    size_t path_n;
    enum mime_section what;
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
};

err imap_fetch_args(struct imap_reader *r, struct imap_fetch_args *ret); /* from after the verb */
/* Is the section in the message's own header: need only that be read? */
bool imap_section_in_header(const struct imap_section *s);
