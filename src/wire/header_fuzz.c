/* SPDX-License-Identifier: ISC */
/* The three pieces join up to the message, the fields to the header. */
#include "wire/header.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    for (unsigned flags = 0; flags < 2; flags++) {
        struct header_split s = header_split(in, flags);
        assert(s.header.n + s.separator.n + s.body.n == in.n);
        str rest = s.header;
        size_t total = 0, fields = 0;
        for (struct header_field f; header_next(&rest, &f);) {
            total += f.raw.n;
            fields++;
            assert(f.name.n == 0 || header_name_is_valid(f.name));
            assert(!flags || f.name.n > 0);
            auto_arena struct arena *a = arena_new("fuzz", size * 2 + 100);
            auto_buf struct buf b;
            buf_init(&b, size + 1);
            header_unfold_to(&b, f.value);
            assert(str_eq(header_unfold(a, f.value), buf_str(&b)) &&
                   str_find(buf_str(&b), '\n') < 0);
        }
        assert(total == s.header.n && header_hops(s.header) <= fields);
        const str names[] = {S("a"), S("Subject")};
        auto_buf struct buf named, others;
        buf_init(&named, size * 2 + 4);
        buf_init(&others, size * 2 + 4);
        header_pick(&named, s.header, names, 2, HEADER_PICK_NAMED);
        header_pick(&others, s.header, names, 2, HEADER_PICK_OTHERS);
        assert(!named.over && !others.over && str_ends(buf_str(&named), S("\r\n")));
    }
    return 0;
}
