/* SPDX-License-Identifier: ISC */
#include "sieve/testing.h"

static void a_mistake_is_told_with_its_line_and_column(void **state)
{
    (void)state;
    does("keep;\n  foo;\n", "line 2, column 3: unknown command \"foo\"; look at its spelling\n");
    does("if tru { keep; }", "line 1, column 4: unknown test \"tru\"; look at its spelling\n");
    does("true;", "line 1, column 1: \"true\" is a test, no command; put \"if\" before it\n");
    does("if keep { stop; }",
         "line 1, column 4: \"keep\" is a command, no test; it belongs into the block\n");
}

static void what_is_left_open_is_told_where_it_begins(void **state)
{
    (void)state;
    does("redirect \"a@b.example;\n",
         "line 1, column 10: this string is never closed; add the missing double quote\n");
    does("if true {\nkeep;\n",
         "line 1, column 9: this block is never closed; add a closing brace\n");
    does("/* x", "line 1, column 1: this comment is never closed; end it with */\n");
    does("keep",
         "line 1, column 5: \"keep\" is not finished before this; add a semicolon or a block "
         "in braces\n");
    does("require \"vacation\";\nvacation text:\nabc\n",
         "line 2, column 10: this text: is never closed; end it with a line that holds a single "
         "dot\n");
}

static void an_extension_must_be_required(void **state)
{
    (void)state;
    does("fileinto \"x\";", "line 1, column 1: fileinto needs an extension; put require "
                            "\"fileinto\"; at the top\n");
    does("require \"fileinto\"; fileinto :copy \"x\";",
         "line 1, column 30: :copy needs an extension; put require \"copy\"; at the top\n");
    does("require \"nonsense\";",
         "line 1, column 9: the extension \"nonsense\" is not known here\n");
    does("keep; require \"fileinto\";",
         "line 1, column 7: require must come before every other command\n");
}

static void arguments_are_checked_by_kind_and_number(void **state)
{
    (void)state;
    does("redirect 12;", "line 1, column 10: \"redirect\" takes \"…\" here\n");
    does("redirect;", "line 1, column 1: \"redirect\" needs \"…\" more\n");
    does("keep \"x\";", "line 1, column 6: \"keep\" takes no more arguments; remove this one\n");
    does("if header \"a\" \"b\" :is {}",
         "line 1, column 19: :is comes too late; it belongs before the other arguments\n");
    does("if header :is :contains \"a\" \"b\" {}",
         "line 1, column 15: :contains cannot stand beside what was said before it; keep one of "
         "them\n");
    does("if size {keep;}", "line 1, column 4: \"size\" needs :over 100K more\n");
    does("if not (true) {keep;}", "line 1, column 4: \"not\" needs a test\n");
    does("if true;", "line 1, column 1: \"if\" needs a block in braces\n");
    does("keep {}", "line 1, column 1: \"keep\" takes no block; end it with a semicolon\n");
    does("else {}", "line 1, column 1: \"else\" must follow the block of an if or elsif\n");
}

static void values_are_checked_where_they_are_plain(void **state)
{
    (void)state;
    does("redirect \"nobody\";", "line 1, column 10: \"nobody\" is no mail address\n");
    does("if address \"subject\" \"a\" {}",
         "line 1, column 12: \"subject\" holds no addresses; use the test \"header\" for it\n");
    does("if header \"a b\" \"x\" {}", "line 1, column 11: \"a b\" is no name of a header field\n");
    does("if header :comparator \"i;none\" \"a\" \"x\" {}",
         "line 1, column 23: unknown comparator \"i;none\"\n");
    does("require \"regex\"; if header :regex \"a\" \"(x\" {}",
         "line 1, column 39: this regular expression is not right: missing closing parenthesis (at "
         "character 3)\n");
    does("require \"date\"; if currentdate \"moon\" \"full\" {}",
         "line 1, column 32: \"moon\" is no part of a date; year, month, day, date, hour, time, "
         "weekday … are\n");
    does("require \"variables\"; set \"1a\" \"b\";",
         "line 1, column 26: \"1a\" is no name of a variable; letters, digits and _ make one\n");
    does("require [\"include\"]; include \"../x\";",
         "line 1, column 30: \"../x\" is no name of a script\n");
}

