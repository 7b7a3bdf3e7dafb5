/* SPDX-License-Identifier: ISC */
#include "dotqmail/search.h"

#include "control/testing.h"

static struct arena *a;

/* For each extension the names in order; "=REST" after a name is what DEFAULT becomes. */
static const struct {
    const char *dash, *ext, *want;
} orders[] = {
    {"", "", ".qmail .qmaildefault="},
    {"-", "", ".qmail- .qmail-default="},
    {"-", "a", ".qmail-a .qmail-default=a"},
    {"-", "A", ".qmail-a .qmail-default=A"},
    {"-", "a-b-c", ".qmail-a-b-c .qmail-a-b-default=c .qmail-a-default=b-c .qmail-default=a-b-c"},
    {"-", "a-b-c.d",
     ".qmail-a-b-c:d .qmail-a-b-default=c.d .qmail-a-default=b-c.d .qmail-default=a-b-c.d"},
    {"-", "Taro.Yamada", ".qmail-taro:yamada .qmail-default=Taro.Yamada"},
    {"-", "a-", ".qmail-a- .qmail-a-default= .qmail-default=a-"},
    {"-", "a-b-", ".qmail-a-b- .qmail-a-b-default= .qmail-a-default=b- .qmail-default=a-b-"},
    {"-", "-", ".qmail-- .qmail--default= .qmail-default=-"},
    {"-", "--", ".qmail--- .qmail---default= .qmail--default=- .qmail-default=--"},
    {"-", "a--b", ".qmail-a--b .qmail-a--default=b .qmail-a-default=-b .qmail-default=a--b"},
    {"-", "default", ".qmail-default=default .qmail-default=default"},
    {"-", "DEFAULT", ".qmail-default=DEFAULT .qmail-default=DEFAULT"},
    {"-", "a-default",
     ".qmail-a-default=default .qmail-a-default=default .qmail-default=a-default"},
    {"-", "xdefault", ".qmail-xdefault=default .qmail-default=xdefault"},
    {"-", "default-x", ".qmail-default-x .qmail-default-default=x .qmail-default=default-x"},
    {"-", "efault", ".qmail-efault .qmail-default=efault"},
    {"-", "...", ".qmail-::: .qmail-default=..."},
    {"-", "a.b-c.d", ".qmail-a:b-c:d .qmail-a:b-default=c.d .qmail-default=a.b-c.d"},
    {"-/", "", ".qmail-/ .qmail-/default="},
    {"-/", "a", ".qmail-/a .qmail-/default=a"},
    {"-/", "a-", ".qmail-/a- .qmail-/a-default= .qmail-/default=a-"},
    {"-/", "a-b", ".qmail-/a-b .qmail-/a-default=b .qmail-/default=a-b"},
    {"-", "../../etc/x", ".qmail-::/::/etc/x .qmail-default=../../etc/x"},
    {"-", "a/b", ".qmail-a/b .qmail-default=a/b"},
    {"-", "list-owner", ".qmail-list-owner .qmail-list-default=owner .qmail-default=list-owner"},
    {"-", "list-return-7-ann=x.org",
     ".qmail-list-return-7-ann=x:org .qmail-list-return-7-default=ann=x.org "
     ".qmail-list-return-default=7-ann=x.org .qmail-list-default=return-7-ann=x.org "
     ".qmail-default=list-return-7-ann=x.org"},
    {"-", "x y", ".qmail-x y .qmail-default=x y"},
    {"-", "\xe3\x81\x82", ".qmail-\xe3\x81\x82 .qmail-default=\xe3\x81\x82"},
    {"-", "+x", ".qmail-+x .qmail-default=+x"},
    {"+", "x", ".qmail+x .qmail+default=x"},
};

static void names_come_in_qmails_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct dotqmail_search s;
        struct dotqmail_name n;
        auto_buf struct buf got;
        buf_init(&got, 4096);
        search_begin(&s, str_from(orders[i].dash), str_from(orders[i].ext), a);
        while (search_next(&s, a, &n)) {
            buf_addf(&got, "%s%s", got.n ? " " : "", n.file.p);
            if (n.has_default)
                buf_addf(&got, "=%.*s", STR_ARG(n.rest));
        }
        assert_str(buf_str(&got), str_from(orders[i].want));
    }
}

struct fake {
    const char *name;
    enum err_kind kind;
    uint32_t mode;
    uint64_t size;
    bool directory;
};

static err look(void *ctx, const char *name, struct dotqmail_file *ret)
{
    for (const struct fake *f = ctx; f->name; f++) {
        if (strcmp(f->name, name) != 0)
            continue;
        if (f->kind != ERR_NONE)
            return err_new(f->kind, "look");
        *ret = (struct dotqmail_file){!f->directory, f->mode, f->size};
        return OK_ERR;
    }
    return err_new(ERR_NOTFOUND, "look");
}

