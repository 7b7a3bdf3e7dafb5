/* SPDX-License-Identifier: ISC */
/* wire/digest_private.h -- the marks that the writer and the reader of a digest share.
 *
 * Numbers are in base 128, the low digits first, the top bit saying that more follow; a string is
 * its length and its octets; one that may be absent has its length + 1, and 0 when absent.
 */
#pragma once

enum { DIGEST_MAGIC = 0xd1 };

enum digest_flag { DIGEST_HAS_SENT = 1, DIGEST_REFWD = 2, DIGEST_ATTACHMENT = 4 };

/* What stands before an address list. */
enum digest_list { DIGEST_LIST_OWN, DIGEST_LIST_AS_FROM };

/* Of an address: its kind, and which of its strings are there. */
enum digest_addr {
    DIGEST_ADDR_KIND = 3,
    DIGEST_ADDR_NAME = 4,
    DIGEST_ADDR_ROUTE = 8,
    DIGEST_ADDR_HOST = 16,
};

/* Of a part: its kind, and what is not as with most. */
enum digest_part {
    DIGEST_PART_KIND = 3,
    DIGEST_PART_CUT = 4,
    DIGEST_PART_DISPOSITION = 8,
    DIGEST_PART_LANGUAGES = 16,
    DIGEST_PART_RARE = 32, /* id, description, md5, location */
};
