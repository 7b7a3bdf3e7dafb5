/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "wire/netstring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_of(data, size), one;
    while (!failed(netstring_take(&text, 1000, &one)))
        if (one.n > 1000)
            abort();
    return 0;
}
