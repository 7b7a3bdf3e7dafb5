/* SPDX-License-Identifier: ISC */
#include "wire/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static void same(const char *name, str got, str want)
{
    if (!str_eq(got, want))
        print_error("%s: got [%.*s] want [%.*s]\n", name, STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

static const int64_t T = 1795533056;

static void received_lines_are_qmails(void **state)
{
    (void)state;
    static const struct {
        struct received r;
        str want;
    } table[] = {
        {{.remote_host = S("mx.example"),
          .helo = S("MX.example"),
          .remote_ip = S("192.0.2.1"),
          .local_host = S("house.example"),
          .protocol = S("SMTP"),
          .epoch = T},
         S("Received: from mx.example (192.0.2.1)\n  by house.example with SMTP; 24 Nov 2026 "
           "15:10:56 -0000\n")},
        {{.helo = S("evil\nX: (y)"),
          .remote_info = S("ann"),
          .remote_ip = S("2001:db8::1"),
          .local_host = S("h"),
          .protocol = S("ESMTPSA"),
          .id = S("q1"),
          .tls = S("TLSv1.3 TLS_AES_256\n"),
          .epoch = T},
         S("Received: from unknown (HELO evil?X:??y?) (ann@2001:db8::1)\n"
           "  by h with ESMTPSA (TLSv1.3 TLS_AES_256?) id q1; 24 Nov 2026 15:10:56 -0000\n")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1000);
        received_write(&b, &table[i].r);
        same("received", buf_str(&b), table[i].want);
    }
    auto_buf struct buf b;
    buf_init(&b, 1000);
    received_write_queue(&b, 1234, S("by uid 1000"), T);
    same("queue", buf_str(&b),
         S("Received: (qmail 1234 invoked by uid 1000); 24 Nov 2026 15:10:56 -0000\n"));
}

static void protocols_have_their_registered_names(void **state)
{
    (void)state;
    same("plain", received_protocol(0), S("SMTP"));
    same("esmtp", received_protocol(RECEIVED_ESMTP), S("ESMTP"));
    same("all", received_protocol(RECEIVED_ESMTP | RECEIVED_TLS | RECEIVED_AUTH), S("ESMTPSA"));
    same("auth", received_protocol(RECEIVED_AUTH), S("ESMTPA"));
    same("utf8", received_protocol(RECEIVED_UTF8 | RECEIVED_TLS | RECEIVED_ESMTP), S("UTF8SMTPS"));
}

static void lines_for_files_cannot_be_broken_by_addresses(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1000);
    return_path_write(&b, S("ann lee@x"));
    return_path_write(&b, S(""));
    return_path_write(&b, S("a\nb@x"));
    delivered_to_write(&b, S("ann lee@x\ny"));
    from_line_write(&b, S("a b\n@x"), T);
    from_line_write(&b, S(""), T);
    same("lines", buf_str(&b),
         S("Return-Path: <\"ann lee\"@x>\nReturn-Path: <>\nReturn-Path: <\"a_b\"@x>\n"
           "Delivered-To: ann lee@x_y\nFrom a-b-@x Tue Nov 24 15:10:56 2026\n"
           "From MAILER-DAEMON Tue Nov 24 15:10:56 2026\n"));
}

static void message_ids_are_qmail_injects(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1000);
    message_id_write(&b, &(struct message_id){T, 77, S("qmail"), S("house>example")});
    same("id", buf_str(&b), S("<20261124151056.77.qmail@house?example>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_lines_are_qmails),
        cmocka_unit_test(protocols_have_their_registered_names),
        cmocka_unit_test(lines_for_files_cannot_be_broken_by_addresses),
        cmocka_unit_test(message_ids_are_qmail_injects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
