/* SPDX-License-Identifier: ISC */
/* people/link.h -- links in letters: signed, for one purpose, one card, one state of it, one time.
 *
 * A token is base64url("1 PURPOSE LOGIN SERIAL EXPIRES") "." base64url(HMAC-SHA256 of that). The
 * serial is the card's: any event on the card, the one the link asks for included, makes all
 * links given out before worthless, so that none works twice. Nothing in a token is secret.
 */
#pragma once
#include "base/base.h"

enum { LINK_KEY_BYTES = 32, LINK_TOKEN_MAX = 512, LINK_DAYS = 30 };

struct link {
    str purpose; /* "decide", "renew", "show": lower-case letters */
    str login;
    uint64_t serial;
    int64_t expires;
};

void link_write(const uint8_t key[LINK_KEY_BYTES], const struct link *l, struct buf *out);
/* ERR_SYNTAX: no token of ours; ERR_DENIED: not signed by us, or for another purpose;
 * ERR_TIMEOUT: too old. Whether the serial is still the card's, the caller compares. */
err link_verify(const uint8_t key[LINK_KEY_BYTES], str token, str purpose, int64_t now,
                struct arena *a, struct link *ret);
/* ROOT/var/lib/twinpost/gate/link-key, made on first use. */
err link_key(int gate_dir, uint8_t ret_key[LINK_KEY_BYTES]);
