/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "wire/subject.h"

static const struct {
    const char *raw, *base;
    bool refwd;
} examples[] = {
    {"Hello", "Hello", false},
    {"  Hello \r\n\tworld ", "Hello world", false},
    {"Re: Hello", "Hello", true},
    {"RE : re:Fw:  FWD: Hello", "Hello", true},
    {"Re[2]: Hello", "Hello", true},
    {"re [list] : Hello", "Hello", true},
    {"[list] Hello", "Hello", false},
    {"[list] [other] Re: Hello", "Hello", true},
    {"[list] Re: [other] Hello (fwd)", "Hello", true},
    {"Hello (fwd) (FWD) ", "Hello", true},
    {"[fwd: Hello]", "Hello", true},
    {"[Fwd: Re: [x] Hello (fwd)] (fwd)", "Hello", true},
    {"[list]", "[list]", false},
    {"[a][b]", "[b]", false},
    {"[a] [b] (fwd)", "[b]", true},
    {"Re:", "", true},
    {"Re: [list]", "[list]", true},
    {"Regarding: Hello", "Regarding: Hello", false},
    {"Re", "Re", false},
    {"[fwd: a] b", "b", false},
    {"[fwd: [fwd: a]]", "a", true},
    {"[un [closed] x", "[un [closed] x", false},
    {"=?UTF-8?Q?Re:_caf=C3=A9?=", "caf\xc3\xa9", true},
    {"", "", false},
};

static void the_base_is_what_the_grammar_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1024);
        subject_clean(&b, str_from(examples[i].raw));
        str base;
        bool refwd = subject_base(buf_str(&b), &base);
        if (!str_eq(base, str_from(examples[i].base)) || refwd != examples[i].refwd)
            fail_msg("%s: got \"%.*s\" %d", examples[i].raw, STR_ARG(base), refwd);
    }
}

static void a_row_of_marks_is_linear(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 4 << 20);
    for (size_t i = 0; i < 500000; i++)
        buf_add(&b, S("[a]"));
    for (size_t i = 0; i < 100000; i++)
        buf_add(&b, S("[fwd:"));
    str base;
    assert_false(subject_base(buf_str(&b), &base));
    assert_int_equal(base.n, 500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_is_what_the_grammar_leaves),
        cmocka_unit_test(a_row_of_marks_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
