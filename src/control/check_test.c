/* SPDX-License-Identifier: ISC */
#include "control/check.h"

#include <sys/stat.h>

#include "control/testing.h"

static struct arena *a;

struct house {
    const char *path, *content;
};

/* A sound house; each example writes its own files over it (content NULL removes one). */
static const struct house sound[] = {
    {"var/qmail/control/me", "mail.example.test\n"},
    {"var/qmail/control/locals", "localhost\nmail.example.test\nexample.test\n"},
    {"var/qmail/control/rcpthosts", "localhost\nmail.example.test\nexample.test\n"},
    {"var/qmail/control/defaultdelivery", "./Maildir/\n"},
    {"var/qmail/alias/.qmail-postmaster", "&ann@example.test\n"},
    {"var/qmail/alias/.qmail-mailer-daemon", "&ann@example.test\n"},
    {"var/qmail/alias/.qmail-root", "&ann@example.test\n"},
};

static void make(struct test_root *r, const struct house *files, size_t n, struct findings *f)
{
    test_root_open(r);
    for (size_t i = 0; i < COUNT(sound); i++)
        test_root_write(r, sound[i].path, str_from(sound[i].content));
    for (size_t i = 0; i < n && files[i].path; i++) {
        if (files[i].content)
            test_root_write(r, files[i].path, str_from(files[i].content));
        else
            assert_fine(file_unlink(r->fd, files[i].path));
    }
    assert_fine(check_config(r->fd, a, f));
}

static void a_sound_house_has_no_findings(void **state)
{
    (void)state;
    struct test_root r;
    struct findings f;
    make(&r, NULL, 0, &f);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    findings_print(&f, false, &b);
    assert_str(buf_str(&b), S(""));
    test_root_close(&r);
}

