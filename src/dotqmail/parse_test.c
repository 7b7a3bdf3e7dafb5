/* SPDX-License-Identifier: ISC */
#include "dotqmail/parse.h"

#include "control/testing.h"
#include "dotqmail/outcome.h"

static struct arena *a;

#define BLANK "refuse 1 Uh-oh: first line of .qmail file is blank. (#4.2.1)\n"

static const struct {
    const char *what;
    str text;
    bool forward_only;
    const char *want; /* kind, line, text of each instruction */
} table[] = {
    {"mbox and maildir", S("./Mailbox\n./Maildir/\n/var/x\n"), false,
     "mbox 1 ./Mailbox\nmaildir 2 ./Maildir/\nmbox 3 /var/x\n"},
    {"a dot alone is an mbox", S("."), false, "mbox 1 .\n"},
    {"no last line end", S("./Mailbox"), false, "mbox 1 ./Mailbox\n"},
    {"trailing space and tab", S("./M/ \t\n|cmd arg \n"), false,
     "maildir 1 ./M/\nprogram 2 cmd arg\n"},
    {"comments", S("# a\n./M\n#b\n"), false, "comment 1 # a\nmbox 2 ./M\ncomment 3 #b\n"},
    {"forwards", S("&a@x\nb@y\n& c@z\n"), false, "forward 1 a@x\nforward 2 b@y\nforward 3  c@z\n"},
    {"a leading space is a forward", S("./M\n  x\n"), false, "mbox 1 ./M\nforward 2   x\n"},
    {"blank lines after the first", S("./M\n\n \t\n|p\n\n"), false, "mbox 1 ./M\nprogram 4 p\n"},
    {"first line blank", S("\n./M\n"), false, BLANK},
    {"first line of spaces", S(" \t\n./M\n"), false, BLANK},
    {"one line end alone", S("\n"), false, BLANK},
    {"empty takes the default", S(""), false, "mbox 1 ./Default\n"},
    {"empty forgets the x bit", S(""), true, "mbox 1 ./Default\n"},
    {"forward-only lets forwards", S("&a@x\n#c\n"), true, "forward 1 a@x\ncomment 2 #c\n"},
    {"forward-only stops at a file", S("&a@x\n./M\n&b@x\n"), true,
     "forward 1 a@x\nrefuse 2 Uh-oh: .qmail has file delivery but has x bit set. (#4.7.0)\n"},
    {"forward-only stops at a program", S("|p\n&b@x\n"), true,
     "refuse 1 Uh-oh: .qmail has prog delivery but has x bit set. (#4.7.0)\n"},
    {"+list from there on", S("./M\n+list\n&a@x\n./N\n&b@x"), false,
     "mbox 1 ./M\nlist 2 +list\nforward 3 a@x\n"
     "refuse 4 Uh-oh: .qmail has file delivery but has x bit set. (#4.7.0)\n"},
    {"other + lines", S("+foo\n+List\n+\n./M\n"), false,
     "ignored 1 +foo\nignored 2 +List\nignored 3 +\nmbox 4 ./M\n"},
    {"programs keep their spaces", S("|  a  'b c'\n|\n"), false,
     "program 1   a  'b c'\nprogram 2 \n"},
    {"a NUL ends the line", S("./M\0x\n|p\0\n"), false, "mbox 1 ./M\nprogram 2 p\n"},
};

static const char *const kinds[] = {
    [DO_COMMENT] = "comment", [DO_MBOX] = "mbox",       [DO_MAILDIR] = "maildir",
    [DO_PROGRAM] = "program", [DO_FORWARD] = "forward", [DO_LIST] = "list",
    [DO_IGNORED] = "ignored", [DO_REFUSE] = "refuse",
};

static void lines_mean_what_qmail_local_makes_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct dotqmail d;
        auto_buf struct buf got;
        buf_init(&got, 4096);
        assert_fine(dotqmail_parse(table[i].text, table[i].forward_only, S("./Default"), a, &d));
        for (size_t n = 0; n < d.n; n++)
            buf_addf(&got, "%s %zu %.*s\n", kinds[d.at[n].kind], d.at[n].line,
                     STR_ARG(d.at[n].text));
        if (!str_eq(buf_str(&got), str_from(table[i].want)))
            fail_msg("%s: got\n%.*s", table[i].what, STR_ARG(buf_str(&got)));
        assert_true(d.is_default == (table[i].text.n == 0));
    }
}

