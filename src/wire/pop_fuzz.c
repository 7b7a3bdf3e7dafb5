/* SPDX-License-Identifier: ISC */
/* A line through the parser; the same octets as a message through the stuffing, in two cuts that
 * must agree. */
#include <assert.h>
#include <string.h>

#include "wire/pop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stuff(str in, size_t room, struct pop_stuffing s, struct buf *all)
{
    struct buf piece;
    buf_init(&piece, room);
    while (in.n && !s.ended) {
        pop_stuff(&s, &in, &piece);
        assert(!piece.over);
        buf_add(all, buf_str(&piece));
        buf_reset(&piece);
    }
    pop_stuff_end(&s, all);
    buf_done(&piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    struct pop_command c = pop_parse(in);
    assert(c.verb < POP_VERB_COUNT);
    uint64_t n;
    while (pop_number(&c.args, &n))
        ;
    if (!size)
        return 0;
    struct pop_stuffing s = {.limited = data[0] & 1, .lines = data[0] >> 1};
    struct buf a, b;
    buf_init(&a, size * 3 + 64);
    buf_init(&b, size * 3 + 64);
    stuff(in, 8 + data[0] % 16, s, &a);
    stuff(in, 65536, s, &b);
    assert(str_eq(buf_str(&a), buf_str(&b)));
    buf_done(&a);
    buf_done(&b);
    return 0;
}
