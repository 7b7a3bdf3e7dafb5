/* SPDX-License-Identifier: ISC */
/* Maildir names, dovecot-uidlist, dovecot-keywords and mbox as other programs write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/keywords.h"
#include "store/maildir_name.h"
#include "store/mbox.h"
#include "store/uidlist.h"

static void maildir_names_give_flags_sizes_and_keep_the_rest(void **state)
{
    (void)state;
    static const struct {
        str name;
        uint32_t flags, add;
        uint64_t size, wire;
        str after; /* with `add` added */
    } t[] = {
        {S("1.2.h"), 0, STORE_SEEN, 0, 0, S("1.2.h:2,S")},
        {S("1.2.h:2,"), 0, 0, 0, 0, S("1.2.h:2,")},
        {S("1.2.h,S=10,W=12:2,FS"), STORE_FLAGGED | STORE_SEEN, STORE_ANSWERED, 10, 12,
         S("1.2.h,S=10,W=12:2,FRS")},
        {S("1.2.h:2,PSa"), STORE_SEEN | STORE_KEYWORD(0), STORE_KEYWORD(25), 0, 0,
         S("1.2.h:2,PSaz")},
        {S("1.2.h:2,S,foreign=1"), STORE_SEEN, STORE_DELETED, 0, 0, S("1.2.h:2,ST,foreign=1")},
        {S("1.2.h:2,SXS"), STORE_SEEN, 0, 0, 0, S("1.2.h:2,SX")},
        {S("1.2.h:1,S"), 0, STORE_SEEN, 0, 0, S("1.2.h:2,S")},
        {S("a:b:2,S"), 0, STORE_SEEN, 0, 0, S("a:2,S")},
        {S("x,S=,W=9z,S=7"), 0, 0, 7, 0, S("x,S=,W=9z,S=7:2,")},
        {S("x,S=99999999999999999999999"), 0, 0, 0, 0, S("x,S=99999999999999999999999:2,")},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char scratch[16];
        struct maildir_name n = maildir_name_parse(t[i].name, scratch);
        assert_int_equal(n.flags, t[i].flags);
        assert_int_equal(n.size, t[i].size);
        assert_int_equal(n.wire_size, t[i].wire);
        struct buf b;
        buf_init(&b, 300);
        maildir_name_write(&b, &n, n.flags | t[i].add);
        if (!str_eq(buf_str(&b), t[i].after))
            fail_msg("%.*s became %.*s", STR_ARG(t[i].name), STR_ARG(buf_str(&b)));
        buf_done(&b);
    }
}

static void arrivals_are_ordered_by_their_leading_number(void **state)
{
    (void)state;
    assert_true(maildir_base_cmp(S("9.x"), S("10.a")) < 0);
    assert_true(maildir_base_cmp(S("10.a"), S("10.b")) < 0);
    assert_true(maildir_base_cmp(S("zz"), S("1.a")) < 0);
    assert_int_equal(maildir_base_cmp(S("10.a"), S("10.a")), 0);
    assert_false(maildir_name_is_message(S(".hidden")));
    assert_false(maildir_name_is_message(S(":2,S")));
    assert_false(maildir_name_is_message(S("a\nb")));
    assert_true(maildir_name_is_message(S("Q")));
}

static struct uidlist read_list(str text, struct uidlist_record *r, size_t max, size_t *ret_n)
{
    struct uidlist l = uidlist_header(&text);
    *ret_n = 0;
    while (*ret_n < max && uidlist_next(&l, &text, &r[*ret_n]))
        ++*ret_n;
    return l;
}

static void dovecot_s_uidlist_is_read_with_its_fields(void **state)
{
    (void)state;
    struct uidlist_record r[8];
    size_t n;
    struct uidlist l = read_list(S("3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n"
                                   "25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,\n"
                                   "25017 W2481 P3 :1276533073.M242911P3632.kurkku\n"),
                                 r, 8, &n);
    assert_int_equal(l.version, 3);
    assert_int_equal(l.uidvalidity, 1275660208);
    assert_int_equal(l.nextuid, 25022);
    assert_string_equal(l.guid, "3085f01b7f11094c501100008c4a11c1");
    assert_int_equal(n, 2);
    assert_true(str_eq(r[0].base, S("1276528487.M364837P9451.kurkku,S=1355,W=1394")));
    assert_int_equal(r[1].uid, 25017);
    assert_int_equal(r[1].wire_size, 2481);
    assert_int_equal(l.damaged, 0);
}

