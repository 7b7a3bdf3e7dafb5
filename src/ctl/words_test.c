/* SPDX-License-Identifier: ISC */
#include "ctl/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct ctl japanese = {.japanese = true}, english = {0};

/* The conversions of a format, in order: "%s%zu". */
static void conversions(const char *text, char *ret, size_t size)
{
    size_t n = 0;
    for (; *text; text++) {
        if (*text != '%' || (text[1] >= '1' && text[1] <= '9'))
            continue;
        do
            ret[n++] = *text++;
        while (n + 1 < size && *text && !strchr("sudcxz%", *text));
        ret[n++] = *text;
    }
    ret[n] = 0;
}

static bool has_argument(const char *text, int k)
{
    char sign[3] = {'%', (char)('0' + k), 0};
    return strstr(text, sign) != NULL;
}

static void a_translation_takes_the_same_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < words_n; i++) {
        char en[64], ja[64];
        conversions(words_table[i].en, en, sizeof en);
        conversions(words_table[i].ja, ja, sizeof ja);
        assert_string_equal(en, ja);
        for (int k = 1; k <= 9; k++)
            assert_int_equal(has_argument(words_table[i].en, k),
                             has_argument(words_table[i].ja, k));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(words_table[i].en, words_table[j].en);
    }
}

static void every_command_explains_itself_in_japanese(void **state)
{
    (void)state;
    for (const struct command *k = admin_commands; k->name; k++)
        assert_string_not_equal(word(&japanese, k->help), k->help);
}

static void a_text_without_translation_is_said_in_english(void **state)
{
    (void)state;
    assert_string_equal(word(&japanese, "no such text"), "no such text");
    assert_string_equal(word(&english, "usage"), "usage");
}

static void arguments_cannot_reach_the_terminal_with_controls(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1000);
    str args[] = {S("a\x1b[2J\nb\n"), S("%1")};
    words_add(&english, &b, "%1: not yet, it will be tried again: %2", args, 2);
    buf_addc(&b, 0);
    assert_string_equal(b.p, "a?[2J / b: not yet, it will be tried again: %1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_translation_takes_the_same_arguments),
        cmocka_unit_test(every_command_explains_itself_in_japanese),
        cmocka_unit_test(a_text_without_translation_is_said_in_english),
        cmocka_unit_test(arguments_cannot_reach_the_terminal_with_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
