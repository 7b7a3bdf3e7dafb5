/* SPDX-License-Identifier: ISC */
/* Any line is parsed or refused; what comes out keeps the promises of the header. */
#include "wire/smtp.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(str s, bool utf8)
{
    assert(s.n <= QMAIL_SMTP_ADDRESS_MAX);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        assert(c >= 0x20 && c != 0x7f && (utf8 || c < 0x80));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > SMTP_AUTH_LINE_MAX)
        return 0;
    auto_arena struct arena *a = arena_new("fuzz", 8 << 20);
    struct smtp_command c;
    err e = smtp_parse_command(str_of(data, size), size & 1, &c);
    if (failed(e))
        return 0;
    assert(c.args.n == 0 || !memchr(c.args.p, '\n', c.args.n));
    struct smtp_mail m;
    struct smtp_rcpt r;
    struct smtp_bdat b;
    struct smtp_auth u;
    if (!failed(smtp_parse_mail(a, c.args, &m))) {
        check_address(m.sender, m.utf8);
        assert(m.envid.n <= DSN_ENVID_MAX);
    }
    if (!failed(smtp_parse_rcpt(a, c.args, size & 2, &r))) {
        check_address(r.recipient, size & 2);
        assert(r.recipient.n > 0 && r.orcpt.n <= DSN_ORCPT_MAX);
    }
    (void)failed(smtp_parse_bdat(c.args, &b)); /* only must not fault */
    (void)failed(smtp_parse_auth(a, c.args, &u));
    (void)failed(smtp_check_helo(c.args));
    return 0;
}