static void courier_s_list_is_read_too(void **state)
{
    (void)state;
    struct uidlist_record r[8];
    size_t n;
    struct uidlist l = read_list(S("1 1000000000 12\n10 1.2.h\n11 3.4.h:2,S\n"), r, 8, &n);
    assert_int_equal(l.version, 1);
    assert_int_equal(l.nextuid, 12);
    assert_int_equal(n, 2);
    assert_true(str_eq(r[1].base, S("3.4.h")));
}

static void damaged_lines_are_counted_and_no_uid_comes_twice(void **state)
{
    (void)state;
    struct uidlist_record r[8];
    size_t n;
    struct uidlist l = read_list(S("3 V5 N3 G\n1 :a\nnonsense\n7 W :b\n9 no colon\n\n0 :z\n"
                                   "8 :c\n12 :unfinished"),
                                 r, 8, &n);
    assert_int_equal(n, 3);
    assert_true(str_eq(r[1].base, S("b")));
    assert_true(str_eq(r[2].base, S("c")));
    assert_int_equal(l.damaged, 4);
    assert_int_equal(l.nextuid, 10); /* 9 stood on a line that could not be read */
    static const str bad[] = {S(""),          S("\n"),      S("3 N5\n"),    S("2 V1 N1\n"),
                              S("3 V0 N1\n"), S("1 x 2\n"), S("\xff\xfe\n")};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_list(bad[i], r, 8, &n).version, 0);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    struct uidlist l = {.uidvalidity = 77, .nextuid = 5};
    uidlist_make_guid(l.guid);
    uidlist_header_write(&b, &l);
    uidlist_record_write(&b, 3, 0, S("x.y.z"));
    uidlist_record_write(&b, 4, 99, S("x.y.w"));
    struct uidlist_record r[8];
    size_t n;
    struct uidlist back = read_list(buf_str(&b), r, 8, &n);
    assert_int_equal(back.uidvalidity, 77);
    assert_string_equal(back.guid, l.guid);
    assert_int_equal(n, 2);
    assert_int_equal(r[1].wire_size, 99);
    buf_done(&b);
}

static void keywords_keep_their_letters(void **state)
{
    (void)state;
    struct keywords k = {0};
    keywords_parse(&k, S("0 $Junk\n2 later\n26 toomany\nx y\n2 again\n3 a b\n"));
    assert_int_equal(k.damaged, 4);
    assert_int_equal(keywords_find(&k, S("$JUNK")), 0);
    int letter;
    bool added = false;
    assert_false(failed(keywords_need(&k, S("new"), &letter, &added)));
    assert_int_equal(letter, 1);
    assert_true(added);
    assert_true(failed(keywords_need(&k, S("\\Seen"), &letter, &added)));
    assert_true(failed(keywords_need(&k, S("a b"), &letter, &added)));
    assert_true(keywords_cover(&k, STORE_KEYWORD(7)));
    assert_string_equal(k.name[7], "unknown-h");
    for (int i = 0; i < 30; i++) {
        char name[] = "k??";
        name[1] = (char)('a' + i / 10);
        name[2] = (char)('0' + i % 10);
        err e = keywords_need(&k, str_from(name), &letter, &added);
        assert_int_equal(e.kind, i < 22 ? ERR_NONE : ERR_LIMIT);
    }
    struct buf b;
    buf_init(&b, 4096);
    keywords_write(&k, &b);
    assert_true(str_starts(buf_str(&b), S("0 $Junk\n1 new\n2 later\n")));
    buf_done(&b);
    keywords_done(&k);
}

#define FROM "From a@b Tue Nov 24 15:10:56 2026\n"

