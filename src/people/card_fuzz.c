/* SPDX-License-Identifier: ISC */
/* A card that is read is written in a form that reads the same. */
#include <stdlib.h>
#include <string.h>

#include "people/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    auto_arena struct arena *a = arena_new("fuzz", 16 << 20);
    struct card c, again;
    unsigned line;
    enum card_key key;
    if (n > 4096 || failed(card_parse(str_of(data, n), a, &c, &line)))
        return 0;
    err checked = card_check(&c, &key);
    (void)failed(checked);
    auto_buf struct buf one, two;
    buf_init(&one, 1 << 18);
    buf_init(&two, 1 << 18);
    card_write(&c, &one);
    if (failed(card_parse(buf_str(&one), a, &again, &line)))
        abort();
    card_write(&again, &two);
    if (!str_eq(buf_str(&one), buf_str(&two)))
        abort();
    return 0;
}
