/* SPDX-License-Identifier: ISC */
/* Any partial read is a slice of the whole, whose size is the one measured. */
#include "wire/crlf.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8)
        return 0;
    str in = str_of(data + 8, size - 8);
    auto_buf struct buf whole;
    buf_init(&whole, size * 2);
    crlf_write(&whole, in);
    assert(!whole.over && whole.n == crlf_measure(in).octets);
    struct crlf_cursor c;
    crlf_open(&c, in);
    for (size_t i = 0; i < 8; i += 2) {
        auto_buf struct buf b;
        buf_init(&b, size * 2);
        crlf_seek(&c, data[i]);
        size_t got = crlf_read(&c, &b, data[i + 1]);
        assert(got == b.n);
        assert(str_eq(buf_str(&b),
                      str_slice(buf_str(&whole), data[i], (size_t)data[i] + data[i + 1])));
    }
    return 0;
}