static void an_mbox_is_cut_where_from_lines_are_and_nowhere_else(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        str text;
        size_t n;
        str last; /* as a client sees the last message */
    } t[] = {
        {"empty", S(""), 0, S("")},
        {"one", S(FROM "a: b\n\nx\n\n"), 1, S("a: b\n\nx\n")},
        {"two", S(FROM "a: b\n\nx\n\n" FROM "c: d\n\ny\n\n"), 2, S("c: d\n\ny\n")},
        {"no blank before", S(FROM "a: b\n\nx\nFrom c@d Tue Nov 24 15:10:56 2026\n\n"), 1,
         S("a: b\n\nx\nFrom c@d Tue Nov 24 15:10:56 2026\n")},
        {"prose", S(FROM "a: b\n\nx\n\nFrom now on we meet\n\n"), 1,
         S("a: b\n\nx\n\nFrom now on we meet\n")},
        {"quoted", S(FROM "a: b\n\n>From x\n>>From y\n> From z\n\n"), 1,
         S("a: b\n\nFrom x\n>From y\n> From z\n")},
        {"unfinished", S(FROM "a: b\n\nx"), 1, S("a: b\n\nx")},
        {"blank end kept", S(FROM "a: b\n\nx\n\n\n"), 1, S("a: b\n\nx\n\n")},
        {"content-length lies", S(FROM "Content-Length: 9999\n\nx\n\n" FROM "c: d\n\ny\n\n"), 2,
         S("c: d\n\ny\n")},
        {"no body", S(FROM "a: b\n\n" FROM "c: d\n\n"), 2, S("c: d\n\n")},
        {"junk first", S("junk\n\n" FROM "c: d\n\ny\n\n"), 2, S("c: d\n\ny\n")},
        {"ours hidden", S(FROM "X-UID: 3\na: b\nStatus: RO\nX-Status:  \n folded\n\nx\n\n"), 1,
         S("a: b\n\nx\n")},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        uint64_t at = 0;
        size_t n = 0;
        struct mbox_message m = {0}, last = {0};
        while (mbox_next(t[i].text, &at, &m)) {
            assert_true(m.at <= m.header && m.header <= m.body && m.body <= m.body_end &&
                        m.body_end <= m.end && m.end == at);
            last = m;
            n++;
        }
        if (n != t[i].n)
            fail_msg("%s: %zu messages", t[i].name, n);
        struct buf b;
        buf_init(&b, 1000);
        if (n)
            mbox_message_write(&b, t[i].text, &last);
        if (!str_eq(buf_str(&b), t[i].last))
            fail_msg("%s: got \"%.*s\"", t[i].name, STR_ARG(buf_str(&b)));
        buf_done(&b);
    }
}

static void status_fields_and_base_are_read(void **state)
{
    (void)state;
    str text = S(FROM "X-IMAPbase: 1234567890 0000000012 $Junk later\nX-UID: 7\nStatus: RO\n"
                      "X-Status: AF\nX-Keywords: later\n\nx\n\n");
    uint64_t at = 0;
    struct mbox_message m;
    assert_true(mbox_next(text, &at, &m));
    assert_int_equal(m.uid, 7);
    assert_int_equal(m.flags, STORE_SEEN | STORE_ANSWERED | STORE_FLAGGED);
    assert_true(str_eq(m.keywords, S("later")));
    assert_int_equal(m.date, 1795533056);
    struct mbox_base base = mbox_base_read(text, &m);
    assert_true(base.present);
    assert_int_equal(base.uidvalidity, 1234567890);
    assert_int_equal(base.last_uid, 12);
    assert_true(str_eq(base.keywords, S("$Junk later")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maildir_names_give_flags_sizes_and_keep_the_rest),
        cmocka_unit_test(arrivals_are_ordered_by_their_leading_number),
        cmocka_unit_test(dovecot_s_uidlist_is_read_with_its_fields),
        cmocka_unit_test(courier_s_list_is_read_too),
        cmocka_unit_test(damaged_lines_are_counted_and_no_uid_comes_twice),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(keywords_keep_their_letters),
        cmocka_unit_test(an_mbox_is_cut_where_from_lines_are_and_nowhere_else),
        cmocka_unit_test(status_fields_and_base_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
