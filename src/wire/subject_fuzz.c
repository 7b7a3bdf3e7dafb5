/* SPDX-License-Identifier: ISC */
/* A base subject is part of the subject, and is its own base: nothing was left to remove. */
#include <assert.h>

#include "wire/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    subject_clean(&b, str_of(data, size));
    str clean = buf_str(&b), base, again;
    (void)subject_base(clean, &base);
    assert(base.n <= clean.n);
    assert(base.n == 0 || (base.p >= clean.p && base.p + base.n <= clean.p + clean.n));
    (void)subject_base(base, &again);
    assert(str_eq(base, again));
    return 0;
}
