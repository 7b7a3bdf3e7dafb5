/* SPDX-License-Identifier: ISC */
#include "wire/imap_search_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct arena *a;

static err parse(str text, struct imap_search_args *ret)
{
    struct imap_reader r = {.rest = text, .arena = a};
    return imap_search_args(&r, ret);
}

static void keys_become_nodes(void **state)
{
    (void)state;
    static const struct {
        str in;
        enum imap_key key;
        bool no;
        unsigned flag;
        int64_t number;
        str field, text;
    } table[] = {
        {S(" ALL"), IMAP_KEY_ALL, false, 0, 0, S(""), S("")},
        {S(" unseen"), IMAP_KEY_FLAG, true, IMAP_SEEN, 0, S(""), S("")},
        {S(" NOT UNSEEN"), IMAP_KEY_FLAG, false, IMAP_SEEN, 0, S(""), S("")},
        {S(" NOT NOT ALL"), IMAP_KEY_ALL, false, 0, 0, S(""), S("")},
        {S(" OLD"), IMAP_KEY_FLAG, true, IMAP_RECENT, 0, S(""), S("")},
        {S(" FROM \"a b\""), IMAP_KEY_HEADER, false, 0, 0, S("From"), S("a b")},
        {S(" HEADER X-Y {2}\r\nzz"), IMAP_KEY_HEADER, false, 0, 0, S("X-Y"), S("zz")},
        {S(" LARGER 100"), IMAP_KEY_LARGER, false, 0, 100, S(""), S("")},
        {S(" UNKEYWORD $Junk"), IMAP_KEY_KEYWORD, true, 0, 0, S(""), S("$Junk")},
        {S(" SINCE 2-Jan-1970"), IMAP_KEY_SINCE, false, 0, 86400, S(""), S("")},
        {S(" SENTON \"2-Jan-1970\""), IMAP_KEY_SENTON, false, 0, 86400, S(""), S("")},
        {S(" 1:3"), IMAP_KEY_SET, false, 0, 0, S(""), S("")},
        {S(" *"), IMAP_KEY_SET, false, 0, 0, S(""), S("")},
        {S(" UID 5"), IMAP_KEY_UID, false, 0, 0, S(""), S("")},
        {S(" $"), IMAP_KEY_SAVED, false, 0, 0, S(""), S("")},
        {S(" UID $"), IMAP_KEY_SAVED, false, 0, 0, S(""), S("")},
        {S(" OLDER 60"), IMAP_KEY_OLDER, false, 0, 60, S(""), S("")},
        {S(" NOT YOUNGER 4294967295"), IMAP_KEY_YOUNGER, true, 0, UINT32_MAX, S(""), S("")},
        {S(" SAVEDSINCE 2-Jan-1970"), IMAP_KEY_SAVEDSINCE, false, 0, 86400, S(""), S("")},
        {S(" savedatesupported"), IMAP_KEY_SAVEDATESUPPORTED, false, 0, 0, S(""), S("")},
        {S(" EMAILID M6d-99_x"), IMAP_KEY_EMAILID, false, 0, 0, S(""), S("M6d-99_x")},
        {S(" MODSEQ 720162338"), IMAP_KEY_MODSEQ, false, 0, 720162338, S(""), S("")},
        {S(" MODSEQ \"/flags/\\\\draft\" priv 0"), IMAP_KEY_MODSEQ, false, 0, 0, S(""), S("")},
        {S(" UIDAFTER 7"), IMAP_KEY_UIDAFTER, false, 0, 7, S(""), S("")},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_search_args args;
        assert_false(failed(parse(table[i].in, &args)));
        const struct imap_search *n = args.root->children;
        assert_int_equal(n->key, table[i].key);
        assert_int_equal(n->no, table[i].no);
        assert_int_equal(n->flag, table[i].flag);
        assert_int_equal(n->number, table[i].number);
        assert_true(str_eq(n->field, table[i].field));
        assert_true(str_eq(n->text, table[i].text));
    }
}

static void keys_nest(void **state)
{
    (void)state;
    struct imap_search_args args;
    assert_false(
        failed(parse(S(" CHARSET utf-8 OR (SEEN BODY x) NOT (TEXT y DELETED) UNSEEN"), &args)));
    assert_true(str_eq(args.charset, S("utf-8")));
    assert_int_equal(args.texts, 2);
    assert_true(args.needs_message && args.needs_body);
    const struct imap_search * or = args.root->children;
    assert_int_equal(or->key, IMAP_KEY_OR);
    assert_int_equal(or->children->key, IMAP_KEY_AND);
    assert_int_equal(or->children->children->next->key, IMAP_KEY_BODY);
    assert_true(or->children->next->no);
    assert_int_equal(or->next->key, IMAP_KEY_FLAG);
    assert_null(or->next->next);
}

static void broken_searches_are_refused(void **state)
{
    (void)state;
    static const str table[] = {
        S(""),
        S(" "),
        S(" NONSENSE"),
        S(" OR ALL"),
        S(" NOT"),
        S(" (ALL"),
        S(" ALL)"),
        S(" ()"),
        S(" FROM"),
        S(" HEADER x"),
        S(" SINCE tomorrow"),
        S(" LARGER x"),
        S(" CHARSET x"),
        S(" KEYWORD \"x\""),
        S(" UID"),
        S(" 1:"),
        S(" OLDER 0"),
        S(" YOUNGER 4294967296"),
        S(" SAVEDON yesterday"),
        S(" EMAILID a.b"),
        S(" THREADID \"\""),
        S(" MODSEQ 9223372036854775808"),
        S(" MODSEQ \"/comment\" all 1"),
        S(" MODSEQ \"/flags/x\" some 1"),
        S(" UIDBEFORE 1:2"),
        S(" $1"),
        S(" RETURN (ALL)"),
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct imap_search_args args;
        assert_int_equal(parse(table[i], &args).kind, ERR_SYNTAX);
    }
}

static void depth_and_number_have_limits(void **state)
{
    (void)state;
    struct imap_search_args args;
    for (size_t n = IMAP_DEPTH_MAX; n <= IMAP_DEPTH_MAX + 1; n++) {
        auto_buf struct buf b;
        buf_init(&b, 64 * 1024);
        buf_addc(&b, ' ');
        for (size_t i = 0; i < n; i++)
            buf_addc(&b, '(');
        buf_add(&b, S("ALL"));
        for (size_t i = 0; i < n; i++)
            buf_addc(&b, ')');
        assert_int_equal(parse(buf_str(&b), &args).kind, n > IMAP_DEPTH_MAX ? ERR_LIMIT : ERR_NONE);
    }
    for (size_t n = IMAP_SEARCH_KEYS_MAX - 1; n <= IMAP_SEARCH_KEYS_MAX; n++) {
        auto_buf struct buf b;
        buf_init(&b, 64 * 1024);
        for (size_t i = 0; i < n; i++)
            buf_add(&b, S(" ALL"));
        assert_int_equal(parse(buf_str(&b), &args).kind,
                         n >= IMAP_SEARCH_KEYS_MAX ? ERR_LIMIT : ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_become_nodes),
        cmocka_unit_test(keys_nest),
        cmocka_unit_test(broken_searches_are_refused),
        cmocka_unit_test(depth_and_number_have_limits),
    };
    a = arena_new("test", 4 << 20);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return rc;
}