static void numbers_have_units_and_a_limit(void **state)
{
    (void)state;
    NO("", "size :over 1G");
    does("if size :over 9999999999999999999999 {}",
         "line 1, column 15: \"9999999999999999999999\" is no number; write digits, and K, M or G "
         "behind them\n");
    does("if size :over 1x {}",
         "line 1, column 15: \"1x\" is no number; write digits, and K, M or G behind them\n");
}

static void nesting_is_limited(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 5000; i++)
        buf_add(&b, S("if true {"));
    buf_addc(&b, 0);
    does(b.p, "line 1, column 292: blocks and tests are nested too deeply; split the script\n");
    buf_reset(&b);
    buf_add(&b, S("if "));
    for (int i = 0; i < 5000; i++)
        buf_add(&b, S("not "));
    buf_addc(&b, 0);
    does(b.p, "line 1, column 132: blocks and tests are nested too deeply; split the script\n");
    buf_done(&b);
}

static void a_script_must_be_utf_8(void **state)
{
    (void)state;
    does("keep;\n# caf\xe9\n", "line 2, column 1: this is not UTF-8; save the script as UTF-8\n");
}

static void ihave_makes_unknown_things_harmless_until_they_are_reached(void **state)
{
    (void)state; /* RFC 5463 4 */
    does("require \"ihave\"; if ihave \"wormhole\" { wormhole :far; } else { redirect "
         "\"a@b.example\"; }",
         "redirect a@b.example\n");
    does("require \"ihave\"; if ihave \"fileinto\" { fileinto \"x\"; }", "fileinto x\n");
    does("require \"ihave\"; wormhole;",
         "line 1, column 18: \"wormhole\" is not known here\nkeep\n");
    does("require \"ihave\"; error \"no good\";",
         "line 1, column 18: the script says: no good\nkeep\n");
}

static void every_problem_has_words_in_both_languages(void **state)
{
    (void)state;
    for (enum sieve_problem_kind k = 0; k < SIEVE_PROBLEM_COUNT; k++) {
        struct sieve_problem p = {.at = {1, 2}, .kind = k, .a = S("A"), .b = S("B")};
        struct buf en, ja;
        buf_init(&en, 1000);
        buf_init(&ja, 1000);
        sieve_problem_write(&en, &p, SIEVE_ENGLISH);
        sieve_problem_write(&ja, &p, SIEVE_JAPANESE);
        assert_true(en.n > 30 && ja.n > 30);
        assert_false(str_eq(buf_str(&en), buf_str(&ja)));
        buf_done(&en);
        buf_done(&ja);
    }
}

static void names_of_scripts_cannot_leave_their_folder(void **state)
{
    (void)state; /* RFC 5804 1.6 */
    assert_true(sieve_script_name_is_valid(S("main")));
    assert_true(sieve_script_name_is_valid(S("日本 2")));
    const str bad[] = {S(""),     S(".x"),        S("a/b"),  S(".."),
                       S("a\nb"), S("a\xc2\x85"), S("\xff"), S("a\xe2\x80\xa8")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(sieve_script_name_is_valid(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_told_with_its_line_and_column),
        cmocka_unit_test(what_is_left_open_is_told_where_it_begins),
        cmocka_unit_test(an_extension_must_be_required),
        cmocka_unit_test(arguments_are_checked_by_kind_and_number),
        cmocka_unit_test(values_are_checked_where_they_are_plain),
        cmocka_unit_test(numbers_have_units_and_a_limit),
        cmocka_unit_test(nesting_is_limited),
        cmocka_unit_test(a_script_must_be_utf_8),
        cmocka_unit_test(ihave_makes_unknown_things_harmless_until_they_are_reached),
        cmocka_unit_test(every_problem_has_words_in_both_languages),
        cmocka_unit_test(names_of_scripts_cannot_leave_their_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
