/* SPDX-License-Identifier: ISC */
#include "wire/imap_metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena *a;

static struct imap_reader reader(str text)
{
    return (struct imap_reader){.rest = text, .arena = a};
}

static void getmetadata_takes_options_on_both_sides(void **state)
{
    (void)state;
    static const struct {
        str in;
        enum err_kind want_err;
        str mailbox;
        bool has_maxsize;
        unsigned depth;
        size_t n;
    } table[] = {
        {S(" \"\" /shared/comment\r\n"), ERR_NONE, S(""), false, 0, 1},
        {S(" INBOX (/shared/comment /private/comment)"), ERR_NONE, S("INBOX"), false, 0, 2},
        {S(" (MAXSIZE 10) INBOX /shared/x"), ERR_NONE, S("INBOX"), true, 0, 1},
        {S(" INBOX (DEPTH 1 MAXSIZE 10) (/shared/x)"), ERR_NONE, S("INBOX"), true, 1, 1},
        {S(" (DEPTH infinity) INBOX (/shared)"), ERR_NONE, S("INBOX"), false,
         IMAP_METADATA_DEPTH_ALL, 1},
        {S(" (DEPTH 2) INBOX /shared/x"), ERR_SYNTAX, S(""), false, 0, 0},
        {S(" INBOX ()"), ERR_SYNTAX, S(""), false, 0, 0},
        {S(" INBOX"), ERR_SYNTAX, S(""), false, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = reader(table[i].in);
        struct imap_getmetadata_args m;
        err e = imap_getmetadata_args(&r, &m);
        assert_int_equal(e.kind, table[i].want_err);
        if (failed(e))
            continue;
        assert_true(str_eq(m.mailbox, table[i].mailbox));
        assert_int_equal(m.has_maxsize, table[i].has_maxsize);
        assert_int_equal(m.depth, table[i].depth);
        assert_int_equal(m.n, table[i].n);
    }
}

static void setmetadata_takes_strings_and_nil(void **state)
{
    (void)state;
    struct imap_setmetadata_args m;
    struct imap_reader r = reader(
        S(" INBOX (/shared/a \"x\" /private/b NIL /private/c ~{3}\r\na\0b /private/d {1}\r\nz)"));
    assert_false(failed(imap_setmetadata_args(&r, &m)));
    assert_int_equal(m.n, 4);
    assert_true(str_eq(m.pairs[0].value, S("x")));
    assert_null(m.pairs[1].value.p);
    assert_true(str_eq(m.pairs[2].value, S("a\0b")));
    assert_true(str_eq(m.pairs[3].entry, S("/private/d")));
    r = reader(S(" INBOX ()"));
    assert_true(failed(imap_setmetadata_args(&r, &m)));
    r = reader(S(" INBOX (/shared/a)"));
    assert_true(failed(imap_setmetadata_args(&r, &m)));
}

static void entry_names_are_checked(void **state)
{
    (void)state;
    static const struct {
        str name;
        bool want;
    } table[] = {
        {S("/shared/comment"), true},
        {S("/Private/Vendor/x/y"), true},
        {S("/shared"), false},
        {S("/shared/"), false},
        {S("/shared//x"), false},
        {S("/shared/x/"), false},
        {S("/shared/a*"), false},
        {S("/shared/a%"), false},
        {S("/other/x"), false},
        {S("/sharedx/y"), false},
        {S("/shared/\x07"), false},
        {S("/shared/\xc3"), false},
        {S(""), false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(imap_metadata_name_is_valid(table[i].name), table[i].want);
}

static void depth_says_how_far_below_a_name_entries_are_told(void **state)
{
    (void)state;
    assert_true(imap_metadata_matches(S("/shared/a"), S("/SHARED/A"), 0));
    assert_false(imap_metadata_matches(S("/shared/a/b"), S("/shared/a"), 0));
    assert_true(imap_metadata_matches(S("/shared/a/b"), S("/shared/a"), 1));
    assert_false(imap_metadata_matches(S("/shared/a/b/c"), S("/shared/a"), 1));
    assert_true(imap_metadata_matches(S("/shared/a/b/c"), S("/shared/a"), IMAP_METADATA_DEPTH_ALL));
    assert_false(imap_metadata_matches(S("/shared/ab"), S("/shared/a"), IMAP_METADATA_DEPTH_ALL));
    assert_true(imap_metadata_matches(S("/shared/ab"), S("/"), IMAP_METADATA_DEPTH_ALL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(getmetadata_takes_options_on_both_sides),
        cmocka_unit_test(setmetadata_takes_strings_and_nil),
        cmocka_unit_test(entry_names_are_checked),
        cmocka_unit_test(depth_says_how_far_below_a_name_entries_are_told),
    };
    a = arena_new("test", 4 << 20);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
