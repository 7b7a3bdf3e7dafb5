/* SPDX-License-Identifier: ISC */
#include "wire/sasl_oauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    bool old; /* XOAUTH2 */
    str in, user, token;
    bool good;
} examples[] = {
    /* RFC 7628 4.1 */
    {false,
     S("n,a=user@example.com,\1host=server.example.com\1port=143\1auth=Bearer "
       "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"),
     S("user@example.com"), S("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="), true},
    {false, S("n,,\1auth=Bearer t\1\1"), S(""), S("t"), true},
    {false, S("y,a=a=2Cb=3D,\1auth=bearer t\1\1"), S("a,b="), S("t"), true},
    {false, S("p=tls-exporter,,\1auth=Bearer t\1\1"), S(""), S(""), false},
    {false, S("n,a=,\1auth=Bearer t\1\1"), S(""), S(""), false},
    {false, S("n,a=x=y,\1auth=Bearer t\1\1"), S(""), S(""), false},
    {false, S("n,,\1auth=Basic t\1\1"), S(""), S(""), false},
    {false, S("n,,\1auth=Bearer a b\1\1"), S(""), S(""), false},
    {false, S("n,,\1auth=Bearer \1\1"), S(""), S(""), false},
    {false, S("n,,\1auth=Bearer t\1auth=Bearer u\1\1"), S(""), S(""), false},
    {false, S("n,,\1auth=Bearer t\1"), S(""), S(""), false},
    {false, S("n,,\1auth=Bearer t\1\1x"), S(""), S(""), false},
    {false, S("n,,\1host=x\1\1"), S(""), S(""), false},
    {false, S("n,,auth=Bearer t\1\1"), S(""), S(""), false},
    {false, S("\1"), S(""), S(""), false},
    {false, S(""), S(""), S(""), false},
    {true, S("user=someuser@example.com\1auth=Bearer ya29.vF9dft4\1\1"), S("someuser@example.com"),
     S("ya29.vF9dft4"), true},
    {true, S("user=a\1auth=Bearer t\1"), S(""), S(""), false},
    {true, S("auth=Bearer t\1\1"), S(""), S(""), false},
};

static void tokens_are_taken_out_of_both_forms(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 16);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct sasl_oauth o = {0};
        err e = examples[i].old ? sasl_xoauth2_parse(examples[i].in, &o)
                                : sasl_oauthbearer_parse(a, examples[i].in, &o);
        assert_int_equal(!failed(e), examples[i].good);
        assert_true(str_eq(o.user, examples[i].user) && str_eq(o.token, examples[i].token));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_taken_out_of_both_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
