/* SPDX-License-Identifier: ISC */
#include "wire/imap_fetch_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void items_become_bits_and_sections(void **state)
{
    (void)state;
    static const struct {
        str in;
        unsigned kinds;
        str label; /* of the first section */
        bool seen;
    } table[] = {
        {S(" 1 FLAGS"), IMAP_FETCH_FLAGS, S(""), false},
        {S(" 1 ALL"),
         IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE | IMAP_FETCH_ENVELOPE, S(""),
         false},
        {S(" 1 (fast)"), IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_SIZE, S(""),
         false},
        {S(" 1 (UID BODYSTRUCTURE)"), IMAP_FETCH_UID | IMAP_FETCH_BODYSTRUCTURE, S(""), false},
        {S(" 1 body"), IMAP_FETCH_BODY, S(""), false},
        {S(" 1 BODY[]"), IMAP_FETCH_SECTION, S("BODY[]"), true},
        {S(" 1 body.peek[]"), IMAP_FETCH_SECTION, S("BODY[]"), false},
        {S(" 1 (BODY.PEEK[HEADER.FIELDS (date From)] UID)"), IMAP_FETCH_SECTION | IMAP_FETCH_UID,
         S("BODY[HEADER.FIELDS (date From)]"), false},
        {S(" 1 BODY[HEADER.FIELDS.NOT ({4}\r\nDate)]"), IMAP_FETCH_SECTION,
         S("BODY[HEADER.FIELDS.NOT (Date)]"), true},
        {S(" 1 BODY[1.2.MIME]"), IMAP_FETCH_SECTION, S("BODY[1.2.MIME]"), true},
        {S(" 1 BODY[3]<0.100>"), IMAP_FETCH_SECTION, S("BODY[3]"), true},
        {S(" 1 RFC822"), IMAP_FETCH_SECTION, S("RFC822"), true},
        {S(" 1 RFC822.HEADER"), IMAP_FETCH_SECTION, S("RFC822.HEADER"), false},
        {S(" 1 (RFC822.SIZE RFC822.TEXT)"), IMAP_FETCH_SIZE | IMAP_FETCH_SECTION, S("RFC822.TEXT"),
         true},
    };
    auto_arena struct arena *a = arena_new("test", 4 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = {.rest = table[i].in, .arena = a};
        struct imap_fetch_args args;
        assert_false(failed(imap_fetch_args(&r, &args)));
        assert_int_equal(args.kinds, table[i].kinds);
        assert_int_equal(args.sets_seen, table[i].seen);
        if (args.n > 0)
            assert_true(str_eq(args.sections[0].label, table[i].label));
    }
}

static void sections_keep_path_and_range(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 4 << 20);
    struct imap_reader r = {.rest = S(" 1:4 BODY.PEEK[1.22.3.HEADER]<10.4294967295>\r\n"),
                            .arena = a};
    struct imap_fetch_args args;
    assert_false(failed(imap_fetch_args(&r, &args)));
    const struct imap_section *s = &args.sections[0];
    assert_int_equal(s->path_n, 3);
    assert_int_equal(s->path[1], 22);
    assert_int_equal(s->what, MIME_HEADER);
    assert_true(s->partial && s->from == 10 && s->count == UINT32_MAX);
    assert_false(imap_section_in_header(s));
}

