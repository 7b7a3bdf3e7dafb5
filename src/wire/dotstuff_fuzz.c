/* SPDX-License-Identifier: ISC */
/* The output, whatever the message: no bare CR or LF, one lone dot and that at the end; and the
 * same however small the pieces. */
#include "wire/dotstuff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stuff(str in, size_t room, struct buf *whole)
{
    auto_buf struct buf out;
    struct dotstuff d = {0};
    buf_init(&out, room);
    while (in.n) {
        size_t before = in.n;
        dotstuff_feed(&d, &in, &out);
        if (in.n == before || out.over)
            __builtin_trap();
        buf_add(whole, buf_str(&out));
        buf_reset(&out);
    }
    dotstuff_end(&d, &out);
    if (out.over)
        __builtin_trap();
    buf_add(whole, buf_str(&out));
}

static void check(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool lf = s.p[i] == '\n', after_cr = i && s.p[i - 1] == '\r';
        if (lf != after_cr)
            __builtin_trap();
    }
    str end = S("\r\n.\r\n");
    ptrdiff_t at = str_find_str(s, end);
    bool only = at < 0 ? str_eq(s, S(".\r\n")) : (size_t)at + end.n == s.n;
    if (!only || (at >= 0 && str_starts(s, S(".\r\n"))))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_buf struct buf small, large;
    buf_init(&small, size * 2 + 16);
    buf_init(&large, size * 2 + 16);
    str in = str_of(data, size);
    stuff(in, 5, &small);
    stuff(in, 4096, &large);
    if (small.over || large.over || !str_eq(buf_str(&small), buf_str(&large)))
        __builtin_trap();
    check(buf_str(&large));
    if (dotstuff_size(in) > large.n)
        __builtin_trap();
    return 0;
}
