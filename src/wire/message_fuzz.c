/* SPDX-License-Identifier: ISC */
/* No text of a stranger adds a line to what we write. */
#include "wire/message.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines_of(const struct buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        n += b->p[i] == '\n';
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    auto_buf struct buf b;
    buf_init(&b, size * 20 + 1000);
    struct received r = {.remote_host = in,
                         .helo = str_from_at(in, 1),
                         .remote_info = in,
                         .remote_ip = in,
                         .local_host = in,
                         .protocol = in,
                         .id = in,
                         .tls = in};
    received_write(&b, &r);
    assert(lines_of(&b) == 2);
    received_write_queue(&b, size, in, (int64_t)size);
    return_path_write(&b, in);
    delivered_to_write(&b, in);
    from_line_write(&b, in, (int64_t)size);
    assert(lines_of(&b) == 6);
    message_id_write(&b, &(struct message_id){.tag = in, .host = in});
    assert(lines_of(&b) == 6 && !b.over);
    return 0;
}
