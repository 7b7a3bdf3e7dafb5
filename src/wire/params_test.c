/* SPDX-License-Identifier: ISC */
#include "wire/params.h"

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

static str dump(struct arena *a, str in)
{
    struct params p = params_parse(a, in);
    auto_buf struct buf b;
    buf_init(&b, 100'000);
    for (size_t i = 0; i < p.n; i++)
        buf_addf(&b, "%.*s={%.*s} ", STR_ARG(p.at[i].name), STR_ARG(p.at[i].value));
    return arena_copy(a, str_trim(buf_str(&b)));
}

static void parameters_are_read_however_ugly(void **state)
{
    (void)state;
    static const struct {
        str in, want;
    } table[] = {
        {S("; charset=utf-8"), S("charset={utf-8}")},
        {S(";charset=\"utf-8\";format=flowed"), S("charset={utf-8} format={flowed}")},
        {S("; a=b (comment) ; (x) c (y) = (z) d"), S("a={b} c={d}")},
        {S("; name=\"a\\\"b\\\\c;d\""), S("name={a\"b\\c;d}")},
        {S("; name=\"a\r\n b\""), S("name={a b}")},
        {S(" charset=utf-8 format=flowed"), S("charset={utf-8} format={flowed}")},
        {S("; name=my file.txt; x=y"), S("name={my file.txt} x={y}")},
        {S("; name=\"open"), S("name={open}")},
        {S("; a=1; A=2"), S("a={1}")},
        {S("; a=; b=1"), S("a={} b={1}")},
        {S("; a=\"\"; b"), S("a={}")},
        {S(";;;"), S("")},
        {S("; =x; a=1"), S("a={1}")},
        {S("; name*0=ab; name*1=cd; name*2=\"ef\""), S("name={abcdef}")},
        {S("; name*2=ef; name*0=ab; name*1=cd"), S("name={abcdef}")},
        {S("; name*0=ab; name*2=ef"), S("name={ab}")},
        {S("; name*1=lost"), S("name={lost}")},
        {S("; name*=utf-8'ja'%E6%97%A5"), S("name*={utf-8'ja'%E6%97%A5}")},
        {S("; name*0*=utf-8''%E6%97; name*1*=%A5; name*2=\"(1).txt\""),
         S("name*={utf-8''%E6%97%A5%281%29.txt}")},
        {S("; name*0=plain; name*1*=%41"), S("name*={''plain%41}")},
        {S("; name=x; name*=utf-8''y"), S("name={x} name*={utf-8''y}")},
        {S("; boundary=\"----=_Part (1)\""), S("boundary={----=_Part (1)}")},
        {S("; a=\xe6\x97\xa5.txt"), S("a={\xe6\x97\xa5.txt}")},
        {S("; a*99999999999999999999=x"), S("a*99999999999999999999={x}")},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        same("parameters", dump(a, table[i].in), table[i].want);
}

static str value(struct arena *a, str in, str name)
{
    struct params p = params_parse(a, in);
    auto_buf struct buf b;
    buf_init(&b, 1000);
    return params_utf8(&b, &p, name) ? arena_copy(a, buf_str(&b)) : (str){0};
}

static void file_names_become_utf8(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    same("2231", value(a, S("; filename=x; filename*=utf-8''%e6%97%a5.txt"), S("filename")),
         S("日.txt"));
    same("latin", value(a, S("; n*=iso-8859-1'en'caf%E9"), S("N")), S("café"));
    same("no charset", value(a, S("; n*=%E6%97%A5%4"), S("n")), S("日%4"));
    same("2047", value(a, S("; n=\"=?UTF-8?B?5pel?=.txt\""), S("n")), S("日.txt"));
    same("raw", value(a, S("; n=caf\xe9"), S("n")), S("caf\xef\xbf\xbd"));
    assert_null(value(a, S("; n=1"), S("m")).p);
}

static void tokens_stop_at_their_end(void **state)
{
    (void)state;
    str rest;
    same("type", params_token(S(" (c) text/plain ; x=y"), &rest), S("text/plain"));
    same("rest", rest, S("; x=y"));
    same("nothing", params_token(S(""), &rest), S(""));
}

static void many_parameters_are_cut_at_the_limit(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 22);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "; n%d=%d", i, i);
    assert_int_equal(params_parse(a, buf_str(&b)).n, PARAMS_MAX);
    buf_reset(&b);
    buf_add(&b, S("; n=\""));
    for (int i = 0; i < 100'000; i++)
        buf_addc(&b, 'x');
    struct params p = params_parse(a, buf_str(&b));
    assert_int_equal(params_get(&p, S("n")).n, PARAMS_BYTES_MAX - 5);
}

static void written_parameters_come_back(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    static const str values[] = {S("a b"), S("q\"\\"), S("日本 (1)'*%.txt"), S(""), S("a\nb")};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1000);
        param_write(&b, S("name"), values[i]);
        same("back", value(a, buf_str(&b), S("name")), values[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_read_however_ugly),
        cmocka_unit_test(file_names_become_utf8),
        cmocka_unit_test(tokens_stop_at_their_end),
        cmocka_unit_test(many_parameters_are_cut_at_the_limit),
        cmocka_unit_test(written_parameters_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