static const struct {
    struct house files[3];
    const char *code, *file;
    size_t line;
    enum severity severity;
} examples[] = {
    {{{"var/qmail/control/rcphosts", "x\n"}, {"var/qmail/control/rcpthosts", NULL}},
     "control.misspelt",
     "var/qmail/control/rcphosts",
     0,
     SEVERITY_ERROR},
    {{{"var/qmail/control/rcpthosts", NULL}},
     "relay.open",
     "var/qmail/control/rcpthosts",
     0,
     SEVERITY_ERROR},
    {{{"var/qmail/control/loclas", "x\n"}},
     "control.misspelt",
     "var/qmail/control/loclas",
     0,
     SEVERITY_WARNING},
    {{{"var/qmail/control/locals_old", "x\n"}},
     "control.backup",
     "var/qmail/control/locals_old",
     0,
     SEVERITY_NOTE},
    {{{"var/qmail/control/spfbehavior", "3\n"}},
     "control.foreign",
     "var/qmail/control/spfbehavior",
     0,
     SEVERITY_WARNING},
    {{{"var/qmail/control/whatever", "3\n"}},
     "control.unknown",
     "var/qmail/control/whatever",
     0,
     SEVERITY_WARNING},
    {{{"var/qmail/control/badmailfrom", "a_at_b.example\n"}},
     "text.at_word",
     "var/qmail/control/badmailfrom",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/alias/.qmail-root", "&ann@example.test\n|vacation ’x’\n"}},
     "text.typographic",
     "var/qmail/alias/.qmail-root",
     2,
     SEVERITY_ERROR},
    {{{"var/qmail/alias/.qmail-root", "&ann＠example.test\n"}},
     "text.typographic",
     "var/qmail/alias/.qmail-root",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/helohost", "h.example\r\n"}},
     "text.cr",
     "var/qmail/control/helohost",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/queuelifetime", "a week\n"}},
     "value.no_number",
     "var/qmail/control/queuelifetime",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/databytes", "20M\n"}},
     "value.number_rest",
     "var/qmail/control/databytes",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/control/concurrencyremote", "400\n"}},
     "value.bounds",
     "var/qmail/control/concurrencyremote",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/control/concurrencylocal", "0\n"}},
     "concurrency.held",
     "var/qmail/control/concurrencylocal",
     1,
     SEVERITY_NOTE},
    {{{"var/qmail/control/role", "primary\n"}},
     "value.choice",
     "var/qmail/control/role",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/allowplaintext", "maybe\n"}},
     "value.choice",
     "var/qmail/control/allowplaintext",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/helohost", "a.example\nb.example\n"}},
     "value.more_lines",
     "var/qmail/control/helohost",
     2,
     SEVERITY_WARNING},
    {{{"var/qmail/control/helohost", "\n"}},
     "value.empty",
     "var/qmail/control/helohost",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/virtualdomains", "v.example\n"}},
     "value.no_colon",
     "var/qmail/control/virtualdomains",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/locals", "example.test\nExample.test\nmail.example.test\n"}},
     "value.duplicate",
     "var/qmail/control/locals",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/control/rcpthosts", "ann@example.test\nmail.example.test\nexample.test\n"}},
     "value.address_for_host",
     "var/qmail/control/rcpthosts",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/locals", "mail.example.test example.test\n"}},
     "value.space",
     "var/qmail/control/locals",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/locals", " mail.example.test\n"}},
     "text.leading_space",
     "var/qmail/control/locals",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/badmailfrom", "spam.example\n"}},
     "value.host_for_address",
     "var/qmail/control/badmailfrom",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/control/listensmtp", "25\n"}},
     "value.listen",
     "var/qmail/control/listensmtp",
     1,
     SEVERITY_ERROR},
    {{{"var/qmail/control/me", NULL}}, "me.absent", "var/qmail/control/me", 0, SEVERITY_ERROR},
    {{{"var/qmail/control/me", "mail\n"},
      {"var/qmail/control/locals", "mail\n"},
      {"var/qmail/control/rcpthosts", "mail\n"}},
     "me.short",
     "var/qmail/control/me",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/control/rcpthosts", "localhost\nmail.example.test\n"}},
     "rcpthosts.no_local",
     "var/qmail/control/locals",
     3,
     SEVERITY_WARNING},
    {{{"var/qmail/control/virtualdomains", "v.example:ann\n"}},
     "rcpthosts.no_virtual",
     "var/qmail/control/virtualdomains",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/control/virtualdomains", "example.test:ann\n"}},
     "virtualdomains.local",
     "var/qmail/control/virtualdomains",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/control/rcpthosts", "mail.example.test\nexample.test\nmx.example.org\n"}},
     "rcpthosts.remote",
     "var/qmail/control/rcpthosts",
     3,
     SEVERITY_NOTE},
    {{{"var/qmail/control/role", "standby\n"}},
     "role.standby_local",
     "var/qmail/control/locals",
     2,
     SEVERITY_ERROR},
    /* The memo's Tako: its own name is not local, and no route leads to the live host. */
    {{{"var/qmail/control/role", "standby\n"}, {"var/qmail/control/locals", "localhost\n"}},
     "notices.lost",
     "var/qmail/control/locals",
     0,
     SEVERITY_ERROR},
    {{{"var/qmail/control/morercpthosts", "m.example\n"}},
     "morercpthosts.not_compiled",
     "var/qmail/control/morercpthosts",
     0,
     SEVERITY_WARNING},
    {{{"var/qmail/control/morercpthosts.cdb", "no cdb"}},
     "cdb.damaged",
     "var/qmail/control/morercpthosts.cdb",
     0,
     SEVERITY_ERROR},
    {{{"var/qmail/control/relayauth", "r.example:u:p\n"}},
     "file.secret_mode",
     "var/qmail/control/relayauth",
     0,
     SEVERITY_ERROR},
    {{{"var/qmail/control/relayauth", "r.example:u:p\n"}},
     "relayauth.no_route",
     "var/qmail/control/relayauth",
     1,
     SEVERITY_WARNING},
    {{{"var/qmail/users/assign", "=a:b:1:1:/h:::\n=c\n.\n"}},
     "assign.format",
     "var/qmail/users/assign",
     2,
     SEVERITY_ERROR},
    {{{"var/qmail/users/assign", "=a:b:1:1:/h:::\n.\n"}},
     "assign.not_compiled",
     "var/qmail/users/assign",
     0,
     SEVERITY_WARNING},
    {{{"var/qmail/control/tcp.smtp", "127.:allow\n1.2.3.4:drop\n"}},
     "rules.format",
     "var/qmail/control/tcp.smtp",
     2,
     SEVERITY_ERROR},
    {{{"etc/tcp.smtp", "127.:allow\ndeny\n"}}, "rules.line", "etc/tcp.smtp", 2, SEVERITY_WARNING},
    {{{"etc/tcp.smtp", ":allow,RELAYCLIENT=\"\"\n"}},
     "rules.open_relay",
     "etc/tcp.smtp",
     0,
     SEVERITY_ERROR},
    {{{"var/qmail/alias/.qmail-root", NULL}},
     "alias.absent",
     "var/qmail/alias",
     0,
     SEVERITY_WARNING},
};

