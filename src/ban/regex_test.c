/* SPDX-License-Identifier: ISC */
#include "ban/regex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ban/filter.h"

/* What Python 3.11 says; want: the whole match, NULL: none. */
static const struct example {
    const char *regex, *text, *want;
} examples[] = {
    {"a{,2}b", "aab", "aab"},
    {"a{,2}b", "a{,2}b", "b"},
    {"x{,}y", "xxxy", "xxxy"},
    {"a{x}", "a{x}", "a{x}"},
    {"a{2", "a{2", "a{2"},
    {"[[]a", "[a", "[a"},
    {"[]a]+", "]a", "]a"},
    {"[^]a]+", "xy]", "xy"},
    {"[[:alpha:]]", "a]", "a]"},
    {"[a\\-z]+", "-", "-"},
    {"foo\\Z", "foo\n", NULL},
    {"foo$", "foo\n", "foo"},
    {"(?P<a>x)(?P=a)", "xx", "xx"},
    {"(?P<q>')?a(?(q)'|$)", "'a'", "'a'"},
    {"(?P<q>')?a(?(q)'|$)", "'a", "a"},
    {"(x)?(?(1)y|z)", "z", "z"},
    {"\\.(?i)(jpe?g|png)", "a.JPG", ".JPG"},
    {"\\.((?i)jpe?g|PNG)x", ".JPGx", ".JPGx"},
    {"(?i:AB)c", "abc", "abc"},
    {"(?i:AB)c", "abC", NULL},
    {"(?<=foo)bar", "foobar", "bar"},
    {"(?<!foo)bar", "foobar", NULL},
    {"a(?#note)b", "ab", "ab"},
    {"(?x) a b # c\n c", "abc", "abc"},
    {"\\x41\\101\\u0042", "AAB", "AAB"},
    {"[\\b]", "\b", "\b"},
    {"(a)\\1", "aa", "aa"},
    {"\\07", "\a", "\a"},
    {"a++b", "aaab", "aaab"},
    {"(?>a+)ab", "aaab", NULL},
    {"\\d+", "\xd9\xa3", "\xd9\xa3"}, /* ARABIC-INDIC DIGIT THREE */
    {"(?a)\\d+", "\xd9\xa3", NULL},
    {"\\w+", "\xc3\xa4\xe6\x97\xa5", "\xc3\xa4\xe6\x97\xa5"},
    {"(?a)\\w+", "\xc3\xa4x", "x"},
    {"a\\sb",
     "a\x1c"
     "b",
     "a\x1c"
     "b"},
    {"a\\Sb",
     "a\x1c"
     "b",
     NULL},
    {"a[\\S,]b",
     "a\x1c"
     "b",
     NULL},
    {"a[^\\S,]b",
     "a\x1f"
     "b",
     "a\x1f"
     "b"},
    {"a.b", "a\nb", NULL},
    {"a\xc3\xa9?b", "ab", "ab"},
    {"(?s)a.b", "a\nb", "a\nb"},
    {"^<HOST>$", "192.0.2.1", "192.0.2.1"},
    {"^<HOST>$", "[2001:db8::1]", "[2001:db8::1]"},
    {"^<ADDR>$", "host.example", NULL},
    {"<F-USER>\\w+</F-USER> <F-ID/>", "a b", "a b"},
    {"</F-USER>x", "</F-USER>x", "</F-USER>x"},
};

static struct regex *compile(struct findings *f, const char *text)
{
    struct conf_text t = conf_text_of(str_from(text), (struct conf_place){S("f"), 3}, f->arena);
    return regex_new(f, &t, REGEX_SEARCH, NULL, false, false);
}