static void binary_and_preview_and_ids_are_read(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 4 << 20);
    struct imap_reader r = {
        .rest = S(" 1 (BINARY.PEEK[1.2]<5.6> BINARY.SIZE[1] BINARY[] PREVIEW (LAZY) EMAILID "
                  "THREADID SAVEDATE)\r\n"),
        .arena = a};
    struct imap_fetch_args args;
    assert_false(failed(imap_fetch_args(&r, &args)));
    assert_int_equal(args.n, 3);
    assert_true(str_eq(args.sections[0].label, S("BINARY[1.2]")) && args.sections[0].partial &&
                args.sections[0].peek);
    assert_true(str_eq(args.sections[1].label, S("BINARY.SIZE[1]")) && args.sections[1].peek);
    assert_true(str_eq(args.sections[2].label, S("BINARY[]")) && !args.sections[2].peek);
    assert_true(args.sets_seen);
    assert_int_equal(args.kinds, IMAP_FETCH_SECTION | IMAP_FETCH_PREVIEW | IMAP_FETCH_PREVIEW_LAZY |
                                     IMAP_FETCH_EMAILID | IMAP_FETCH_THREADID |
                                     IMAP_FETCH_SAVEDATE);
    r.rest = S(" 1 PREVIEW");
    assert_false(failed(imap_fetch_args(&r, &args)));
    assert_int_equal(args.kinds, IMAP_FETCH_PREVIEW);
}

static void broken_items_are_refused(void **state)
{
    (void)state;
    static const str table[] = {
        S(" 1"),
        S(" 1 ()"),
        S(" 1 (FLAGS"),
        S(" 1 (FLAGS  UID)"),
        S(" 1 FLAGS UID"),
        S(" 1 BODY["),
        S(" 1 BODY[MIME]"),
        S(" 1 BODY[0]"),
        S(" 1 BODY[1.]"),
        S(" 1 BODY[1..2]"),
        S(" 1 BODY[HEADER.FIELDS]"),
        S(" 1 BODY[HEADER.FIELDS ()]"),
        S(" 1 BODY[HEADER.FIELDS (a b]"),
        S(" 1 BODY[HEADER.FIELDS (\"a b\")]"),
        S(" 1 BODY[TEXT]<0>"),
        S(" 1 BODY[TEXT]<0.0>"),
        S(" 1 BODY[TEXT]<1.2"),
        S(" 1 BODY.PEEK"),
        S(" 1 BINARY[1.]"),
        S(" 1 BINARY[HEADER]"),
        S(" 1 BINARY.SIZE[1]<1.2>"),
        S(" 1 PREVIEW (FAST)"),
        S(" 1 NONSENSE"),
        S(" x FLAGS"),
    };
    auto_arena struct arena *a = arena_new("test", 4 << 20);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_reader r = {.rest = table[i], .arena = a};
        struct imap_fetch_args args;
        assert_int_equal(imap_fetch_args(&r, &args).kind, ERR_SYNTAX);
    }
}

static void limits_of_items_and_depth_are_kept(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 4 << 20);
    for (size_t n = IMAP_FETCH_ITEMS_MAX; n <= IMAP_FETCH_ITEMS_MAX + 1; n++) {
        auto_buf struct buf b;
        buf_init(&b, 64 * 1024);
        buf_add(&b, S(" 1 (BODY[]"));
        for (size_t i = 1; i < n; i++)
            buf_add(&b, S(" BODY[]"));
        buf_addc(&b, ')');
        struct imap_reader r = {.rest = buf_str(&b), .arena = a};
        struct imap_fetch_args args;
        assert_int_equal(imap_fetch_args(&r, &args).kind,
                         n > IMAP_FETCH_ITEMS_MAX ? ERR_LIMIT : ERR_NONE);
    }
    for (size_t n = MIME_DEPTH_MAX; n <= MIME_DEPTH_MAX + 1; n++) {
        auto_buf struct buf b;
        buf_init(&b, 64 * 1024);
        buf_add(&b, S(" 1 BODY[1"));
        for (size_t i = 1; i < n; i++)
            buf_add(&b, S(".1"));
        buf_addc(&b, ']');
        struct imap_reader r = {.rest = buf_str(&b), .arena = a};
        struct imap_fetch_args args;
        assert_int_equal(imap_fetch_args(&r, &args).kind,
                         n > MIME_DEPTH_MAX ? ERR_LIMIT : ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_become_bits_and_sections),
        cmocka_unit_test(sections_keep_path_and_range),
        cmocka_unit_test(binary_and_preview_and_ids_are_read),
        cmocka_unit_test(broken_items_are_refused),
        cmocka_unit_test(limits_of_items_and_depth_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
