/* SPDX-License-Identifier: ISC */
#include "crypt/secret.h"

#include <string.h>

#include <nettle/memops.h>

#include "os/random.h"

bool secret_equal(str a, str b)
{
    return a.n == b.n && (a.n == 0 || nettle_memeql_sec(a.p, b.p, a.n) != 0);
}

void secret_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}

void random_text(char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    random_bytes(p, n);
    for (size_t i = 0; i < n; i++)
        p[i] = digits[(unsigned char)p[i] & 63];
}
