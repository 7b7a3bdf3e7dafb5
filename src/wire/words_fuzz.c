/* SPDX-License-Identifier: ISC */
/* Decoding gives valid UTF-8; what was encoded decodes to the text it was made of. */
#include "wire/words.h"

#include <assert.h>
#include <string.h>

#include "wire/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str in = str_of(data + 1, size - 1);
    auto_buf struct buf b, clean, coded, back;
    buf_init(&b, size * 12 + 10);
    words_to_utf8(&b, in);
    assert(!b.over && utf8_is_valid(buf_str(&b)));
    size_t total = 0;
    str rest = in;
    for (struct word w; words_next(&rest, &w);)
        total += w.raw.n;
    assert(total <= in.n);
    buf_init(&clean, size * 3 + 10);
    buf_init(&coded, size * 40 + 200);
    buf_init(&back, size * 12 + 10);
    utf8_repair(&clean, in);
    words_encode(&coded, in, data[0], S("\r\n"));
    assert(!coded.over && ascii_is_all(buf_str(&coded)));
    words_to_utf8(&back, buf_str(&coded));
    if (str_starts(str_trim(buf_str(&coded)), S("=?UTF-8?")))
        assert(str_eq(buf_str(&back), buf_str(&clean)));
    return 0;
}
