/* SPDX-License-Identifier: ISC */
/* Any octets: what comes out has no NUL, and what needed nothing is as it was. */
#include <assert.h>

#include "wire/mime.h"
#include "wire/unbinary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static err nothing(void *ctx)
{
    (void)ctx;
    return OK_ERR;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 4 * (size_t)MIME_ARENA_MAX);
    auto_buf struct buf once;
    buf_init(&once, 4 * size + 4096);
    str in = str_of(data, size);
    bool needed = unbinary_is_needed(a, in);
    err e = unbinary_write(a, in, &once, nothing, NULL);
    assert(once.over || !failed(e));
    if (failed(e))
        return 0;
    assert(needed || str_eq(buf_str(&once), in));
    assert(str_find(buf_str(&once), '\0') < 0);
    return 0;
}
