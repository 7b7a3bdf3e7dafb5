/* SPDX-License-Identifier: ISC */
/* list/bucket.h -- which of the 53 member files an address lives in (ezmlm(5), "subscribers").
 *
 * Old ezmlm (0.53, idx up to 0.441) computed the hash in 32 bits; later ones in `unsigned long`,
 * so that on 64-bit hosts the same address has another file. Both occur in one directory.
 */
#pragma once
#include "base/base.h"

enum { BUCKETS = 53, BUCKET_FIRST = 64 };
enum bucket_width { BUCKET_64, BUCKET_32 };

/* The file's letter, '@' to 't'. The address is hashed as it is: give it in lower case. */
char bucket_letter(str address, enum bucket_width width);
