/* SPDX-License-Identifier: ISC */
#include "people/credentials.h"

#include <assert.h>

#include "people/passwd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new("fuzz", 1 << 20);
    struct credential c;
    struct person one;
    auto_buf struct buf stored;
    buf_init(&stored, PASSWORD_STORED_MAX);
    if (!failed(credential_parse(str_of(data, size), a, &c))) {
        err e = credential_stored(&c, &stored);
        assert(!failed(e) && c.name.n > 0);
    }
    if (!failed(passwd_line_parse(str_of(data, size), &one)))
        assert(one.name.n > 0 && one.home.n > 0);
    arena_free(a);
    return 0;
}
