/* SPDX-License-Identifier: ISC */
/* Whatever comes out is within its bound, and is its own preparation. */
#include <stdlib.h>

#include "wire/saslprep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once, twice;
    buf_init(&once, SASLPREP_IN_MAX * SASLPREP_GROWTH);
    buf_init(&twice, SASLPREP_IN_MAX * SASLPREP_GROWTH);
    err e = saslprep(str_of(data, size), SASLPREP_QUERY, &once);
    if (e.kind == ERR_LIMIT && size <= SASLPREP_IN_MAX)
        abort();
    if (!failed(e) && once.n <= SASLPREP_IN_MAX) {
        e = saslprep(buf_str(&once), SASLPREP_QUERY, &twice);
        if (failed(e) || !str_eq(buf_str(&once), buf_str(&twice)))
            abort();
    }
    buf_done(&once);
    buf_done(&twice);
    return 0;
}
