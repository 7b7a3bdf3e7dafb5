/* SPDX-License-Identifier: ISC */
#include "os/random.h"

#include <errno.h>
#include <sys/random.h>

void random_bytes(void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = getrandom((char *)p + at, n - at, 0);
        if (got < 0 && errno != EINTR)
            oom("the kernel's random source");
        if (got > 0)
            at += (size_t)got;
    }
}

uint64_t random_u64(void)
{
    uint64_t v;
    random_bytes(&v, sizeof v);
    return v;
}
