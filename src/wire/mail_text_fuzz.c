/* SPDX-License-Identifier: ISC */
#include <assert.h>

#include "wire/charset.h"
#include "wire/mail_text.h"
#include "wire/preview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *a;
    if (!a)
        a = arena_new("fuzz", 2 * MIME_ARENA_MAX);
    auto_mail_text struct mail_text t;
    mail_text_init(&t, size % 7 ? 1 << 20 : 100);
    mail_text_read(&t, a, str_of(data, size), MAIL_TEXT_HEAD | MAIL_TEXT_PARTS | MAIL_TEXT_BODY);
    if (!t.cut)
        assert(utf8_is_valid(buf_str(&t.head)) && utf8_is_valid(buf_str(&t.parts)) &&
               utf8_is_valid(buf_str(&t.body)));
    auto_buf struct buf b;
    buf_init(&b, PREVIEW_CHARS * 4);
    preview_write(&b, mime_parse(a, str_of(data, size)));
    assert(!b.over && utf8_is_valid(buf_str(&b)));
    arena_reset(a);
    return 0;
}
