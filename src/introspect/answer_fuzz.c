/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "introspect/introspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new("fuzz", 1 << 20);
    struct token_answer t =
        introspect_answer(a, str_of(data, size), S("username"), S("mail"), 1000);
    if ((t.outcome == TOKEN_ACTIVE) != (t.user.n > 0) || t.user.n > 255)
        abort();
    (void)introspect_url_is_safe(str_of(data, size));
    arena_free(a);
    return 0;
}
