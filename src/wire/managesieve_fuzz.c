/* SPDX-License-Identifier: ISC */
/* A command through the reader; what comes out goes through the writer and back. */
#include <assert.h>

#include "wire/managesieve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(str s, struct arena *a)
{
    struct buf b;
    str again;
    buf_init(&b, s.n * 2 + 64);
    buf_addc(&b, ' ');
    managesieve_write(&b, s);
    str rest = buf_str(&b);
    assert(managesieve_string(&rest, a, &again));
    assert(str_eq(s, again) && !rest.n);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new("fuzz", 64 << 20);
    str in = str_of(data, size), s;
    uint64_t n;
    (void)managesieve_literal(in, &n);
    assert(managesieve_verb(&in) < MANAGESIEVE_VERB_COUNT);
    for (;;) {
        size_t before = in.n;
        if (managesieve_string(&in, a, &s))
            round_trip(s, a);
        else if (!managesieve_number(&in, &n))
            break;
        assert(in.n < before);
    }
    (void)managesieve_end(in);
    arena_free(a);
    return 0;
}