static void expressions_mean_what_they_mean_in_python(void **state)
{
    (void)state;
    struct arena *a = arena_new("test", 64 << 20);
    struct findings f;
    findings_init(&f, a);
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct example *x = &examples[i];
        struct regex *r = compile(&f, x->regex);
        if (!r)
            fail_msg("%s: %s", x->regex, f.list.at[f.list.n - 1].text.p);
        str text = str_from(x->text);
        for (int round = 0; round < 12; round++) { /* interpreted, then compiled */
            struct regex_hit hit;
            enum regex_outcome o = regex_match(r, text, 0, text_is_plain(text), &hit);
            if ((o == REGEX_YES) != (x->want != NULL))
                fail_msg("%s on %s", x->regex, x->text);
            if (x->want && !str_eq(str_slice(text, hit.at[0], hit.at[1]), str_from(x->want)))
                fail_msg("%s on %s: another match", x->regex, x->text);
            if (o == REGEX_YES && text_is_plain(text))
                assert_false(regex_hopeless(r, text));
        }
        regex_free(r);
    }
    findings_done(&f);
    arena_free(a);
}

static void what_python_refuses_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *regex;
        size_t at;
    } bad[] = {
        {"ab(c", 2},
        {"a)", 1},
        {"[a", 0},
        {"a**", 2},
        {"*a", 0},
        {"a{3,2}", 1},
        {"(?P<a>x)(?P<a>y)", 8},
        {"\\q", 0},
        {"(?P=b)", 0},
        {"\\2(a)", 0},
        {"(a\\1)", 2},
        {"(?<=a+)b", 0},
        {"[z-a]", 1},
        {"(?P<1>a)", 0},
        {"(?z)", 0},
        {"a{99999}", 1},
        {"^*", 1},
        {"(?(x)a)", 0},
        {"\\x4", 0},
        {"(?<a>b)", 0},
        {"a|(b", 2},
        {"(*ACCEPT)", 1},
        {"\\Qa\\E", 0},
        {"(?|a)", 0},
        {"(?R)", 0},
        {"(?C)", 0},
        {"\\", 0},
    };
    struct arena *a = arena_new("test", 64 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct re_tree t;
        struct re_error e;
        if (regex_parse(str_from(bad[i].regex), a, &t, &e))
            fail_msg("%s is taken", bad[i].regex);
        if (e.at != bad[i].at)
            fail_msg("%s: said to be wrong at %zu", bad[i].regex, e.at);
    }
    arena_free(a);
}

static void an_expression_that_names_nobody_is_refused(void **state)
{
    (void)state;
    struct arena *a = arena_new("test", 64 << 20);
    struct findings f;
    findings_init(&f, a);
    struct conf_text t = conf_text_of(S("^failed$"), (struct conf_place){S("x.conf"), 7}, a);
    assert_null(regex_new(&f, &t, REGEX_FAIL, NULL, false, false));
    assert_int_equal(f.list.at[0].place.line, 7);
    findings_done(&f);
    arena_free(a);
}

static void a_bomb_is_given_up_on(void **state)
{
    (void)state;
    struct arena *a = arena_new("test", 64 << 20);
    struct findings f;
    findings_init(&f, a);
    struct regex *r = compile(&f, "^(a+)+$");
    char text[4000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 'b';
    struct regex_hit hit;
    for (int i = 0; i < 10; i++)
        assert_int_equal(regex_match(r, str_of(text, sizeof text), 0, true, &hit), REGEX_GAVE_UP);
    regex_free(r);
    findings_done(&f);
    arena_free(a);
}

static void the_nearest_miss_names_the_part_that_is_missing(void **state)
{
    (void)state;
    struct arena *a = arena_new("test", 64 << 20);
    struct findings f;
    findings_init(&f, a);
    struct regex *r = compile(&f, "^client <HOST>: wrong password, referer:");
    struct regex_near near;
    assert_true(regex_nearest(r, S("client 192.0.2.1: wrong password\n"), &near));
    assert_true(str_eq(near.wanted, S(",")));
    assert_int_equal(near.column, 32);
    assert_false(regex_nearest(r, S("other"), &near) && near.column > 0);
    regex_free(r);
    findings_done(&f);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_mean_what_they_mean_in_python),
        cmocka_unit_test(what_python_refuses_is_refused_with_its_place),
        cmocka_unit_test(an_expression_that_names_nobody_is_refused),
        cmocka_unit_test(a_bomb_is_given_up_on),
        cmocka_unit_test(the_nearest_miss_names_the_part_that_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
