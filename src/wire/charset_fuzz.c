/* SPDX-License-Identifier: ISC */
/* Whatever comes in, valid UTF-8 comes out, and valid UTF-8 comes out as it was. */
#include "wire/charset.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str names[] = {S("utf-8"),     S("iso-8859-1"), S("ISO-2022-JP"),
                                S("Shift_JIS"), S("EUC-JP"),     S("UTF-7"),
                                S("gb18030"),   S("UTF-16"),     S("ISO-2022-KR")};
    str in = str_of(data, size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        auto_buf struct buf b;
        buf_init(&b, size * 12 + 100);
        err e = charset_to_utf8(&b, names[i], in);
        assert(!b.over && utf8_is_valid(buf_str(&b)));
        assert(i > 0 || (!failed(e) && (!utf8_is_valid(in) || str_eq(in, buf_str(&b)))));
    }
    str name = str_slice(in, 0, 20);
    auto_buf struct buf b;
    buf_init(&b, size * 12 + 100);
    if (failed(charset_to_utf8(&b, name, in)))
        assert(b.n == 0);
    return 0;
}
