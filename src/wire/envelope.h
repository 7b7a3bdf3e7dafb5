/* SPDX-License-Identifier: ISC */
/* wire/envelope.h -- the fields of IMAP's ENVELOPE (RFC 9051 7.5.2), from a header. */
#pragma once
#include "base/base.h"
#include "wire/addrlist.h"

enum {
    ENVELOPE_VALUE_MAX = 65'536,      /* one value; longer ones are cut */
    ENVELOPE_ADDRESSES_MAX = 1 << 20, /* octets of one kind of address field, repeats together */
};

/* Values are unfolded and raw (encoded words, 8-bit); p == NULL when absent. Empty lists when
 * absent; sender and reply_to are from's when absent or empty, as the RFC asks. */
struct envelope {
    str date, subject, in_reply_to, message_id;
    struct addrlist from, sender, reply_to, to, cc, bcc;
};

struct envelope envelope_read(struct arena *a, str header);
