/* SPDX-License-Identifier: ISC */
#include <assert.h>
#include <string.h>

#include "wire/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t epoch = 0;
    if (size < sizeof epoch)
        return 0;
    memcpy(&epoch, data, sizeof epoch);
    int32_t offset = zone_offset(str_of(data + sizeof epoch, size - sizeof epoch), epoch);
    assert(offset > -30 * 86400 && offset < 30 * 86400);
    return 0;
}
