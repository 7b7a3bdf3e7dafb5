/* SPDX-License-Identifier: ISC */
/* queue/siphash.h -- SipHash-1-3, a keyed 64-bit checksum.
 *
 * Keyed, because the log holds strangers' bytes: a mail that looks like a record must not be
 * taken for one when the reader searches for the next record behind a damaged place.
 */
#pragma once
#include "base/base.h"

struct sip_key {
    uint64_t k0, k1;
};

uint64_t siphash(struct sip_key key, str bytes);
