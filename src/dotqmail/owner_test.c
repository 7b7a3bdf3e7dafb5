/* SPDX-License-Identifier: ISC */
#include "dotqmail/owner.h"

#include "control/assign.h"
#include "control/testing.h"

static struct arena *a;

struct row {
    const char *name;
    uint32_t uid, home_uid;
    enum err_kind home;
};
static const struct row rows[] = {
    {"ann", 1001, 1001, ERR_NONE},
    {"ann-b", 1002, 1002, ERR_NONE},
    {"stolen", 1003, 99, ERR_NONE},
    {"gone", 1004, 0, ERR_NOTFOUND},
    {"nfs", 1005, 0, ERR_TEMP},
    {"root", 0, 0, ERR_NONE},
    {"shut", 1006, 0, ERR_DENIED},
    {"alias", 7000, 7000, ERR_NONE},
    {"a234567890123456789012345678901", 1007, 1007, ERR_NONE},  /* 31 letters */
    {"b2345678901234567890123456789012", 1008, 1008, ERR_NONE}, /* 32 */
};

static err find(void *ctx, str name, struct arena *arena, struct account *ret)
{
    const bool *no_alias = ctx;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!str_eq(name, str_from(rows[i].name)))
            continue;
        if (*no_alias && str_eq(name, S("alias")))
            break;
        *ret = (struct account){.name = str_from(rows[i].name),
                                .uid = rows[i].uid,
                                .gid = rows[i].uid,
                                .home = arena_printf(arena, "/home/%s", rows[i].name)};
        return OK_ERR;
    }
    return err_new(ERR_NOTFOUND, "no such account");
}

static err home_uid(void *ctx, str home, uint32_t *ret_uid)
{
    (void)ctx;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!str_ends(home, str_from(rows[i].name)) || home.n != 6 + strlen(rows[i].name))
            continue;
        if (rows[i].home != ERR_NONE)
            return err_new(rows[i].home, "home");
        *ret_uid = rows[i].home_uid;
        return OK_ERR;
    }
    return err_new(ERR_NOTFOUND, "home");
}

static const struct {
    str local, user, dash, ext;
} table[] = {
    {S("ann"), S("ann"), S(""), S("")},
    {S("ANN"), S("ann"), S(""), S("")},
    {S("ann-List"), S("ann"), S("-"), S("List")},
    {S("ann-b"), S("ann-b"), S(""), S("")},
    {S("Ann-B-C-d"), S("ann-b"), S("-"), S("C-d")},
    {S("ann-"), S("ann"), S("-"), S("")},
    {S("annx"), S("alias"), S("-"), S("annx")},
    {S("ann.x"), S("alias"), S("-"), S("ann.x")},
    {S("stolen"), S("alias"), S("-"), S("stolen")},
    {S("gone-x"), S("alias"), S("-"), S("gone-x")},
    {S("shut"), S("alias"), S("-"), S("shut")},
    {S("root"), S("alias"), S("-"), S("root")},
    {S("alias"), S("alias"), S(""), S("")},
    {S("alias-x"), S("alias"), S("-"), S("x")},
    {S(""), S("alias"), S("-"), S("")},
    {S("-ann"), S("alias"), S("-"), S("-ann")},
    {S("a234567890123456789012345678901-q"), S("a234567890123456789012345678901"), S("-"), S("q")},
    {S("b2345678901234567890123456789012"), S("alias"), S("-"),
     S("b2345678901234567890123456789012")},
};

static void the_longest_account_before_a_dash_owns_the_address(void **state)
{
    (void)state;
    bool no_alias = false;
    const struct accounts who = {.ctx = &no_alias, .find = find, .home_uid = home_uid};
    for (size_t i = 0; i < COUNT(table); i++) {
        struct owner o;
        assert_fine(owner_find(S(""), table[i].local, &who, a, &o));
        if (!str_eq(o.user, table[i].user) || !str_eq(o.dash, table[i].dash) ||
            !str_eq(o.ext, table[i].ext))
            fail_msg("%.*s: got %.*s dash \"%.*s\" ext \"%.*s\"", STR_ARG(table[i].local),
                     STR_ARG(o.user), STR_ARG(o.dash), STR_ARG(o.ext));
    }
}

static void a_home_that_does_not_answer_defers(void **state)
{
    (void)state;
    bool no_alias = false;
    const struct accounts who = {.ctx = &no_alias, .find = find, .home_uid = home_uid};
    struct owner o;
    assert_int_equal(owner_find(S(""), S("nfs-x"), &who, a, &o).kind, ERR_TEMP);
}

static void without_an_alias_user_the_rest_waits(void **state)
{
    (void)state;
    bool no_alias = true;
    const struct accounts who = {.ctx = &no_alias, .find = find, .home_uid = home_uid};
    struct owner o;
    err e = owner_find(S(""), S("nobody"), &who, a, &o);
    assert_int_equal(e.kind, ERR_NOTFOUND);
    assert_string_equal(e.what, OWNER_NO_ALIAS_TEXT);
}

static void users_cdb_comes_before_the_accounts_and_never_gives_root(void **state)
{
    (void)state;
    bool no_alias = false;
    struct accounts who = {.ctx = &no_alias, .find = find, .home_uid = home_uid};
    auto_buf struct buf cdb;
    buf_init(&cdb, 1 << 20);
    size_t line = 0;
    assert_fine(assign_compile(S("=ann:virt:500:500:/srv/v:-:ann:\n=boss:root:0:0:/root:::\n"
                                 "=in:x:5:5:/demo/h/x:::\n.\n"),
                               &cdb, &line));
    struct owner o;
    assert_fine(owner_find(buf_str(&cdb), S("Ann"), &who, a, &o));
    assert_str(o.user, S("virt"));
    assert_str(o.home, S("/srv/v"));
    assert_int_equal(o.source, OWNER_ASSIGN);
    assert_fine(owner_find(buf_str(&cdb), S("ann-x"), &who, a, &o));
    assert_int_equal(o.source, OWNER_ACCOUNT);
    err e = owner_find(buf_str(&cdb), S("boss"), &who, a, &o);
    assert_int_equal(e.kind, ERR_DENIED);
    assert_string_equal(e.what, OWNER_ROOT_TEXT);
    who.root = S("/demo");
    assert_fine(owner_find(buf_str(&cdb), S("ann"), &who, a, &o));
    assert_str(o.home, S("/demo/srv/v"));
    assert_fine(owner_find(buf_str(&cdb), S("in"), &who, a, &o));
    assert_str(o.home, S("/demo/h/x"));
    assert_int_equal(owner_find(S("damaged"), S("ann"), &who, a, &o).kind, ERR_SYNTAX);
}

int main(void)
{
    a = arena_new("test", 64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_account_before_a_dash_owns_the_address),
        cmocka_unit_test(a_home_that_does_not_answer_defers),
        cmocka_unit_test(without_an_alias_user_the_rest_waits),
        cmocka_unit_test(users_cdb_comes_before_the_accounts_and_never_gives_root),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