static const struct {
    const char *what;
    struct fake files[4];
    str dash, ext;
    enum dotqmail_outcome outcome;
    str file;
    bool forward_only;
} finds[] = {
    {"nothing, own address", {{0}}, S(""), S(""), DOTQMAIL_DEFAULT, S(""), false},
    {"nothing, extension", {{0}}, S("-"), S("x"), DOTQMAIL_NO_MAILBOX, S(""), false},
    {"a file",
     {{".qmail-x", 0, 0600, 5, false}},
     S("-"),
     S("x"),
     DOTQMAIL_FILE,
     S(".qmail-x"),
     false},
    {"an empty file",
     {{".qmail", 0, 0700, 0, false}},
     S(""),
     S(""),
     DOTQMAIL_EMPTY,
     S(".qmail"),
     false},
    {"x bit",
     {{".qmail-x", 0, 0700, 5, false}},
     S("-"),
     S("x"),
     DOTQMAIL_FILE,
     S(".qmail-x"),
     true},
    {"group's x bit is none",
     {{".qmail-x", 0, 0610, 5, false}},
     S("-"),
     S("x"),
     DOTQMAIL_FILE,
     S(".qmail-x"),
     false},
    {"writable by all",
     {{".qmail-x", 0, 0602, 5, false}},
     S("-"),
     S("x"),
     DOTQMAIL_REFUSED,
     S(".qmail-x"),
     false},
    {"writable by its group",
     {{".qmail-x", 0, 0620, 5, false}},
     S("-"),
     S("x"),
     DOTQMAIL_FILE,
     S(".qmail-x"),
     false},
    {"a directory is passed over",
     {{".qmail-x", 0, 0700, 5, true}, {".qmail-default", 0, 0600, 1, false}},
     S("-"),
     S("x"),
     DOTQMAIL_FILE,
     S(".qmail-default"),
     false},
    {"may not be opened",
     {{".qmail-x", ERR_DENIED, 0, 0, false}, {".qmail-default", 0, 0600, 1, false}},
     S("-"),
     S("x"),
     DOTQMAIL_REFUSED,
     S(".qmail-x"),
     false},
    {"does not answer",
     {{".qmail-x", ERR_SYS, 0, 0, false}},
     S("-"),
     S("x"),
     DOTQMAIL_REFUSED,
     S(".qmail-x"),
     false},
    {"the exact one comes first",
     {{".qmail-default", 0, 0600, 1, false}, {".qmail-x", 0, 0600, 1, false}},
     S("-"),
     S("X"),
     DOTQMAIL_FILE,
     S(".qmail-x"),
     false},
};

static void the_first_file_that_is_there_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(finds); i++) {
        struct fake files[5] = {{0}};
        memcpy(files, finds[i].files, sizeof finds[i].files);
        const struct dotqmail_files f = {.ctx = files, .look = look};
        struct dotqmail_found got;
        dotqmail_find(finds[i].dash, finds[i].ext, &f, a, &got);
        if (got.outcome != finds[i].outcome || !str_eq(got.name.file, finds[i].file) ||
            got.forward_only != finds[i].forward_only)
            fail_msg("%s: got outcome %d, file %.*s", finds[i].what, (int)got.outcome,
                     STR_ARG(got.name.file));
        assert_true((got.outcome == DOTQMAIL_REFUSED || got.outcome == DOTQMAIL_NO_MAILBOX) ==
                    (got.text != NULL));
    }
}

static void owner_files_follow_the_requested_extension(void **state)
{
    (void)state;
    struct fake files[] = {{".qmail-l:x-owner", 0, 0600, 1, false},
                           {".qmail-l:x-owner-default", 0, 0600, 1, true},
                           {".qmail-m-owner", 0, 0600, 1, false},
                           {".qmail-t-owner", ERR_TEMP, 0, 0, false},
                           {0}};
    const struct dotqmail_files f = {.ctx = files, .look = look};
    bool owner, owner_default;
    assert_fine(dotqmail_owner_files(S("-"), S("L.x"), &f, a, &owner, &owner_default));
    assert_true(owner && owner_default);
    assert_fine(dotqmail_owner_files(S("-"), S("m"), &f, a, &owner, &owner_default));
    assert_true(owner && !owner_default);
    assert_fine(dotqmail_owner_files(S("-"), S("n"), &f, a, &owner, &owner_default));
    assert_true(!owner && !owner_default);
    assert_int_equal(dotqmail_owner_files(S("-"), S("t"), &f, a, &owner, &owner_default).kind,
                     ERR_TEMP);
}

static void homes_that_are_writable_or_sticky_wait(void **state)
{
    (void)state;
    assert_null(dotqmail_home_refused(0755));
    assert_null(dotqmail_home_refused(0775));
    assert_string_equal(dotqmail_home_refused(0757), "Uh-oh: home directory is writable. (#4.7.0)");
    assert_string_equal(dotqmail_home_refused(01755),
                        "Home directory is sticky: user is editing his .qmail file. (#4.2.1)");
}

int main(void)
{
    a = arena_new("test", 64 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_in_qmails_order),
        cmocka_unit_test(the_first_file_that_is_there_decides),
        cmocka_unit_test(owner_files_follow_the_requested_extension),
        cmocka_unit_test(homes_that_are_writable_or_sticky_wait),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
