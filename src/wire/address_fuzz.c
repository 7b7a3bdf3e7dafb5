/* SPDX-License-Identifier: ISC */
/* What the strict parser takes, written and read again, is the same address. */
#include "wire/address.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 1 << 20);
    str in = str_of(data, size), rest, qmail;
    for (unsigned flags = 0; flags < 8; flags++) {
        struct address got, again;
        err e = address_parse_mailbox(a, in, flags, &got);
        if (!failed(e)) {
            auto_buf struct buf b;
            buf_init(&b, 10'000);
            address_write(&b, &got);
            e = address_parse_mailbox(a, buf_str(&b), flags, &again);
            assert(!failed(e) && str_eq(got.local, again.local) &&
                   str_eq(got.domain, again.domain));
            str joined = address_join(a, &got);
            struct address cut = address_split(joined);
            assert(got.domain.n == 0 ||
                   (str_eq(cut.local, got.local) && str_eq(cut.domain, got.domain)));
        }
        e = address_parse_path(a, in, flags, &got, &rest);
        assert(failed(e) || rest.n <= in.n);
    }
    err e = address_parse_qmail(a, in, &qmail, &rest);
    assert(failed(e) || (qmail.n <= QMAIL_SMTP_ADDRESS_MAX && rest.n <= in.n));
    auto_buf struct buf b;
    buf_init(&b, size * 2 + 10);
    address_write_path(&b, in);
    assert(!b.over && str_find(buf_str(&b), '\n') < 0);
    return 0;
}
