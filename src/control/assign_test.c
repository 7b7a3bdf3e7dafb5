/* SPDX-License-Identifier: ISC */
#include "control/assign.h"

#include "control/testing.h"

static struct arena *a;

static const str assign_text = S("=ann:ann:1001:1001:/home/ann:::\n"
                                 "+ann-:ann:1001:1001:/home/ann:-::\n"
                                 "=Ann.B:ann:1001:1001:/home/ann:-:b:\n"
                                 "+list-:lists:1002:1002:/home/lists:-:list-:\n"
                                 "=ann:second:9:9:/nowhere:::\n"
                                 "+q:quux:1003:1003:/home/q:-/:z:\n"
                                 "=boss:root:0:0:/root:::\n"
                                 "+:alias:7000:7000:/var/qmail/alias:-::\n"
                                 ".\nwhat follows the dot is not read");

static const struct {
    str local;
    str user, dash, ext, key;
} lookups[] = {
    {S("ann"), S("ann"), S(""), S(""), S("=ann")},
    {S("ANN"), S("ann"), S(""), S(""), S("=ann")},
    {S("ann-"), S("ann"), S("-"), S(""), S("+ann-")},
    {S("ann-List-X"), S("ann"), S("-"), S("List-X"), S("+ann-")},
    {S("Ann-x"), S("ann"), S("-"), S("x"), S("+ann-")},
    {S("annx"), S("alias"), S("-"), S("annx"), S("+")},
    {S("ann.b"), S("ann"), S("-"), S("b"), S("=ann.b")},
    {S("list-news"), S("lists"), S("-"), S("list-news"), S("+list-")},
    {S("list-"), S("lists"), S("-"), S("list-"), S("+list-")},
    {S("qRest"), S("quux"), S("-/"), S("zRest"), S("+q")},
    {S("q"), S("quux"), S("-/"), S("z"), S("+q")},
    {S(""), S("alias"), S("-"), S(""), S("+")},
    {S("postmaster"), S("alias"), S("-"), S("postmaster"), S("+")},
};

static void the_longest_entry_answers_and_keeps_the_case_of_the_rest(void **state)
{
    (void)state;
    auto_buf struct buf cdb;
    buf_init(&cdb, 1 << 20);
    size_t line = 0;
    assert_fine(assign_compile(assign_text, &cdb, &line));
    for (size_t i = 0; i < COUNT(lookups); i++) {
        struct assign got;
        assert_fine(assign_find(buf_str(&cdb), lookups[i].local, a, &got));
        if (!str_eq(got.user, lookups[i].user) || !str_eq(got.dash, lookups[i].dash) ||
            !str_eq(got.ext, lookups[i].ext) || !str_eq(got.key, lookups[i].key))
            fail_msg("%.*s: got %.*s dash %.*s ext %.*s by %.*s", STR_ARG(lookups[i].local),
                     STR_ARG(got.user), STR_ARG(got.dash), STR_ARG(got.ext), STR_ARG(got.key));
    }
    struct assign boss;
    assert_fine(assign_find(buf_str(&cdb), S("boss"), a, &boss));
    assert_int_equal(boss.uid, 0); /* told as it is; owner_find() refuses it */
}

static void no_entry_is_not_found(void **state)
{
    (void)state;
    auto_buf struct buf cdb;
    buf_init(&cdb, 1 << 20);
    size_t line = 0;
    struct assign got;
    assert_fine(assign_compile(S("=ann:ann:1:1:/h:::\n.\n"), &cdb, &line));
    assert_int_equal(assign_find(buf_str(&cdb), S("taro"), a, &got).kind, ERR_NOTFOUND);
    assert_int_equal(assign_find(S("damaged"), S("taro"), a, &got).kind, ERR_SYNTAX);
}

static void bad_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        str text;
        size_t line;
    } table[] = {
        {S(""), 1},
        {S("=ann:ann:1:1:/h:::\n"), 2},          /* no final dot */
        {S("=ann:ann:1:1:/h:::\n\n.\n"), 2},     /* an empty line */
        {S("=ann:ann:1:1:/h::\n.\n"), 1},        /* five colons */
        {S("=a:a:1:1:/h:::\nnonsense\n.\n"), 2}, /* none */
        {S(":ann:1:1:/h:::\n.\n"), 1},           /* no name */
        {S("=a:a:1:1:/h:::"), 1},                /* unfinished */
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        auto_buf struct buf cdb;
        buf_init(&cdb, 1 << 20);
        size_t line = 0;
        assert_int_equal(assign_compile(table[i].text, &cdb, &line).kind, ERR_SYNTAX);
        assert_int_equal(line, table[i].line);
    }
}

