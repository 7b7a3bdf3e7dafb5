/* SPDX-License-Identifier: ISC */
#include <assert.h>

#include "wire/html_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_buf struct buf b, links;
    buf_init(&b, size + 2); /* never longer than what it was */
    buf_init(&links, HTML_LINKS_MAX);
    html_to_text(&b, str_of(data, size), &links);
    assert(!b.over);
    return 0;
}
