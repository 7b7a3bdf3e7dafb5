/* SPDX-License-Identifier: ISC */
/* Whatever the text, each entry points into it and groups open and close in turn. */
#include "wire/addrlist.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(str part, str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    for (unsigned flags = 0; flags < 2; flags++) {
        auto_arena struct arena *a = arena_new("fuzz", 64 << 20);
        struct addrlist list = addrlist_parse(a, in, flags);
        bool in_group = false;
        for (size_t i = 0; i < list.n; i++) {
            const struct addr *x = &list.at[i];
            assert(is_inside(x->source, in) && is_inside(x->spec, x->source));
            assert(x->mailbox.n + x->host.n + x->route.n + x->name.n <= 3 * size + 3);
            if (x->kind == ADDR_GROUP_START)
                assert(!in_group);
            if (x->kind == ADDR_GROUP_END)
                assert(in_group);
            in_group = x->kind == ADDR_GROUP_START || (in_group && x->kind != ADDR_GROUP_END);
        }
        assert(!in_group || list.truncated);
    }
    return 0;
}
