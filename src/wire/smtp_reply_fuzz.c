/* SPDX-License-Identifier: ISC */
#include "wire/smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct smtp_reply r;
    str text = str_of(data, size), line;
    smtp_reply_start(&r);
    while (str_line(&text, &line)) {
        if (failed(smtp_reply_add(&r, line)))
            return 0;
        if (r.code < 200 || r.code > 599 || r.n > SMTP_REPLY_TEXT)
            __builtin_trap();
        for (size_t i = 0; i < r.n; i++)
            if ((unsigned char)r.text[i] < ' ' && r.text[i] != '\n' && r.text[i] != '\t')
                __builtin_trap();
        struct smtp_extensions e;
        smtp_extensions_read(&r, &e);
        if (r.done)
            smtp_reply_start(&r);
    }
    return 0;
}
