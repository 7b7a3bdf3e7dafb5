/* SPDX-License-Identifier: ISC */
#include "wire/imap_append.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena *a;

static struct imap_reader reader(str text)
{
    return (struct imap_reader){.rest = text, .arena = a};
}

static void message_heads_end_before_the_data(void **state)
{
    (void)state;
    static const struct {
        str in;
        enum err_kind want_err;
        enum imap_append_data data;
        unsigned system;
        bool has_date;
        str rest;
    } table[] = {
        {S(" {3}\r\n"), ERR_NONE, IMAP_APPEND_LITERAL, 0, false, S("{3}\r\n")},
        {S(" ~{3}\r\n"), ERR_NONE, IMAP_APPEND_LITERAL, 0, false, S("~{3}\r\n")},
        {S(" (\\Seen) {3+}\r\n"), ERR_NONE, IMAP_APPEND_LITERAL, IMAP_SEEN, false, S("{3+}\r\n")},
        {S(" () \" 4-Nov-2026 15:10:56 +0900\" {3}\r\n"), ERR_NONE, IMAP_APPEND_LITERAL, 0, true,
         S("{3}\r\n")},
        {S(" CATENATE (TEXT {1}\r\n"), ERR_NONE, IMAP_APPEND_CATENATE, 0, false, S("TEXT {1}\r\n")},
        {S(" (\\Draft) catenate (URL x)"), ERR_NONE, IMAP_APPEND_CATENATE, IMAP_DRAFT, false,
         S("URL x)")},
        {S(" UTF8 (~{9+}\r\n"), ERR_NONE, IMAP_APPEND_UTF8, 0, false, S("~{9+}\r\n")},
        {S(" UTF8 ({9+}\r\n"), ERR_SYNTAX, 0, 0, false, S("")},
        {S(""), ERR_SYNTAX, 0, 0, false, S("")},
        {S(" (\\Seen)"), ERR_SYNTAX, 0, 0, false, S("")},
        {S(" \"yesterday\" {3}\r\n"), ERR_SYNTAX, 0, 0, false, S("")},
        {S(" \"text\""), ERR_SYNTAX, 0, 0, false, S("")},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = reader(table[i].in);
        struct imap_append_message m;
        err e = imap_append_message(&r, &m);
        assert_int_equal(e.kind, table[i].want_err);
        if (failed(e))
            continue;
        assert_int_equal(m.data, table[i].data);
        assert_int_equal(m.flags.system, table[i].system);
        assert_int_equal(m.has_date, table[i].has_date);
        assert_true(str_eq(r.rest, table[i].rest));
    }
}

static void parts_of_a_catenation_are_read_one_by_one(void **state)
{
    (void)state;
    struct imap_reader r = reader(S("URL \"/x;UID=1\" url {4}\r\n/y/z TEXT {3}\r\n"));
    struct imap_catenate_part p;
    bool more;
    assert_false(failed(imap_catenate_part(&r, &p)));
    assert_true(!p.is_text && str_eq(p.url, S("/x;UID=1")));
    assert_false(failed(imap_catenate_more(&r, &more)));
    assert_true(more);
    assert_false(failed(imap_catenate_part(&r, &p)));
    assert_true(!p.is_text && str_eq(p.url, S("/y/z")));
    assert_false(failed(imap_catenate_more(&r, &more)));
    assert_false(failed(imap_catenate_part(&r, &p)));
    assert_true(p.is_text && str_eq(r.rest, S("{3}\r\n")));
    r = reader(S(")\r\n"));
    assert_false(failed(imap_catenate_more(&r, &more)));
    assert_false(more);
    r = reader(S("x"));
    assert_true(failed(imap_catenate_more(&r, &more)));
    r = reader(S("WORD x"));
    assert_true(failed(imap_catenate_part(&r, &p)));
}

static void the_literal_that_is_the_message_is_recognised(void **state)
{
    (void)state;
    assert_true(imap_append_at_message(a, S("a append x {10}\r\n")));
    assert_false(imap_append_at_message(a, S("a append {1}\r\n")));
    assert_false(imap_append_at_message(a, S("a append {0}\r\n")));
    assert_true(imap_append_at_message(a, S("a append {1}\r\nx {10}\r\n")));
    assert_false(imap_append_at_message(a, S("a login x {10}\r\n")));
    assert_true(imap_append_at_message(a, S("a append x CATENATE (TEXT {10}\r\n")));
    assert_false(imap_append_at_message(a, S("a append x CATENATE (URL {10}\r\n")));
    assert_true(imap_append_at_message(a, S("a append x CATENATE (URL {1}\r\ny TEXT ~{10+}\r\n")));
    assert_true(imap_append_at_message(a, S("a replace 4 x {10}\r\n")));
    assert_true(imap_append_at_message(a, S("a uid replace 4 x {10}\r\n")));
    assert_false(imap_append_at_message(a, S("a replace 4 {10}\r\n")));
    assert_true(imap_append_still_at_message(S(" (\\Seen) {10}\r\n")));
    assert_false(imap_append_still_at_message(S(" URL {10}\r\n")));
    assert_false(imap_append_still_at_message(S(")\r\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_heads_end_before_the_data),
        cmocka_unit_test(parts_of_a_catenation_are_read_one_by_one),
        cmocka_unit_test(the_literal_that_is_the_message_is_recognised),
    };
    a = arena_new("test", 4 << 20);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
