/* SPDX-License-Identifier: ISC */
#include "wire/netstring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    str in, out, rest;
    enum err_kind want;
} examples[] = {
    {S("5:hello,"), S("hello"), S(""), ERR_NONE},
    {S("0:,x"), S(""), S("x"), ERR_NONE},
    {S("3:a,b,2:cd,"), S("a,b"), S("2:cd,"), ERR_NONE},
    {S("5:hell"), S(""), S(""), ERR_TEMP},
    {S("5:hello"), S(""), S(""), ERR_TEMP},
    {S("12"), S(""), S(""), ERR_TEMP},
    {S(""), S(""), S(""), ERR_TEMP},
    {S("5:hello;"), S(""), S(""), ERR_SYNTAX},
    {S("05:hello,"), S(""), S(""), ERR_SYNTAX},
    {S(":,"), S(""), S(""), ERR_SYNTAX},
    {S("x:,"), S(""), S(""), ERR_SYNTAX},
    {S("101:"), S(""), S(""), ERR_LIMIT},
    {S("99999999999999999999:"), S(""), S(""), ERR_SYNTAX},
};

static void a_netstring_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        str text = examples[i].in, got = S("");
        err e = netstring_take(&text, 100, &got);
        assert_int_equal(e.kind, examples[i].want);
        assert_true(str_eq(got, examples[i].out));
        assert_true(str_eq(text, failed(e) ? examples[i].in : examples[i].rest));
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 100);
    netstring_write(&b, S("a,b:c"));
    str text = buf_str(&b), got;
    assert_false(failed(netstring_take(&text, 5, &got)));
    assert_true(str_eq(got, S("a,b:c")) && text.n == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_netstring_is_taken_whole_or_not_at_all),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
