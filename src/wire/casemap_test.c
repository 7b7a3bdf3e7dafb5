/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "wire/casemap.h"

static const struct {
    const char *in, *want;
} examples[] = {
    {"Hello_z", "HELLO_Z"},
    {"caf\xc3\xa9", "CAFE\xcc\x81"},                          /* é: E and an acute accent */
    {"\xef\xbd\x81", "A"},                                    /* full-width a */
    {"\xef\xbd\xb6\xef\xbe\x9e", "\xe3\x82\xab\xe3\x82\x99"}, /* half-width ka and its mark */
    {"\xe3\x82\xac", "\xe3\x82\xab\xe3\x82\x99"},             /* ga is the same */
    {"\xea\xb0\x80", "\xea\xb0\x80"},                         /* a Hangul syllable stays */
    {"\xc3\x9f", "\xc3\x9f"},                                 /* sharp s has no simple title case */
    {"a\xff z", "A\xef\xbf\xbd Z"},
    {"", ""},
};

static void text_becomes_title_case_and_is_decomposed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 256);
        casemap_add(&b, str_from(examples[i].in));
        if (!str_eq(buf_str(&b), str_from(examples[i].want)))
            fail_msg("%s: got \"%.*s\"", examples[i].in, STR_ARG(buf_str(&b)));
    }
}

/* RFC 5051 2: U+01C6 becomes U+01C5, title case and not upper case, then "D", "z", a caron. */
static void title_case_is_not_upper_case(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 256);
    casemap_add(&b, S("\xc7\x86"));
    assert_true(str_eq(buf_str(&b), S("Dz\xcc\x8c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_title_case_and_is_decomposed),
        cmocka_unit_test(title_case_is_not_upper_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
