/* SPDX-License-Identifier: ISC */
#include "people/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = arena_new("test", 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static struct card parsed(struct arena *a, const char *text)
{
    struct card c;
    unsigned line;
    err e = card_parse(str_from(text), a, &c, &line);
    assert_false(failed(e));
    return c;
}

static const char person[] =
    "class: personal\nlogin: taro\nname_ja: 岩熊太郎\nname_en: TIWAKU Tarou\n"
    "affiliation: EPA\nguarantor: hanako\nemail: taro@example.org\n"
    "category: 大学院生\nauthorized_keys: ssh-ed25519 AAAA a\n"
    "authorized_keys: ssh-ed25519 BBBB b\nshoe_size: 27\n";

static void a_card_is_written_as_it_was_read_with_keys_nobody_knows(void **state)
{
    struct card c = parsed(*state, person);
    auto_buf struct buf b;
    buf_init(&b, CARD_TEXT_MAX);
    card_write(&c, &b);
    assert_int_equal(b.n, sizeof person - 1);
    assert_memory_equal(b.p, person, b.n);
    assert_true(card_is(&c, CARD_AUTHORIZED_KEYS, S("ssh-ed25519 AAAA a\nssh-ed25519 BBBB b")));
}

static void a_complete_card_is_fine(void **state)
{
    struct card c = parsed(*state, person);
    enum card_key key = CARD_KEYS;
    assert_false(failed(card_check(&c, &key)));
}

static void each_field_is_checked_and_named(void **state)
{
    static const struct {
        enum card_key key;
        const char *value;
    } bad[] = {
        {CARD_LOGIN, "Taro"},
        {CARD_LOGIN, "1taro"},
        {CARD_LOGIN, "ta-ro"},
        {CARD_LOGIN, "tаro"},
        {CARD_LOGIN, "root\nx"},
        {CARD_LOGIN, ""},
        {CARD_LOGIN, "ALL"},
        {CARD_NAME_EN, "岩熊"},
        {CARD_NAME_EN, ""},
        {CARD_NAME_JA, "a\x1b[31m"},
        {CARD_NAME_JA, "a\xe2\x80\xae"
                       "b"},
        {CARD_NAME_JA, "\xff"},
        {CARD_EMAIL, "nobody"},
        {CARD_EMAIL, "a@b@c"},
        {CARD_EMAIL, "a b@example.org"},
        {CARD_EMAIL, "a@.org"},
        {CARD_EMAIL, "<a@b.org>"},
        {CARD_GUARANTOR, "x y"},
        {CARD_MEMBERS, "a %all"},
        {CARD_CLASS, "system"},
        {CARD_CATEGORY, ""},
        {CARD_PHONE, "0\t1"},
        {CARD_AUTHORIZED_KEYS_SETTING, "replace"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct card c = parsed(*state, person);
        enum card_key key = CARD_KEYS;
        c.at[bad[i].key] = str_from(bad[i].value);
        assert_true(failed(card_check(&c, &key)));
        assert_int_equal(key, bad[i].key);
    }
}

static void a_line_that_is_none_is_refused_with_its_number(void **state)
{
    static const char *const texts[] = {"login: a\nnonsense\n", "login: a\nlogin: b\n",
                                        "login: a\nphone: \x01\n", "login: a\nphone: \xff\n"};
    for (size_t i = 0; i < 4; i++) {
        struct card c;
        unsigned line = 0;
        assert_true(failed(card_parse(str_from(texts[i]), *state, &c, &line)));
        assert_int_equal(line, 2);
    }
}

static void members_come_one_by_one(void **state)
{
    (void)state;
    str rest = S(" ann  bob carl ");
    str one;
    assert_true(card_member_next(&rest, &one) && str_eq(one, S("ann")));
    assert_true(card_member_next(&rest, &one) && str_eq(one, S("bob")));
    assert_true(card_member_next(&rest, &one) && str_eq(one, S("carl")));
    assert_false(card_member_next(&rest, &one));
}

static void times_are_read_as_they_are_written(void **state)
{
    int64_t t;
    assert_true(str_eq(time_text(*state, 1795557078), S("2026-11-24T21:51:18Z")));
    for (int64_t at = 0; at < 4000000000; at += 123456789) {
        assert_true(time_read(time_text(*state, at), &t));
        assert_int_equal(t, at);
    }
    assert_true(time_read(S("1970-01-02"), &t));
    assert_int_equal(t, 86400);
    assert_false(time_read(S("1970-13-02"), &t));
    assert_false(time_read(S("1970-01-02 00:00:00Z"), &t));
    assert_false(time_read(S(""), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_written_as_it_was_read_with_keys_nobody_knows),
        cmocka_unit_test(a_complete_card_is_fine),
        cmocka_unit_test(each_field_is_checked_and_named),
        cmocka_unit_test(a_line_that_is_none_is_refused_with_its_number),
        cmocka_unit_test(members_come_one_by_one),
        cmocka_unit_test(times_are_read_as_they_are_written),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
