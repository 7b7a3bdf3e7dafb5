/* SPDX-License-Identifier: ISC */
#include "wire/unbinary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static err nothing(void *ctx)
{
    (void)ctx;
    return OK_ERR;
}

static void check(str in, bool needed, str want)
{
    auto_arena struct arena *a = arena_new("test", 32 << 20);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(unbinary_is_needed(a, in), needed);
    assert_false(failed(unbinary_write(a, in, &b, nothing, NULL)));
    if (!str_eq(buf_str(&b), want))
        fail_msg("got %.*s", STR_ARG(buf_str(&b)));
}

static void a_binary_message_becomes_base64(void **state)
{
    (void)state;
    check(S("Content-Type: application/x\nContent-Transfer-Encoding: Binary\n\na\0b\r\nc"), true,
          S("Content-Type: application/x\nContent-Transfer-Encoding: base64\n\nYQBiDQpj\n"));
    check(S("Subject: x\n\nplain\n"), false, S("Subject: x\n\nplain\n"));
    check(S("Subject: x\n\npl\0ain\n"), true, S("Subject: x\n\nplain\n"));
}

static void only_the_binary_parts_of_a_multipart_change(void **state)
{
    (void)state;
    check(S("Content-Type: multipart/mixed; boundary=q\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            "--q\r\n\r\ntext\r\n--q\r\ncontent-transfer-encoding: "
            "binary\r\n\r\n\x01\0\n\r\n--q--\r\n"),
          true,
          S("Content-Type: multipart/mixed; boundary=q\r\nContent-Transfer-Encoding: 8bit\n\r\n"
            "--q\r\n\r\ntext\r\n--q\r\nContent-Transfer-Encoding: base64\n\r\nAQAK\n--q--\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_binary_message_becomes_base64),
        cmocka_unit_test(only_the_binary_parts_of_a_multipart_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