static void entries_without_numbers_are_damage_not_root(void **state)
{
    (void)state;
    auto_buf struct buf cdb;
    buf_init(&cdb, 1 << 20);
    size_t line = 0;
    struct assign got;
    assert_fine(assign_compile(S("=a:a:x:1:/h:::\n=b:b:4294967295:1:/h:::\n.\n"), &cdb, &line));
    assert_int_equal(assign_find(buf_str(&cdb), S("a"), a, &got).kind, ERR_SYNTAX);
    assert_int_equal(assign_find(buf_str(&cdb), S("b"), a, &got).kind, ERR_SYNTAX);
}

static err home_of(void *ctx, str home, uint32_t *ret_uid)
{
    (void)ctx;
    if (str_eq(home, S("/home/gone")))
        return err_new(ERR_NOTFOUND, "stat");
    *ret_uid = str_eq(home, S("/home/stolen"))       ? 99
               : str_eq(home, S("/var/qmail/alias")) ? 7000
               : str_eq(home, S("/home/Caps"))       ? 1003
                                                     : 1001;
    return OK_ERR;
}

static const str passwd_text = S("root:x:0:0:root:/root:/bin/sh\n"
                                 "ann:x:1001:1001:Ann,,,:/home/ann:/bin/sh\n"
                                 "broken:x:5\n"
                                 "gone:x:1002:1002::/home/gone:/bin/sh\n"
                                 "stolen:x:1002:1002::/home/stolen:/bin/sh\n"
                                 "Caps:x:1003:1003::/home/Caps:/bin/sh\n"
                                 "alias:x:7000:7000::/var/qmail/alias:/bin/true\n");

static struct pw2u pw2u_options(void)
{
    return (struct pw2u){.delimiter = '-', .alias = S("alias"), .home_uid = home_of};
}

static void pw2u_writes_an_entry_and_a_wildcard_for_each_user(void **state)
{
    (void)state;
    auto_buf struct buf out;
    buf_init(&out, 1 << 20);
    struct pw2u o = pw2u_options();
    str why = {0};
    assert_fine(pw2u_run(&o, passwd_text, a, &out, &why));
    assert_str(buf_str(&out), S("=ann:ann:1001:1001:/home/ann:::\n"
                                "+ann-:ann:1001:1001:/home/ann:-::\n"
                                "+:alias:7000:7000:/var/qmail/alias:-::\n"
                                "=alias:alias:7000:7000:/var/qmail/alias:::\n"
                                "+alias-:alias:7000:7000:/var/qmail/alias:-::\n"
                                ".\n"));
}

static void pw2u_minds_its_files_and_options(void **state)
{
    (void)state;
    auto_buf struct buf out;
    buf_init(&out, 1 << 20);
    struct pw2u o = pw2u_options();
    o.upper = true;
    o.delimiter = 0;
    o.has_mailnames = o.has_exclude = o.has_subusers = o.has_append = true;
    o.exclude = S("gone\n");
    o.mailnames = S("Ann:ann:hanako::\n");
    o.subusers = S("info:ann:info:\n");
    o.append = S("=x:y:1:1:/h:::");
    str why = {0};
    assert_fine(pw2u_run(&o, passwd_text, a, &out, &why));
    assert_str(buf_str(&out), S("=ann:ann:1001:1001:/home/ann:::\n"
                                "=hanako:ann:1001:1001:/home/ann:::\n"
                                "=Caps:Caps:1003:1003:/home/Caps:::\n"
                                "+:alias:7000:7000:/var/qmail/alias:-::\n"
                                "=alias:alias:7000:7000:/var/qmail/alias:::\n"
                                "=info:ann:1001:1001:/home/ann:-:info:\n"
                                "=x:y:1:1:/h:::\n"
                                ".\n"));
}

static void pw2u_says_what_is_missing(void **state)
{
    (void)state;
    auto_buf struct buf out;
    buf_init(&out, 1 << 20);
    struct pw2u o = pw2u_options();
    str why = {0};
    o.homes = PW2U_REQUIRE;
    assert_true(failed(pw2u_run(&o, passwd_text, a, &out, &why)));
    assert_str(why, S("unable to stat /home/gone"));
    o = pw2u_options();
    assert_true(failed(pw2u_run(&o, S("ann:x:1001:1001::/home/ann:\n"), a, &out, &why)));
    assert_str(why, S("unable to find alias user"));
    o.has_subusers = true;
    o.subusers = S("info:nobody:info:\n");
    assert_true(failed(pw2u_run(&o, passwd_text, a, &out, &why)));
    assert_str(why, S("unable to find nobody user for subuser"));
}

int main(void)
{
    a = arena_new("test", 64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_entry_answers_and_keeps_the_case_of_the_rest),
        cmocka_unit_test(no_entry_is_not_found),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(entries_without_numbers_are_damage_not_root),
        cmocka_unit_test(pw2u_writes_an_entry_and_a_wildcard_for_each_user),
        cmocka_unit_test(pw2u_minds_its_files_and_options),
        cmocka_unit_test(pw2u_says_what_is_missing),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
