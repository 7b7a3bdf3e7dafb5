/* SPDX-License-Identifier: ISC */
#include "wire/addrlist.h"

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

/* name <route:mailbox@host>, groups as NAME: and ; -- and {source|spec} when asked for. */
static str dump(struct arena *a, struct addrlist list, bool sources)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < list.n; i++) {
        const struct addr *x = &list.at[i];
        if (sources && x->kind == ADDR_MAILBOX)
            buf_addf(&b, "{%.*s|%.*s}", STR_ARG(x->source), STR_ARG(x->spec));
        else if (x->kind == ADDR_GROUP_START)
            buf_addf(&b, "%.*s: ", STR_ARG(x->mailbox));
        else if (x->kind == ADDR_GROUP_END)
            buf_add(&b, S("; "));
        else
            buf_addf(&b, "%.*s<%.*s%s%.*s%s%.*s> ", STR_ARG(x->name), STR_ARG(x->route),
                     x->route.n ? ":" : "", STR_ARG(x->mailbox), x->host.p ? "@" : "",
                     STR_ARG(x->host));
    }
    if (list.ugly)
        buf_add(&b, S(" !"));
    return arena_copy(a, str_trim(buf_str(&b)));
}

static const struct example {
    str in, want;
} examples[] = {
    {S(""), S("")},
    {S(" , ,, "), S("")},
    {S("ann@x"), S("<ann@x>")},
    {S("Ann Lee <ann@x>"), S("Ann Lee<ann@x>")},
    {S("<ann@x>"), S("<ann@x>")},
    {S("\"Lee, Ann (A.)\" <ann@x>"), S("Lee, Ann (A.)<ann@x>")},
    {S("\"a \\\"b\\\" c\" <ann@x>"), S("a \"b\" c<ann@x>")},
    {S("ann@x (Ann Lee)"), S("Ann Lee<ann@x>")},
    {S("(Ann) ann@x"), S("Ann<ann@x>")},
    {S("ann (c) @ (d) x . y (Ann)"), S("Ann<ann@x.y>")},
    {S("Ann <ann@x> (comment)"), S("Ann<ann@x>")},
    {S("John Q. Public <jqp@x>"), S("John Q. Public<jqp@x>")},
    {S("a@x, b@y ,c@z"), S("<a@x> <b@y> <c@z>")},
    {S("=?ISO-2022-JP?B?GyRCRnwbKEI=?= =?UTF-8?Q?a_b?= <t@x>"),
     S("=?ISO-2022-JP?B?GyRCRnwbKEI=?= =?UTF-8?Q?a_b?=<t@x>")},
    {S("Ann\r\n\tLee\r\n <ann@x>"), S("Ann Lee<ann@x>")},
    {S("\xe5\xa4\xaa\xe9\x83\x8e <t@x>"), S("\xe5\xa4\xaa\xe9\x83\x8e<t@x>")},
    {S("<@a,@b.c:ann@x>"), S("<@a,@b.c:ann@x>")},
    {S("\"ann lee\"@x, \"@\"@[192.0.2.1]"), S("<ann lee@x> <@@[192.0.2.1]>")},
    {S("friends: a@x, B <b@y>; c@z"), S("friends: <a@x> B<b@y> ; <c@z>")},
    {S("undisclosed-recipients:;"), S("undisclosed-recipients: ;")},
    {S("recipient list not shown: ;"), S("recipient list not shown: ;")},
    {S("\"My friends\" : a@x;"), S("My friends: <a@x> ;")},
    {S("ann"), S("<ann>")},
    {S("$@x, !#%&@y"), S("<$@x> <!#%&@y>")},
    /* from here on: ugly */
    {S("John Smith j@x"), S("John Smith<j@x>  !")},
    {S("a@x; b@y;"), S("<a@x> <b@y>  !")},
    {S("friends: a@x, b@y"), S("friends: <a@x> <b@y> ;  !")},
    {S("a: b: c@x;"), S("a: b:<c@x> ;  !")},
    {S("Ann <ann@x"), S("Ann<ann@x>  !")},
    {S("Ann <ann@x, Bob <b@y>"), S("Ann<ann@x> Bob<b@y>  !")},
    {S("Ann ann@x>"), S("Ann<ann@x>  !")},
    {S("<<ann@x>>"), S("<ann@x>  !")},
    {S("a <a@x> b <b@y>"), S("a<a@x> b<b@y>  !")},
    {S("\"unclosed <a@x>, b@y"), S("\"unclosed<a@x> <b@y>  !")},
    {S("(unclosed a@x"), S("(unclosed<a@x>  !")},
    {S("a@[1.2"), S("<a@[1.2>  !")},
    {S("a@b@c"), S("<a@b@c>  ")},
    {S("<>"), S("<>  !")},
    {S("@"), S("<@>  !")},
    {S("a@"), S("<a@>  !")},
    {S("@x"), S("<@x>  !")},
    {S("two words"), S("<two words>  ")},
    {S("a@x trailing words"), S("<a@x>  !")},
    {S("<ann lee@x>"), S("<ann lee@x>  ")},
    {S("\x1b$BB@O:\x1b(BX <t@x>"), S("\x1b$BB@O:\x1b(BX<t@x>")},
    {S("a\x1b[0m <t@x>"), S("a\x1b[0m<t@x>  !")},
    {S("a <a@x> <b@y>"), S("a<a@x> <b@y>  !")},
    {S("\x1b$BB@x <t@x>"), S("\x1b$BB@x<t@x>")},
    {S("a@x\0b"), S("<a@x\0b>")},
};

