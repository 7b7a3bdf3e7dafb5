/* SPDX-License-Identifier: ISC */
/* wire/mime.h -- the MIME structure of a message (RFC 2045, 2046), as IMAP looks at it.
 *
 * One pass over the message, linear time. Nothing is refused: an unclosed multipart ends with what
 * holds it, a missing MIME-Version is no obstacle, a multipart without any part gets one text part,
 * and past the limits a part is shown as one opaque leaf (`cut`). Every multipart has children and
 * every message part has exactly one: the message inside, whose header is at its start.
 * Views point into the message given; copies (unfolded values) are in the arena.
 */
#pragma once
#include "base/base.h"
#include "wire/params.h"

enum {
    MIME_DEPTH_MAX = 64,       /* nested multiparts and messages; deeper ones are leaves */
    MIME_PARTS_MAX = 10'000,   /* parts in all; text after the last is nobody's */
    MIME_BOUNDARY_MAX = 256,   /* RFC 2046 5.1.1 says 70; a longer one counts as none */
    MIME_VALUE_MAX = 8'192,    /* one id, description, location …; longer ones are cut */
    MIME_LANGUAGES_MAX = 32,   /* of one part */
    MIME_ARENA_MAX = 24 << 20, /* what mime_parse takes from the arena at most */
};

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

struct mime_part {
    struct mime_part *parent, *next, *children, *last_child;
    enum mime_kind kind;
    unsigned child_count;
    unsigned number; /* among its siblings, from 1; the root's is 0 */
    unsigned depth;  /* the root is 0 */
    bool cut;        /* a limit made a leaf of it, or left out its later parts */

    str type, subtype;    /* as written; "text" "plain" when absent or unreadable */
    struct params params; /* of Content-Type; charset=us-ascii when there is none */
    str disposition;      /* p == NULL when absent, as for all below */
    struct params disposition_params;
    str *languages;
    size_t language_count;
    str id, description, md5, location;
    str encoding; /* "7bit" when absent */

    str header;                /* with the empty line that ends it */
    str body;                  /* without the line end that belongs to the next boundary */
    size_t header_at, body_at; /* offsets in the message */
    /* As if every line ended with CRLF. */
    uint64_t header_octets, body_octets;
    uint64_t header_lines, body_lines; /* line ends */
    str envelope; /* of the message that begins here, as wire/digest.h keeps it; or p == NULL */
};

struct mime_part *mime_parse(struct arena *a, str message); /* the root; never NULL */

/* IMAP section paths, RFC 9051 6.4.5. "1" of a message that is no multipart is its body; numbers
 * below a message part are those of the message inside. n == 0 is the root. NULL: no such part. */
const struct mime_part *mime_find(const struct mime_part *root, const uint32_t *path, size_t n);

enum mime_section {
    MIME_ALL,    /* BODY[] with n == 0: the message; BODY[1.2]: the part's body */
    MIME_HEADER, /* HEADER (also for HEADER.FIELDS): of the root or of the message in a message part
                  */
    MIME_TEXT,   /* TEXT: its body */
    MIME_MIME,   /* MIME: the part's own header */
};
struct mime_text {
    str text;
    uint64_t octets; /* as CRLF */
    uint64_t lines;
};
/* ERR_NOTFOUND when there is no such part, or it is not of the kind the section needs. */
err mime_text(const struct mime_part *root, const uint32_t *path, size_t n, enum mime_section what,
              struct mime_text *ret_text);
