/* SPDX-License-Identifier: ISC */
/* Any octets, sealed as if we had written them, must decode or be refused; and what decodes
 * must come out the same when it is written again. */
#include <stdlib.h>
#include <string.h>

#include "queue/record.h"

static void again_result(str payload)
{
    struct record_result v;
    if (failed(record_take_result(payload, &v)))
        return;
    struct buf b;
    buf_init(&b, 1 << 20);
    record_put_result(&b, &v);
    if (!str_eq(buf_str(&b), payload))
        abort();
    buf_done(&b);
}

static void again_message(str payload)
{
    struct record_reader r = {.rest = payload};
    struct record_message m;
    if (failed(record_take_message(&r, &m)))
        return;
    struct buf b;
    buf_init(&b, 4 << 20);
    record_put_message(&b, &m);
    for (uint32_t i = 0; i < m.n_rcpts; i++) {
        struct queue_rcpt rcpt;
        if (failed(record_take_rcpt(&r, &rcpt))) {
            buf_done(&b);
            return;
        }
        record_put_rcpt(&b, &rcpt);
    }
    if (!str_eq(buf_str(&b), str_slice(payload, 0, payload.n - r.rest.n)))
        abort();
    buf_done(&b);
}

/* A whole record: raw, and stamped. */
static void whole(str in)
{
    static const struct sip_key key = {1, 2};
    struct record_head head;
    str payload;
    if (!failed(record_read(in, 1, key, &head, &payload)) && payload.n > in.n)
        abort();
    if (in.n > RECORD_PAYLOAD_MAX)
        return;
    struct buf b;
    buf_init(&b, 4 << 20);
    size_t begin = record_begin(&b);
    buf_add(&b, in);
    record_end(&b, begin, RECORD_RESULT);
    record_stamp(b.p, &(struct record_head){.sequence = 1}, key);
    if (failed(record_read(buf_str(&b), 1, key, &head, &payload)) || !str_eq(payload, in))
        abort();
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    struct record_mark mark;
    struct record_end end;
    whole(in);
    again_result(in);
    again_message(in);
    (void)failed(record_take_mark(in, &mark));
    (void)failed(record_take_end(in, &end));
    return 0;
}
