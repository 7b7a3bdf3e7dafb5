/* SPDX-License-Identifier: ISC */
/* wire/imap_metadata.h -- GETMETADATA and SETMETADATA, RFC 5464 4. */
#pragma once
#include "wire/imap_command.h"

enum {
    IMAP_METADATA_ENTRIES_MAX = 64,    /* named in one command */
    IMAP_METADATA_NAME_MAX = 512,      /* octets of an entry's name */
    IMAP_METADATA_DEPTH_ALL = 1 << 20, /* DEPTH infinity */
};

struct imap_getmetadata_args {
    str mailbox; /* empty: the server */
    bool has_maxsize;
    uint32_t maxsize;
    unsigned depth; /* 0, 1 or IMAP_METADATA_DEPTH_ALL */
    str *entries;
    size_t n;
};
/* Options before the mailbox, as the grammar says, or behind it, as the RFC's examples show. */
err imap_getmetadata_args(struct imap_reader *r, struct imap_getmetadata_args *ret);

struct imap_metadata_pair {
    str entry;
    str value; /* p NULL: NIL, the entry goes */
};
struct imap_setmetadata_args {
    str mailbox;
    struct imap_metadata_pair *pairs;
    size_t n;
};
err imap_setmetadata_args(struct imap_reader *r, struct imap_setmetadata_args *ret);

/* RFC 5464 3.2: "/private/…" or "/shared/…", no "//", no "/" at the end, no "*", "%", no controls
 * and nothing but ASCII. For a name to be set, and for one to be asked for. */
bool imap_metadata_name_is_valid(str name);
/* Is `entry` what was asked for by `name` and `depth`? Names are compared in any case. */
bool imap_metadata_matches(str entry, str name, unsigned depth);
