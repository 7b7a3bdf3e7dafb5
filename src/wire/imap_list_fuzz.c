/* SPDX-License-Identifier: ISC */
/* The matcher agrees with the definition, tried by brute force. */
#include "wire/imap_list.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(char p, char c, bool fold)
{
    return fold ? char_upper(p) == char_upper(c) : p == c;
}

static bool slow(str pattern, str name, size_t inbox)
{
    if (pattern.n == 0)
        return name.n == 0;
    char c = pattern.p[0];
    str rest = str_from_at(pattern, 1);
    if (c != '*' && c != '%')
        return name.n > 0 && same(c, name.p[0], inbox > 0) &&
               slow(rest, str_from_at(name, 1), inbox > 0 ? inbox - 1 : 0);
    for (size_t i = 0;; i++) {
        if (slow(rest, str_from_at(name, i), inbox > i ? inbox - i : 0))
            return true;
        if (i == name.n || (c == '%' && name.p[i] == '.'))
            return false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 24)
        return 0;
    size_t n = data[0] % size;
    str pattern = str_of(data + 1, n), name = str_of(data + 1 + n, size - 1 - n);
    bool inbox = str_istarts(name, S("INBOX")) && (name.n == 5 || name.p[5] == '.');
    assert(imap_list_match(pattern, name, '.') == slow(pattern, name, inbox ? 5 : 0));
    return 0;
}
