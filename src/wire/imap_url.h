/* SPDX-License-Identifier: ISC */
/* wire/imap_url.h -- the URLs of RFC 5092 that CATENATE (RFC 4469) names parts by: relative to this
 * server ("/INBOX;UIDVALIDITY=9/;UID=20/;SECTION=1.2"), a whole message or a part of one.
 */
#pragma once
#include "wire/imap_fetch_args.h"

struct imap_url {
    str mailbox;          /* UTF-8, percent-decoding done */
    uint32_t uidvalidity; /* 0: not told */
    uint32_t uid;
    bool has_section;
    struct imap_section section;
    bool has_partial;
    uint32_t from, count; /* count 0: to the end */
};
/* ERR_SYNTAX: no such URL, or one of another server. */
err imap_url_read(struct arena *a, str text, struct imap_url *ret);
