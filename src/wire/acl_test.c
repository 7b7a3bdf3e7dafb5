/* SPDX-License-Identifier: ISC */
#include "wire/acl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "wire/imap_acl.h"

static struct arena *a;
static struct acl acl;

static unsigned rights_of(str file, str who, bool owner)
{
    acl_parse(file, a, &acl);
    return acl_rights(&acl, &(struct acl_who){who, owner});
}

static unsigned bits(str letters)
{
    unsigned r = 0;
    assert_false(failed(acl_letters(letters, &r)));
    return r;
}

static void rights_come_in_dovecots_order(void **state)
{
    (void)state;
    static const struct {
        str file, who;
        bool owner;
        str want;
    } table[] = {
        {S(""), S("bob"), false, S("")},
        {S(""), S("ann"), true, S("lrwstipekxa")},
        {S("anyone lr\n"), S("bob"), false, S("lr")},
        {S("user=bob lrs\nanyone l\n"), S("bob"), false, S("lrs")},
        {S("user=bob lrs\n"), S("bo"), false, S("")},
        {S("user=bob lrs\n"), S("BOB"), false, S("")},
        {S("anyone lrs\n-user=bob s\n"), S("bob"), false, S("lr")},
        {S("-anyone s\nuser=bob lrs\n"), S("bob"), false, S("lrs")},
        {S("-user=bob r\nuser=bob lr\n"), S("bob"), false, S("l")},
        {S("authenticated lr\n"), S("bob"), false, S("lr")},
        {S("group=staff lr\n"), S("bob"), false, S("")},
        {S("anyone lr\n-group=staff r\n"), S("bob"), false, S("l")},
        {S("anyone lr\n-group-override=staff lr\n"), S("ann"), true, S("lrwstipekxa")},
        {S("owner lr\n"), S("ann"), true, S("lra")},
        {S("owner\n"), S("ann"), true, S("la")},
        {S("-owner x\n"), S("ann"), true, S("lrwstipeka")},
        {S("\"user=bob the builder\" lr\n"), S("bob the builder"), false, S("lr")},
        {S("user=bob :lookup read\n"), S("bob"), false, S("lr")},
        {S("user=bob l :read\n"), S("bob"), false, S("lr")},
        {S("# note\n\n  user=bob lr  \r\n"), S("bob"), false, S("lr")},
        {S("user=bob lrcd\n"), S("bob"), false, S("lrkxte")},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(rights_of(table[i].file, table[i].who, table[i].owner),
                         bits(table[i].want));
}

static void a_damaged_file_gives_nothing_away(void **state)
{
    (void)state;
    static const str files[] = {
        S("anyone lr\nuser=bob l?\n"), S("anyone lr\nusr=bob l\n"),   S("anyone lr\n\"user=b l\n"),
        S("anyone lr\nuser= l\n"),     S("anyone lr\nuser=b :fly\n"), S("anyone lr\n\"user=b\"l\n"),
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_int_equal(rights_of(files[i], S("bob"), false), 0);
        assert_int_equal(rights_of(files[i], S("ann"), true), ACL_ALL);
    }
}

static void changes_are_merged_and_written(void **state)
{
    (void)state;
    acl_parse(S("anyone l\n"), a, &acl);
    struct acl_entry bob = {.kind = ACL_USER, .name = S("bob b"), .rights = bits(S("lrs"))};
    assert_false(failed(acl_change(&acl, &bob, ACL_ADD)));
    bob.rights = ACL_SEEN;
    assert_false(failed(acl_change(&acl, &bob, ACL_REMOVE)));
    struct acl_entry owner = {.kind = ACL_OWNER, .rights = bits(S("x"))};
    assert_false(failed(acl_change(&acl, &owner, ACL_REMOVE)));
    struct acl_entry anyone = {.kind = ACL_ANYONE};
    assert_false(failed(acl_change(&acl, &anyone, ACL_SET)));
    auto_buf struct buf b;
    buf_init(&b, 1000);
    acl_write(&acl, &b);
    assert_true(str_eq(buf_str(&b), S("\"user=bob b\" lr\nowner lrwstipeka\n")));
}

static void there_is_an_end_to_entries(void **state)
{
    (void)state;
    acl.n = 0;
    acl.damaged = false;
    for (unsigned i = 0; i < ACL_ENTRIES_MAX; i++) {
        struct acl_entry e = {
            .kind = ACL_USER, .name = arena_printf(a, "u%u", i), .rights = ACL_READ};
        assert_false(failed(acl_change(&acl, &e, ACL_SET)));
    }
    struct acl_entry e = {.kind = ACL_USER, .name = S("one more"), .rights = ACL_READ};
    assert_int_equal(acl_change(&acl, &e, ACL_SET).kind, ERR_LIMIT);
}

/* RFC 4314 2 and 2.1.1. */
static void identifiers_and_letters_are_imaps(void **state)
{
    (void)state;
    static const struct {
        str text;
        bool good;
        enum acl_kind kind;
        bool negative;
        str name, again;
    } table[] = {
        {S("anyone"), true, ACL_ANYONE, false, S(""), S("anyone")},
        {S("-anyone"), true, ACL_ANYONE, true, S(""), S("-anyone")},
        {S("owner"), true, ACL_OWNER, false, S(""), S("ann")},
        {S("ann"), true, ACL_OWNER, false, S(""), S("ann")},
        {S("-bob"), true, ACL_USER, true, S("bob"), S("-bob")},
        {S("$staff"), true, ACL_GROUP, false, S("staff"), S("$staff")},
        {S("!$staff"), true, ACL_GROUP_OVERRIDE, false, S("staff"), S("!$staff")},
        {S("--bob"), false, 0, false, S(""), S("")},
        {S("-"), false, 0, false, S(""), S("")},
        {S("#x"), false, 0, false, S(""), S("")},
        {S("a\nb"), false, 0, false, S(""), S("")},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct acl_entry e;
        assert_int_equal(!failed(acl_identifier(table[i].text, S("ann"), &e)), table[i].good);
        if (!table[i].good)
            continue;
        assert_int_equal(e.kind, table[i].kind);
        assert_int_equal(e.negative, table[i].negative);
        assert_true(str_eq(e.name, table[i].name));
        auto_buf struct buf b;
        buf_init(&b, 100);
        acl_identifier_write(&e, S("ann"), &b);
        assert_true(str_eq(buf_str(&b), table[i].again));
    }
    auto_buf struct buf b;
    buf_init(&b, 100);
    acl_letters_write(bits(S("cd")), ACL_LETTERS_OBSOLETE, &b);
    assert_true(str_eq(buf_str(&b), S("tekxcd")));
}

static void setacl_takes_plus_and_minus(void **state)
{
    (void)state;
    static const struct {
        str in;
        bool good;
        enum acl_op op;
        str rights;
    } table[] = {
        {S(" INBOX bob lrs\r\n"), true, ACL_SET, S("lrs")},
        {S(" INBOX bob +w"), true, ACL_ADD, S("w")},
        {S(" INBOX bob \"-cd\""), true, ACL_REMOVE, S("kxte")},
        {S(" INBOX bob \"\""), true, ACL_SET, S("")},
        {S(" INBOX bob LR"), false, 0, S("")},
        {S(" INBOX bob"), false, 0, S("")},
        {S(" INBOX \"\" lr"), false, 0, S("")},
        {S(" INBOX bob lr x"), false, 0, S("")},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = {.rest = table[i].in, .arena = a};
        struct imap_acl_args args;
        assert_int_equal(!failed(imap_setacl_args(&r, &args)), table[i].good);
        if (!table[i].good)
            continue;
        assert_int_equal(args.op, table[i].op);
        assert_int_equal(args.rights, bits(table[i].rights));
        assert_true(str_eq(args.identifier, S("bob")));
    }
    struct imap_reader r = {.rest = S(" INBOX bob\r\n"), .arena = a};
    struct imap_acl_args args;
    assert_false(failed(imap_acl_args(&r, &args)));
    assert_true(str_eq(args.mailbox, S("INBOX")));
}

int main(void)
{
    a = arena_new("test", 16 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_come_in_dovecots_order),
        cmocka_unit_test(a_damaged_file_gives_nothing_away),
        cmocka_unit_test(changes_are_merged_and_written),
        cmocka_unit_test(there_is_an_end_to_entries),
        cmocka_unit_test(identifiers_and_letters_are_imaps),
        cmocka_unit_test(setacl_takes_plus_and_minus),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return result;
}
