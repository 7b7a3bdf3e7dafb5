/* SPDX-License-Identifier: ISC */
/* A database from anywhere: lookups and walks stay inside it and end. */
#include "control/cdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str cdb = str_of(data, size), key, got;
    str keys[] = {S(""), S("one"), str_slice(cdb, 2048, 2060)};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!failed(cdb_find(cdb, keys[i], &got)) &&
            (got.p < cdb.p || got.p + got.n > cdb.p + cdb.n))
            __builtin_trap();
    size_t at = 0, n = 0;
    while (cdb_next(cdb, &at, &key, &got))
        if (++n > size)
            __builtin_trap();
    return 0;
}
