/* SPDX-License-Identifier: ISC */
#include <assert.h>

#include "wire/msgid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_buf struct buf b;
    buf_init(&b, 64 * 1024);
    str rest = str_of(data, size);
    for (size_t left = rest.n; msgid_next(&rest, &b); left = rest.n) {
        assert(rest.n < left && b.n >= 3 && b.n <= MSGID_MAX);
        assert(str_find(buf_str(&b), '@') >= 0 && str_find(buf_str(&b), '\n') < 0);
    }
    assert(rest.n == 0);
    return 0;
}
