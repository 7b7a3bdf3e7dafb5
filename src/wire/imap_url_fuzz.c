/* SPDX-License-Identifier: ISC */
/* Any octets as a URL: what is taken keeps the header's promises. */
#include <assert.h>

#include "wire/imap_append.h"
#include "wire/imap_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena struct arena *a = arena_new("fuzz", 16 << 20);
    struct imap_url u;
    if (failed(imap_url_read(a, str_of(data, size), &u)))
        return 0;
    assert(size <= IMAP_URL_MAX);
    assert(u.uid > 0 && u.mailbox.n > 0 && u.mailbox.n <= IMAP_MAILBOX_MAX);
    assert(str_find(u.mailbox, '\0') < 0 && str_find(u.mailbox, '\n') < 0);
    assert(u.section.path_n <= MIME_DEPTH_MAX);
    return 0;
}
