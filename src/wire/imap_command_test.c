/* SPDX-License-Identifier: ISC */
#include "wire/imap_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena *a;

static struct imap_reader reader(str text)
{
    return (struct imap_reader){.rest = text, .arena = a};
}

static void heads_give_tag_and_verb(void **state)
{
    (void)state;
    static const struct {
        str in;
        enum err_kind want_err;
        str tag, verb;
        bool uid;
    } table[] = {
        {S("a1 NOOP\r\n"), ERR_NONE, S("a1"), S("NOOP"), false},
        {S("a1 uid fetch 1 UID\r\n"), ERR_NONE, S("a1"), S("fetch"), true},
        {S("a] noop\r\n"), ERR_NONE, S("a]"), S("noop"), false},
        {S("a1\r\n"), ERR_SYNTAX, S(""), S(""), false},
        {S("a1 \r\n"), ERR_SYNTAX, S("a1"), S(""), false},
        {S("a1 UID\r\n"), ERR_SYNTAX, S("a1"), S("UID"), false},
        {S("+ NOOP\r\n"), ERR_SYNTAX, S(""), S(""), false},
        {S("a+b NOOP\r\n"), ERR_SYNTAX, S(""), S(""), false},
        {S("\r\n"), ERR_SYNTAX, S(""), S(""), false},
        {S("(a) NOOP\r\n"), ERR_SYNTAX, S(""), S(""), false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = reader(table[i].in);
        struct imap_head head;
        err e = imap_head_read(&r, &head);
        assert_int_equal(e.kind, table[i].want_err);
        assert_true(str_eq(head.tag, table[i].tag));
        if (!failed(e))
            assert_true(str_eq(head.verb, table[i].verb) && head.uid == table[i].uid);
    }
}

static void store_takes_flags_with_and_without_parentheses(void **state)
{
    (void)state;
    static const struct {
        str in;
        enum err_kind want_err;
        enum imap_store_mode mode;
        bool silent;
        unsigned system;
        size_t keywords;
    } table[] = {
        {S(" 1 FLAGS (\\Seen)\r\n"), ERR_NONE, IMAP_STORE_SET, false, IMAP_SEEN, 0},
        {S(" 1:* +FLAGS.SILENT (\\Deleted $Junk)"), ERR_NONE, IMAP_STORE_ADD, true, IMAP_DELETED,
         1},
        {S(" 1 -flags \\answered \\DRAFT"), ERR_NONE, IMAP_STORE_REMOVE, false,
         IMAP_ANSWERED | IMAP_DRAFT, 0},
        {S(" 1 FLAGS ()"), ERR_NONE, IMAP_STORE_SET, false, 0, 0},
        {S(" 1 FLAGS (a A b)"), ERR_NONE, IMAP_STORE_SET, false, 0, 2},
        {S(" 1 FLAGS (\\Seen \\Recent)"), ERR_NONE, IMAP_STORE_SET, false, IMAP_SEEN, 0},
        {S(" 1 FLAGS"), ERR_SYNTAX, 0, false, 0, 0},
        {S(" 1 FLAGS (\\Seen"), ERR_SYNTAX, 0, false, 0, 0},
        {S(" 1 FLAGS (\\Sean)"), ERR_SYNTAX, 0, false, 0, 0},
        {S(" 1 FLAGS (\\*)"), ERR_SYNTAX, 0, false, 0, 0},
        {S(" 1 FLAGSX (\\Seen)"), ERR_SYNTAX, 0, false, 0, 0},
        {S(" FLAGS (\\Seen)"), ERR_SYNTAX, 0, false, 0, 0},
        {S(" 1 FLAGS (\\Seen) x"), ERR_SYNTAX, 0, false, 0, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = reader(table[i].in);
        struct imap_store_args args;
        err e = imap_store_args(&r, &args);
        assert_int_equal(e.kind, table[i].want_err);
        if (failed(e))
            continue;
        assert_int_equal(args.mode, table[i].mode);
        assert_int_equal(args.silent, table[i].silent);
        assert_int_equal(args.flags.system, table[i].system);
        assert_int_equal(args.flags.n, table[i].keywords);
    }
}

static void the_number_of_keywords_has_a_limit(void **state)
{
    (void)state;
    for (size_t n = IMAP_KEYWORDS_MAX; n <= IMAP_KEYWORDS_MAX + 1; n++) {
        auto_buf struct buf b;
        buf_init(&b, 64 * 1024);
        buf_add(&b, S(" 1 FLAGS (k"));
        for (size_t i = 1; i < n; i++)
            buf_addf(&b, " k%zu", i);
        buf_addc(&b, ')');
        struct imap_reader r = reader(buf_str(&b));
        struct imap_store_args args;
        assert_int_equal(imap_store_args(&r, &args).kind,
                         n > IMAP_KEYWORDS_MAX ? ERR_LIMIT : ERR_NONE);
    }
}

static void status_and_list_and_id_are_read(void **state)
{
    (void)state;
    struct imap_status_args st;
    struct imap_reader r = reader(S(" x (MESSAGES unseen)\r\n"));
    assert_false(failed(imap_status_args(&r, &st)));
    assert_int_equal(st.items, IMAP_STATUS_MESSAGES | IMAP_STATUS_UNSEEN);
    r = reader(S(" x ()"));
    assert_true(failed(imap_status_args(&r, &st)));
    r = reader(S(" x (NONSENSE)"));
    assert_true(failed(imap_status_args(&r, &st)));

    struct imap_list_args list;
    r = reader(S(" \"\" %.x*\r\n"));
    assert_false(failed(imap_list_args(&r, &list)));
    assert_true(list.reference.n == 0 && str_eq(list.pattern, S("%.x*")));
    r = reader(S(" \"\" \"\""));
    assert_false(failed(imap_list_args(&r, &list)));
    r = reader(S(" \"\""));
    assert_true(failed(imap_list_args(&r, &list)));

    struct imap_id_args id;
    r = reader(S(" (\"name\" \"x\" \"version\" NIL)\r\n"));
    assert_false(failed(imap_id_args(&r, &id)));
    assert_true(str_eq(id.name, S("x")));
    r = reader(S(" NIL"));
    assert_false(failed(imap_id_args(&r, &id)));
    r = reader(S(" (\"name\")"));
    assert_true(failed(imap_id_args(&r, &id)));
}

static void mailbox_names_have_a_limit(void **state)
{
    (void)state;
    for (size_t n = IMAP_MAILBOX_MAX; n <= IMAP_MAILBOX_MAX + 1; n++) {
        auto_buf struct buf b;
        buf_init(&b, 64 * 1024);
        buf_addc(&b, ' ');
        for (size_t i = 0; i < n; i++)
            buf_addc(&b, 'x');
        struct imap_reader r = reader(buf_str(&b));
        str name;
        assert_int_equal(imap_mailbox_arg(&r, &name).kind,
                         n > IMAP_MAILBOX_MAX ? ERR_LIMIT : ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_give_tag_and_verb),
        cmocka_unit_test(store_takes_flags_with_and_without_parentheses),
        cmocka_unit_test(the_number_of_keywords_has_a_limit),
        cmocka_unit_test(status_and_list_and_id_are_read),
        cmocka_unit_test(mailbox_names_have_a_limit),
    };
    a = arena_new("test", 4 << 20);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
