/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ban/filter.h"

/* The usual case by hand: four numbers, no leading zeros. */
static bool dotted(str s, unsigned char out[4])
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t from = i;
        while (i < s.n && char_is_digit(s.p[i]) && i - from < 3)
            v = v * 10 + (unsigned)(s.p[i++] - '0');
        if (i == from || v > 255 || (s.p[from] == '0' && i - from > 1))
            return false;
        out[part] = (unsigned char)v;
        if (part < 3 && !(i < s.n && s.p[i++] == '.'))
            return false;
    }
    return i == s.n;
}

static void mask(unsigned char *b, size_t bytes, int prefix)
{
    for (size_t i = 0; i < bytes; i++) {
        int keep = prefix - (int)(8 * i);
        if (keep <= 0)
            b[i] = 0;
        else if (keep < 8)
            b[i] = (unsigned char)(b[i] & (0xff << (8 - keep)));
    }
}

static void print4(const unsigned char b[4], int prefix, char ret[ADDRESS_TEXT])
{
    int n = snprintf(ret, ADDRESS_TEXT, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    if (prefix > 0 && prefix < 32)
        (void)snprintf(ret + n, ADDRESS_TEXT - (size_t)n, "/%d", prefix);
}

bool address_canonical(str text, int family, int prefix, char ret[ADDRESS_TEXT])
{
    unsigned char b[16];
    char z[INET6_ADDRSTRLEN];
    if (family == 4) {
        if (!dotted(text, b))
            return false;
        if (prefix < 0) {
            memcpy(ret, text.p, text.n);
            ret[text.n] = 0;
            return true;
        }
        mask(b, 4, prefix);
        print4(b, prefix, ret);
        return true;
    }
    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    if (strlen(z) != text.n || inet_pton(AF_INET6, z, b) != 1)
        return false;
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (prefix < 0 && memcmp(b, mapped, 12) == 0) {
        print4(b + 12, -1, ret);
        return true;
    }
    if (prefix >= 0)
        mask(b, 16, prefix);
    if (!inet_ntop(AF_INET6, b, ret, ADDRESS_TEXT))
        return false;
    if (prefix > 0 && prefix < 128) {
        size_t n = strlen(ret);
        (void)snprintf(ret + n, ADDRESS_TEXT - n, "/%d", prefix);
    }
    return true;
}
