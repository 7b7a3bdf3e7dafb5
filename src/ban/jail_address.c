/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <string.h>

#include "ban/jail.h"

static bool to_bytes(str text, struct jail_net *ret)
{
    char z[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    if (inet_pton(AF_INET, z, ret->bytes) == 1) {
        ret->family = 4;
        return true;
    }
    if (inet_pton(AF_INET6, z, ret->bytes) != 1)
        return false;
    ret->family = 6;
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(ret->bytes, mapped, 12) == 0) {
        memmove(ret->bytes, ret->bytes + 12, 4);
        ret->family = 4;
    }
    return true;
}

/* 255.255.255.0 -> 24; -1: the ones do not come first */
static int mask_length(const struct jail_net *mask)
{
    int n = 0, all = mask->family == 4 ? 32 : 128;
    while (n < all && mask->bytes[n / 8] >> (7 - n % 8) & 1)
        n++;
    for (int i = n; i < all; i++)
        if (mask->bytes[i / 8] >> (7 - i % 8) & 1)
            return -1;
    return n;
}

bool jail_net_parse(str text, struct jail_net *ret)
{
    str address, prefix;
    *ret = (struct jail_net){0};
    if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']')
        text = str_slice(text, 1, text.n - 1);
    bool has = str_cut(text, '/', &address, &prefix);
    if (!to_bytes(address, ret))
        return false;
    int all = ret->family == 4 ? 32 : 128;
    ret->prefix = all;
    if (!has)
        return true;
    struct jail_net mask = {0};
    uint64_t n;
    if (str_u64(prefix, &n))
        ret->prefix = n <= (uint64_t)all ? (int)n : -1;
    else
        ret->prefix =
            to_bytes(prefix, &mask) && mask.family == ret->family ? mask_length(&mask) : -1;
    return ret->prefix >= 0;
}

bool jail_net_holds(const struct jail_net *net, const struct jail_net *address)
{
    if (net->family != address->family)
        return false;
    size_t whole = (size_t)net->prefix / 8;
    unsigned rest = (unsigned)net->prefix % 8;
    if (memcmp(net->bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 ||
           ((net->bytes[whole] ^ address->bytes[whole]) & (0xff00u >> rest & 0xff)) == 0;
}
