/* SPDX-License-Identifier: ISC */
/* Parameters come back as they were; no report or address breaks a bounce. */
#include "wire/dsn.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parameters(struct arena *a, str in)
{
    enum dsn_ret ret;
    unsigned notify, again;
    str type, address, address2;
    auto_buf struct buf b, back;
    buf_init(&b, in.n * 12 + 100);
    buf_init(&back, in.n * 12 + 100);
    err e = dsn_parse_ret(in, &ret);
    assert(failed(e) || str_ieq(dsn_ret_name(ret), in));
    if (!failed(dsn_parse_notify(in, &notify))) {
        dsn_write_notify(&b, notify);
        e = dsn_parse_notify(buf_str(&b), &again);
        assert(!failed(e) && again == notify);
        buf_reset(&b);
    }
    e = dsn_check_envid(in);
    assert(failed(e) || in.n <= DSN_ENVID_MAX);
    if (!failed(dsn_parse_orcpt(a, in, &type, &address))) {
        dsn_write_orcpt(&b, type, address);
        e = dsn_parse_orcpt(a, buf_str(&b), &type, &address2);
        assert(e.kind == ERR_LIMIT || (!failed(e) && str_eq(address, address2)));
        buf_reset(&b);
    }
    xtext_encode(&b, in);
    e = xtext_decode(&back, buf_str(&b));
    assert(!failed(e) && str_eq(buf_str(&back), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 1 << 20);
    str in = str_of(data, size);
    parameters(a, in);
    auto_buf struct buf b, boundary;
    buf_init(&b, size * 20 + 10'000);
    buf_init(&boundary, 100);
    str trimmed = in;
    while (str_ends(trimmed, S("\n")))
        trimmed.n--;
    bounce_write_paragraph(&b, in, trimmed);
    assert(str_find_str(buf_str(&b), S("\n\n")) == (ptrdiff_t)b.n - 2);
    bounce_boundary(&boundary, in, in);
    struct bounce_rcpt r = {.address = in,
                            .report = in,
                            .remote_mta = in,
                            .diagnostic = in,
                            .orcpt_type = in,
                            .orcpt_address = in,
                            .status = in};
    for (unsigned flags = 0; flags < 8; flags++) {
        struct bounce o = {.kind = size % 4,
                           .flags = flags,
                           .from_user = in,
                           .from_host = in,
                           .to = in,
                           .sender = in,
                           .rcpts = &r,
                           .rcpt_count = 1,
                           .original = in,
                           .envid = in,
                           .boundary = buf_str(&boundary)};
        buf_reset(&b);
        bounce_write(&b, &o);
        assert(!b.over);
    }
    (void)bounce_status_in(in);
    return 0;
}
