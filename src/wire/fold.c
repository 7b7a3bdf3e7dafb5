/* SPDX-License-Identifier: ISC */
#include "wire/fold.h"

#include <string.h>

#include "wire/charset.h"

static uint32_t fold_code(uint32_t c)
{
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3ab && c != 0x3a2) ||
        (c >= 0x410 && c <= 0x42f) || (c >= 0xff21 && c <= 0xff3a))
        return c + 32;
    if (c >= 0x400 && c <= 0x40f)
        return c + 80;
    /* Pairs that stand side by side, the capital at even places; then at odd ones. */
    if ((c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14a && c <= 0x177) ||
        (c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) || (c >= 0x1e00 && c <= 0x1e95) ||
        (c >= 0x1ea0 && c <= 0x1eff))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c + (c & 1);
    return c;
}

static void put_code(char *p, uint32_t c, size_t n)
{
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        p[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    p[0] = (char)(lead[n] | c);
}

void fold_in_place(char *p, size_t n)
{
    size_t i = 0;
    while (i < n) {
        if ((unsigned char)p[i] < 0x80) {
            p[i] = char_lower(p[i]);
            i++;
            continue;
        }
        str rest = str_of(p + i, n - i);
        size_t len = utf8_length(rest);
        if (len == 0) {
            i++;
            continue;
        }
        uint32_t code = utf8_code(rest), folded = fold_code(code);
        if (folded != code)
            put_code(p + i, folded, len);
        i += len;
    }
}

str fold_copy(struct arena *a, str s)
{
    char *p = NEW_N(a, char, s.n + 1);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    fold_in_place(p, s.n);
    return str_of(p, s.n);
}

bool folded_has(str text, str needle)
{
    if (needle.n == 0)
        return true;
    return text.n >= needle.n && memmem(text.p, text.n, needle.p, needle.n) != NULL;
}
