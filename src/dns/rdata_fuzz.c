/* SPDX-License-Identifier: ISC */
#include "dns/rdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 1 << 20);
    str in = str_of(data, size), text, rest = in;
    uint16_t preference;
    if (!failed(rdata_name(a, &rest, &text)) && (text.n > 255 || rest.n >= in.n))
        __builtin_trap();
    if (!failed(rdata_mx(a, in, &preference, &text)) && text.n > 255)
        __builtin_trap();
    if (!failed(rdata_txt(a, in, 8192, &text)) && (text.n > 8192 || text.n > in.n))
        __builtin_trap();
    return 0;
}
