/* SPDX-License-Identifier: ISC */
#include "wire/imap_list_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena *a;

static struct imap_reader reader(str text)
{
    return (struct imap_reader){.rest = text, .arena = a};
}

static void list_takes_options_as_rfc5258_says(void **state)
{
    (void)state;
    static const struct {
        str in;
        enum err_kind want_err;
        bool extended;
        unsigned select, give, status;
        size_t n;
    } table[] = {
        {S(" \"\" *\r\n"), ERR_NONE, false, 0, 0, 0, 1},
        {S(" \"\" \"\"\r\n"), ERR_NONE, false, 0, 0, 0, 1},
        {S(" \"\" (\"a\" b.% {1}\r\nc)\r\n"), ERR_NONE, true, 0, 0, 0, 3},
        {S(" () \"\" *\r\n"), ERR_NONE, true, 0, 0, 0, 1},
        {S(" (SUBSCRIBED) \"\" *\r\n"), ERR_NONE, true, IMAP_LIST_SUBSCRIBED, 0, 0, 1},
        {S(" (subscribed RecursiveMatch remote) x *"), ERR_NONE, true,
         IMAP_LIST_SUBSCRIBED | IMAP_LIST_RECURSIVE | IMAP_LIST_REMOTE, 0, 0, 1},
        {S(" (RECURSIVEMATCH) \"\" *"), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(" (RECURSIVEMATCH REMOTE) \"\" *"), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(" (NONSENSE) \"\" *"), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(" (SPECIAL-USE) \"\" *"), ERR_NONE, true, IMAP_LIST_SPECIAL_USE, 0, 0, 1},
        {S(" \"\" * RETURN ()"), ERR_NONE, true, 0, 0, 0, 1},
        {S(" \"\" * RETURN (SUBSCRIBED CHILDREN SPECIAL-USE MYRIGHTS)"), ERR_NONE, true, 0,
         IMAP_RETURN_SUBSCRIBED | IMAP_RETURN_CHILDREN | IMAP_RETURN_SPECIAL_USE |
             IMAP_RETURN_MYRIGHTS,
         0, 1},
        {S(" \"\" % RETURN (STATUS (MESSAGES UNSEEN) METADATA (/shared/x \"/private/y\"))"),
         ERR_NONE, true, 0, IMAP_RETURN_STATUS | IMAP_RETURN_METADATA,
         IMAP_STATUS_MESSAGES | IMAP_STATUS_UNSEEN, 1},
        {S(" \"\" % RETURN (STATUS)"), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(" \"\" % RETURN"), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(" \"\" ()"), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(" \"\" % WORD"), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(" \"\""), ERR_SYNTAX, false, 0, 0, 0, 0},
        {S(""), ERR_SYNTAX, false, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = reader(table[i].in);
        struct imap_list_extended l;
        err e = imap_list_extended(&r, &l);
        assert_int_equal(e.kind, table[i].want_err);
        if (failed(e))
            continue;
        assert_int_equal(l.extended, table[i].extended);
        assert_int_equal(l.select, table[i].select);
        assert_int_equal(l.give, table[i].give);
        assert_int_equal(l.status, table[i].status);
        assert_int_equal(l.n, table[i].n);
    }
}

static void the_number_of_patterns_has_a_limit(void **state)
{
    (void)state;
    for (size_t n = IMAP_LIST_PATTERNS_MAX; n <= IMAP_LIST_PATTERNS_MAX + 1; n++) {
        auto_buf struct buf b;
        buf_init(&b, 4096);
        buf_add(&b, S(" \"\" (x"));
        for (size_t i = 1; i < n; i++)
            buf_add(&b, S(" x"));
        buf_addc(&b, ')');
        struct imap_reader r = reader(buf_str(&b));
        struct imap_list_extended l;
        assert_int_equal(imap_list_extended(&r, &l).kind,
                         n > IMAP_LIST_PATTERNS_MAX ? ERR_LIMIT : ERR_NONE);
    }
}

static void create_takes_special_uses(void **state)
{
    (void)state;
    struct imap_create_args c;
    struct imap_reader r = reader(S(" x\r\n"));
    assert_false(failed(imap_create_args(&r, &c)));
    assert_false(c.has_use);
    r = reader(S(" x (USE (\\sent \\Drafts))\r\n"));
    assert_false(failed(imap_create_args(&r, &c)));
    assert_true(c.has_use && !c.unknown_use);
    assert_int_equal(c.uses, IMAP_USE_SENT | IMAP_USE_DRAFTS);
    r = reader(S(" x (USE (\\Nonsense))"));
    assert_false(failed(imap_create_args(&r, &c)));
    assert_true(c.unknown_use);
    r = reader(S(" x (USE ())"));
    assert_false(failed(imap_create_args(&r, &c)));
    assert_int_equal(c.uses, 0);
    r = reader(S(" x (USE (Sent))"));
    assert_true(failed(imap_create_args(&r, &c)));
    r = reader(S(" x (USE (\\Sent)"));
    assert_true(failed(imap_create_args(&r, &c)));
}

static void special_uses_are_written_as_they_are_read(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 256);
    imap_write_uses(&b, IMAP_USE_KEPT);
    unsigned uses = 0;
    assert_true(str_eq(buf_str(&b), S("\\Archive \\Drafts \\Junk \\Sent \\Trash")));
    assert_false(failed(imap_uses_read(buf_str(&b), &uses)));
    assert_int_equal(uses, IMAP_USE_KEPT);
    assert_true(failed(imap_uses_read(S("\\Sent  \\Trash"), &uses)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list_takes_options_as_rfc5258_says),
        cmocka_unit_test(the_number_of_patterns_has_a_limit),
        cmocka_unit_test(create_takes_special_uses),
        cmocka_unit_test(special_uses_are_written_as_they_are_read),
    };
    a = arena_new("test", 4 << 20);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
