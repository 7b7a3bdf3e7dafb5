/* SPDX-License-Identifier: ISC */
/* wire/digest.h -- what is to be known of a message without reading it again, as one blob.
 *
 * digest_make() reads a message once, in linear time, and writes down what IMAP is asked for most:
 * the envelope, the MIME structure with every offset and size, envelopes of messages inside, the
 * keys of SORT and THREAD, the preview, names of attachments. A digest is derived: another version
 * or a damaged one is no digest (digest_open() fails), and the message is read again.
 *
 * Readers are total: a blob with any bytes at all gives an error or values, never a stray pointer;
 * views point into the blob, so they live as long as it does. Nothing in it is IMAP's: answers
 * are made from it by wire/imap_write.h.
 */
#pragma once
#include "base/base.h"
#include "wire/envelope.h"
#include "wire/mime.h"

enum {
    DIGEST_VERSION = 1,
    DIGEST_MAX = 64 << 20, /* of any message */
    DIGEST_KEEP_MAX =
        64 * 1024, /* larger ones are not worth keeping: few, and the structure only */
    DIGEST_ID_BYTES = 16,
    DIGEST_SUBJECT_MAX = 4096, /* octets of the base subject; a longer one is cut */
    DIGEST_REFS_MAX = 256,     /* references kept: the first and the last ones of more */
    DIGEST_NAMES_MAX = 8192,   /* octets of attachment names together */
};

struct digest_id {
    unsigned char at[DIGEST_ID_BYTES];
};

/* Appends the digest of a message with LF line ends. `id`: its EMAILID (store_emailid()). `a` takes
 * the parsed message and may be reset afterwards. ERR_LIMIT: b's maximum. */
err digest_make(struct buf *b, struct arena *a, str message, const struct digest_id *id);

struct mail_digest {
    struct digest_id id;     /* EMAILID, as 32 hexadecimal digits (digest_id_write()) */
    struct digest_id thread; /* THREADID: of the message that its references begin with */
    uint64_t octets, lines;  /* of the whole message, as CRLF */
    size_t header_n;         /* octets of the header on disk, its empty line included */

    /* SORT and THREAD, RFC 5256 */
    bool has_sent;
    int64_t sent;     /* Date in UTC; without has_sent the internal date stands for it */
    int64_t sent_day; /* midnight UTC of the day the sender saw: SENTSINCE and the like */
    str subject; /* base subject (2.1), UTF-8, words decoded, as written: casemap it to compare */
    bool refwd;  /* the subject said that it is a reply or a forward */
    str message_id;   /* "left@right" as wire/msgid.h has it; empty: none */
    str references;   /* the same, the oldest first, NUL after each: References, or the first
                         of In-Reply-To when there are none */
    str from, to, cc; /* the mailbox (local part) of the first address; empty: none */
    str display_from, display_to; /* RFC 5957: decoded name of the first address, or its address */

    str preview;     /* RFC 8970, UTF-8; may be empty */
    bool attachment; /* some part is one, or has a file name */
    str names;       /* file names of the parts, decoded, NUL after each */

    str envelope, structure; /* for the readers below */
};

/* ERR_SYNTAX: not a digest of this version, or damaged. Cheap: nothing is copied. */
err digest_open(str blob, struct mail_digest *ret);
/* For imap_write_envelope(). Lists lie in the arena. ERR_SYNTAX: damaged. */
err digest_envelope(const struct mail_digest *d, struct arena *a, struct envelope *ret);
err digest_envelope_of(str bytes, struct arena *a, struct envelope *ret); /* mime_part.envelope */
/* The tree as mime_parse() gives it, but without the text: header and body have a length and p NULL
 * until digest_attach(). The message inside a message part has its `envelope`. For
 * imap_write_structure() and mime_find(). ERR_SYNTAX: damaged. */
err digest_structure(const struct mail_digest *d, struct arena *a, struct mime_part **ret);
/* Points every part's header and body into the message. ERR_SYNTAX: another message. */
err digest_attach(struct mime_part *root, str message);
void digest_id_write(struct buf *b, const struct digest_id *id); /* 32 hexadecimal digits */
