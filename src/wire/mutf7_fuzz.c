/* SPDX-License-Identifier: ISC */
/* A name that decodes is the one that its text encodes to, and the other way. */
#include "wire/mutf7.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    auto_buf struct buf b, back;
    buf_init(&b, size * 8 + 10);
    buf_init(&back, size * 8 + 10);
    err e = mutf7_decode(&b, in);
    if (!failed(e)) {
        e = mutf7_encode(&back, buf_str(&b));
        assert(!failed(e) && str_eq(buf_str(&back), in));
    }
    buf_reset(&b);
    buf_reset(&back);
    e = mutf7_encode(&b, in);
    if (!failed(e)) {
        e = mutf7_decode(&back, buf_str(&b));
        assert(!failed(e) && str_eq(buf_str(&back), in));
    }
    return 0;
}