static void deliveries_are_counted_and_printed_as_with_n(void **state)
{
    (void)state;
    struct dotqmail d;
    auto_buf struct buf got;
    buf_init(&got, 4096);
    assert_fine(dotqmail_parse(S("#c\n./Mailbox\n./Maildir/\n|cat\n&a@x\nb@x\n+list\n"), false,
                               S(""), a, &d));
    for (size_t i = 0; i < d.n; i++)
        (void)instruction_print(&d.at[i], &got);
    assert_str(buf_str(&got),
               S("mbox ./Mailbox\nmaildir ./Maildir/\nprogram cat\nforward a@x\nforward b@x\n"));
    assert_true(d.files == 2 && d.programs == 1 && d.forwards == 2);
}

static void likely_mistakes_are_pointed_out(void **state)
{
    (void)state;
    static const struct {
        str line;
        bool warned;
    } lines[] = {
        {S("|ezmlm-return -D \xe2\x80\x99/var/x\xe2\x80\x99"), true},
        {S("|ezmlm-return -D '/var/x'"), false},
        {S("&ann_at_x.example"), true},
        {S("&ann@x.example"), false},
        {S("&Ann <ann@x.example>"), true},
        {S("&ann"), true},
        {S("./Maildir/\r"), true},
        {S("./Maildir/"), false},
        {S("+lst"), true},
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct dotqmail d;
        assert_fine(dotqmail_parse(lines[i].line, false, S(""), a, &d));
        assert_int_equal(d.n, 1);
        assert_int_equal(d.at[0].warning != NULL, lines[i].warned);
    }
}

static void a_file_past_its_limits_is_refused(void **state)
{
    (void)state;
    char *big = mem_alloc("test", DOTQMAIL_MAX + 1);
    memset(big, 'x', DOTQMAIL_MAX + 1);
    struct dotqmail d;
    assert_int_equal(dotqmail_parse(str_of(big, DOTQMAIL_MAX + 1), false, S(""), a, &d).kind,
                     ERR_LIMIT);
    assert_fine(dotqmail_parse(str_of(big, DOTQMAIL_MAX), false, S(""), a, &d));
    memset(big, '\n', DOTQMAIL_LINES_MAX);
    assert_int_equal(dotqmail_parse(str_of(big, DOTQMAIL_LINES_MAX), false, S(""), a, &d).kind,
                     ERR_LIMIT);
    free(big);
}

/* qmail-command(8): of all 256 codes these bounce, these stop, zero is good, the rest wait. */
static void all_256_exit_codes_have_their_class(void **state)
{
    (void)state;
    for (int code = 0; code < 256; code++) {
        enum exit_class program = EXIT_SOFT, delivery = EXIT_HARD;
        if (code == 0)
            program = delivery = EXIT_OK;
        if (code == 99)
            program = EXIT_STOP;
        static const int hard[] = {100, 64, 65, 70, 76, 77, 78, 112};
        for (size_t i = 0; i < COUNT(hard); i++)
            if (code == hard[i])
                program = EXIT_HARD;
        static const int soft[] = {111, 71, 74, 75};
        for (size_t i = 0; i < COUNT(soft); i++)
            if (code == soft[i])
                delivery = EXIT_SOFT;
        assert_int_equal(exit_of_program(code), program);
        assert_int_equal(exit_of_delivery(code), delivery);
    }
    assert_int_equal(exit_of_program(-1), EXIT_SOFT); /* crashed */
    assert_int_equal(exit_letter(EXIT_OK), 'K');
    assert_int_equal(exit_letter(EXIT_STOP), 'K');
    assert_int_equal(exit_letter(EXIT_HARD), 'D');
    assert_int_equal(exit_letter(EXIT_SOFT), 'Z');
}

int main(void)
{
    a = arena_new("test", 256 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_mean_what_qmail_local_makes_of_them),
        cmocka_unit_test(deliveries_are_counted_and_printed_as_with_n),
        cmocka_unit_test(likely_mistakes_are_pointed_out),
        cmocka_unit_test(a_file_past_its_limits_is_refused),
        cmocka_unit_test(all_256_exit_codes_have_their_class),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
