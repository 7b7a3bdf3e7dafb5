/* SPDX-License-Identifier: ISC */
/* Any parameters end within their limits; written ones come back. */
#include "wire/params.h"

#include <assert.h>
#include <string.h>

#include "wire/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 16 << 20);
    str in = str_of(data, size);
    struct params p = params_parse(a, in);
    assert(p.n <= PARAMS_MAX);
    for (size_t i = 0; i < p.n; i++) {
        assert(p.at[i].name.n > 0 && params_get(&p, p.at[i].name).p == p.at[i].value.p);
        auto_buf struct buf b;
        buf_init(&b, PARAMS_BYTES_MAX * 12);
        (void)params_utf8(&b, &p, p.at[i].name);
        assert(!b.over && utf8_is_valid(buf_str(&b)));
    }
    str rest;
    assert(params_token(in, &rest).n + rest.n <= size);
    auto_buf struct buf b, back;
    buf_init(&b, size * 3 + 100);
    param_write(&b, S("n"), in);
    p = params_parse(a, buf_str(&b));
    buf_init(&back, size * 12 + 100);
    bool found = params_utf8(&back, &p, S("n"));
    assert(found);
    if (utf8_is_valid(in) && size < 4000 && str_find_str(in, S("=?")) < 0 &&
        str_eq(in, str_trim(in)))
        assert(str_eq(buf_str(&back), in));
    return 0;
}
