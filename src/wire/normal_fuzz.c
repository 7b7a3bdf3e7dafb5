/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <string.h>

#include "wire/charset.h"
#include "wire/find.h"
#include "wire/normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    auto_buf struct buf once;
    buf_init(&once, size * NORMAL_GROWTH + 1);
    normal_add(&once, in);
    assert(!once.over && utf8_is_valid(buf_str(&once)));
    size_t half = size / 2, quarter = size / 4;
    struct finder f = finder_of(str_slice(in, quarter, half));
    const char *want = half > quarter ? memmem(in.p, in.n, f.needle.p, f.needle.n) : in.p;
    assert(finder_next(&f, in, 0) == want - in.p);
    return 0;
}
