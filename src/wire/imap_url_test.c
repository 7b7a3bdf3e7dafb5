/* SPDX-License-Identifier: ISC */
#include "wire/imap_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void urls_of_rfc4469_are_read(void **state)
{
    (void)state;
    static const struct {
        str in;
        bool want;
        str mailbox;
        uint32_t uidvalidity, uid;
        bool section;
        size_t path_n;
        enum mime_section what;
        uint32_t from, count;
    } table[] = {
        {S("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER"), true, S("Drafts"), 385759045,
         20, true, 0, MIME_HEADER, 0, 0},
        {S("/Drafts;UIDVALIDITY=385759045/;UID=30"), true, S("Drafts"), 385759045, 30, false, 0, 0,
         0, 0},
        {S("/INBOX/;UID=30/;section=1.5.9"), true, S("INBOX"), 0, 30, true, 3, MIME_ALL, 0, 0},
        {S("/a/b/;UID=1/;SECTION=1.MIME/;PARTIAL=5.10"), true, S("a/b"), 0, 1, true, 1, MIME_MIME,
         5, 10},
        {S("/a/;UID=1/;PARTIAL=5"), true, S("a"), 0, 1, false, 0, 0, 5, 0},
        {S("/%E6%97%A5/;UID=1/;SECTION=HEADER.FIELDS%20(Date)"), true, S("\xe6\x97\xa5"), 0, 1,
         true, 0, MIME_HEADER, 0, 0},
        {S("imap://host/a/;UID=1"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("//host/a/;UID=1"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/;UID=1"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a/;UID=0"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a/;UID=1x"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a/;UID=99999999999"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a/;UID=1/;SECTION="), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a/;UID=1/;SECTION=1]"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a%2/;UID=1"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S("/a%00/;UID=1"), false, S(""), 0, 0, 0, 0, 0, 0, 0},
        {S(""), false, S(""), 0, 0, 0, 0, 0, 0, 0},
    };
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_url u;
        err e = imap_url_read(a, table[i].in, &u);
        assert_int_equal(!failed(e), table[i].want);
        if (failed(e))
            continue;
        assert_true(str_eq(u.mailbox, table[i].mailbox));
        assert_int_equal(u.uidvalidity, table[i].uidvalidity);
        assert_int_equal(u.uid, table[i].uid);
        assert_int_equal(u.has_section, table[i].section);
        assert_int_equal(u.section.path_n, table[i].path_n);
        assert_int_equal(u.section.what, table[i].what);
        assert_int_equal(u.from, table[i].from);
        assert_int_equal(u.count, table[i].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_of_rfc4469_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
