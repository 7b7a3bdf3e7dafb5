/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "wire/sasl_oauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new("fuzz", 1 << 16);
    struct sasl_oauth o;
    if (!failed(sasl_oauthbearer_parse(a, str_of(data, size), &o)) && !o.token.n)
        abort();
    if (!failed(sasl_xoauth2_parse(str_of(data, size), &o)) && !o.token.n)
        abort();
    arena_free(a);
    return 0;
}
