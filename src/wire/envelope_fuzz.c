/* SPDX-License-Identifier: ISC */
/* Reading an envelope ends, and what it gives has no line ends. */
#include "wire/envelope.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 64 << 20);
    struct envelope e = envelope_read(a, str_of(data, size));
    const str values[] = {e.date, e.subject, e.in_reply_to, e.message_id};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert(str_find(values[i], '\n') < 0);
    assert(e.from.n == 0 || (e.sender.n > 0 && e.reply_to.n > 0));
    return 0;
}