static void each_mistake_is_found_with_its_file_and_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(examples); i++) {
        struct test_root r;
        struct findings f;
        make(&r, examples[i].files, COUNT(examples[i].files), &f);
        bool found = false;
        for (size_t n = 0; n < f.n; n++) {
            found |= strcmp(f.at[n].code, examples[i].code) == 0 &&
                     str_eq(f.at[n].file, str_from(examples[i].file)) &&
                     f.at[n].line == examples[i].line && f.at[n].severity == examples[i].severity;
            assert_true(f.at[n].remedy.n && f.at[n].text_ja.n && f.at[n].remedy_ja.n);
        }
        if (!found) {
            auto_buf struct buf b;
            buf_init(&b, 1 << 20);
            findings_print(&f, false, &b);
            fail_msg("%s not found; got\n%.*s", examples[i].code, STR_ARG(buf_str(&b)));
        }
        test_root_close(&r);
    }
}

static void a_file_that_everybody_may_change_is_an_error(void **state)
{
    (void)state;
    struct test_root r;
    struct findings f;
    make(&r, NULL, 0, &f);
    assert_int_equal(fchmodat(r.fd, "var/qmail/control/me", 0666, 0), 0);
    assert_fine(check_config(r.fd, a, &f));
    assert_int_equal(f.errors, 1);
    assert_string_equal(f.at[0].code, "file.writable");
    test_root_close(&r);
}

static void findings_are_printed_in_both_languages(void **state)
{
    (void)state;
    struct test_root r;
    struct findings f;
    const struct house files[] = {{"var/qmail/control/databytes", "20M\n"}};
    make(&r, files, 1, &f);
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    findings_print(&f, false, &b);
    assert_str(buf_str(&b), S("var/qmail/control/databytes:1: warning: only the digits of \"20M\" "
                              "count [value.number_rest]\n"
                              "    remedy: write digits alone: no units, no signs\n"));
    buf_reset(&b);
    findings_print(&f, true, &b);
    assert_true(str_find_str(buf_str(&b), S("「20M」のうち数字の部分だけが使われます")) > 0);
    test_root_close(&r);
}

static void one_edit_is_told_from_two(void **state)
{
    (void)state;
    assert_true(one_edit_apart(S("rcphosts"), S("rcpthosts")));
    assert_true(one_edit_apart(S("rcpthostss"), S("rcpthosts")));
    assert_true(one_edit_apart(S("rcptohsts"), S("rcpthosts")));
    assert_true(one_edit_apart(S("xcpthosts"), S("rcpthosts")));
    assert_true(one_edit_apart(S("m"), S("me")));
    assert_false(one_edit_apart(S("me"), S("me")));
    assert_false(one_edit_apart(S("rcphost"), S("rcpthosts")));
    assert_false(one_edit_apart(S("abcd"), S("badc")));
    assert_false(one_edit_apart(S(""), S("me")));
}

static void a_house_without_control_cannot_be_checked(void **state)
{
    (void)state;
    struct test_root r;
    struct findings f;
    test_root_open(&r);
    assert_int_equal(check_config(r.fd, a, &f).kind, ERR_NOTFOUND);
    test_root_close(&r);
}

int main(void)
{
    a = arena_new("test", 512 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_house_has_no_findings),
        cmocka_unit_test(each_mistake_is_found_with_its_file_and_line),
        cmocka_unit_test(a_file_that_everybody_may_change_is_an_error),
        cmocka_unit_test(findings_are_printed_in_both_languages),
        cmocka_unit_test(one_edit_is_told_from_two),
        cmocka_unit_test(a_house_without_control_cannot_be_checked),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