static void lists_are_understood_or_guessed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        auto_arena struct arena *a = arena_new("test", 1 << 20);
        if (str_find(examples[i].in, 0) >= 0) { /* printf stops there */
            assert_int_equal(addrlist_parse(a, examples[i].in, 0).at[0].host.n, 3);
            continue;
        }
        same("list", dump(a, addrlist_parse(a, examples[i].in, 0), false),
             str_trim(examples[i].want));
    }
}

static void missing_commas_are_seen_when_words_are_split(void **state)
{
    (void)state;
    static const struct example table[] = {
        {S("djb fred"), S("<djb> <fred>")},
        {S("djb fred@x (Fred) susan"), S("<djb> <fred@x> <susan>")},
        {S("Ann Lee <ann@x>"), S("Ann Lee<ann@x>")},
        {S("a . b @ x c"), S("<a.b@x> <c>")},
        {S("ann@x (Ann)"), S("Ann<ann@x>")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_arena struct arena *a = arena_new("test", 1 << 20);
        struct addrlist list = addrlist_parse(a, table[i].in, ADDRLIST_SPLIT_WORDS);
        same("split", dump(a, list, false), table[i].want);
    }
}

static void each_entry_tells_where_it_stood(void **state)
{
    (void)state;
    static const struct example table[] = {
        {S(" Ann (x) <ann@x> (y) , b . c@y (B) , <@a:d@z>"),
         S("{Ann (x) <ann@x> (y)|ann@x}{b . c@y (B)|b . c@y}{<@a:d@z>|@a:d@z}")},
        {S("Ann <ann@x"), S("{Ann <ann@x|ann@x} !")},
        {S("J S j@x"), S("{J S j@x|j@x} !")},
        {S("< ann@x >"), S("{< ann@x >|ann@x}")},
        {S("two words"), S("{two words|two words}")},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        auto_arena struct arena *a = arena_new("test", 1 << 20);
        same("sources", dump(a, addrlist_parse(a, table[i].in, 0), true), table[i].want);
    }
}

static void long_lists_are_cut_at_the_limit(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 16 << 20);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < ADDRLIST_MAX + 5; i++)
        buf_add(&b, S("a@x,"));
    struct addrlist list = addrlist_parse(a, buf_str(&b), 0);
    assert_true(list.n == ADDRLIST_MAX && list.truncated);
    buf_reset(&b);
    for (int i = 0; i < 100'000; i++)
        buf_add(&b, S("a."));
    list = addrlist_parse(a, buf_str(&b), 0);
    assert_true(list.n > 1 && list.ugly);
}

static void hostile_nesting_takes_linear_time(void **state)
{
    (void)state;
    static const str pieces[] = {S("("), S("(a)"), S("(("),    S("\""),   S("["),
                                 S("<"), S("<@"),  S("\\\""),  S("<@a,"), S(":"),
                                 S(";"), S("a:"),  S("<<a@b"), S("@"),    S("a b ")};
    auto_arena struct arena *a = arena_new("test", 200 << 20);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        buf_reset(&b);
        buf_add(&b, S("((("));
        while (b.n < 500'000)
            buf_add(&b, pieces[i]);
        arena_reset(a);
        (void)addrlist_parse(a, buf_str(&b), 0);
        (void)addrlist_parse(a, buf_str(&b), ADDRLIST_SPLIT_WORDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_understood_or_guessed),
        cmocka_unit_test(missing_commas_are_seen_when_words_are_split),
        cmocka_unit_test(each_entry_tells_where_it_stood),
        cmocka_unit_test(long_lists_are_cut_at_the_limit),
        cmocka_unit_test(hostile_nesting_takes_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
