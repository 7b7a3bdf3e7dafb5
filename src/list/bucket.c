/* SPDX-License-Identifier: ISC */
#include "list/bucket.h"

char bucket_letter(str address, enum bucket_width width)
{
    uint64_t h = 5381;
    h = (h + (h << 5)) ^ 'T'; /* a record is T, address, NUL; the T is hashed too */
    for (size_t i = 0; i < address.n; i++) {
        /* ezmlm-idx 7 hashes plain char: octets from 0x80 on are negative there. */
        uint64_t octet = (uint64_t)(int64_t)(signed char)address.p[i];
        h = (h + (h << 5)) ^ octet;
        if (width == BUCKET_32)
            h = (uint32_t)h;
    }
    if (width == BUCKET_32)
        h = (uint32_t)h;
    return (char)(BUCKET_FIRST + h % BUCKETS);
}
