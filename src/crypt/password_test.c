/* SPDX-License-Identifier: ISC */
#include "crypt/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool matches(str stored, str password)
{
    bool match = false;
    err e = password_verify(stored, password, &match);
    assert_false(failed(e));
    return match;
}

/* Made by "doveadm pw" of Dovecot 2.3 for the password "tanstaaf tanstaaf". */
static void what_dovecot_stored_is_verified(void **state)
{
    (void)state;
    static const str stored[] = {
        S("{CRAM-MD5}89f9bd7c98e27f78cfaf14642b7ae3b948c76fedc6a3f688e05650ca8e55c073"),
        S("{SCRAM-SHA-1}4096,pwepsSaBwTPgO6hjRAoSpw==,mP5YXBENkbIoSZfFWSYgq/o8cVs=,"
          "/Md9JSZZ52rE8M95dRT7n27qBdc="),
        S("{SCRAM-SHA-256}4096,ZLer8VnLS9y7r+fe4s7bIw==,"
          "U3OGqWuksrMY+uOEJkQH1CpGvVzIPEtJ+U6TtDSsHvE=,"
          "frEdyTatVJlSSkbv+ldHlN0mWvtU+whXwZBYmW3TuqE="),
        S("{SHA512-CRYPT}$6$5AIWaWyKii5dyfg3$lGyZGp.595K.RxEXgr7KNqApG6SvItR7wayVoRwQo9w/"
          "1w68FFSsIPQ6SI90h9Jh9fAXu6XeBplebMSE8Z16f0"),
        S("{BLF-CRYPT}$2y$05$kPWk0v.NHwl96ze1iK/aMOj7cZuuZPpY0.b4BZMq/eQDNYXVWcGUK"),
        S("{MD5-CRYPT}$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//"),
        S("{CRYPT}$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//"),
        S("$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//"),
        S("{plain}tanstaaf tanstaaf"),
    };
    for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++) {
        assert_true(matches(stored[i], S("tanstaaf tanstaaf")));
        assert_false(matches(stored[i], S("tanstaaf tanstaa")));
        assert_false(matches(stored[i], S("tanstaaf tanstaaf\0x")));
        assert_false(matches(stored[i], S("")));
    }
}

static void what_we_make_is_verified_and_never_the_same_twice(void **state)
{
    (void)state;
    static const char *const begin[] = {"$y$", "$6$", "$2b$"};
    for (enum password_scheme s = PASSWORD_YESCRYPT; s <= PASSWORD_BCRYPT; s++) {
        auto_buf struct buf a, b;
        buf_init(&a, PASSWORD_STORED_MAX);
        buf_init(&b, PASSWORD_STORED_MAX);
        assert_false(failed(password_make(s, S("p\xc3\xa4ss"), &a)));
        assert_false(failed(password_make(s, S("p\xc3\xa4ss"), &b)));
        assert_true(str_starts(buf_str(&a), str_from(begin[s])));
        assert_false(str_eq(buf_str(&a), buf_str(&b)));
        assert_true(matches(buf_str(&a), S("p\xc3\xa4ss")));
        assert_false(matches(buf_str(&a), S("p\xc3\xa4s")));
    }
}

static void locked_accounts_match_nothing(void **state)
{
    (void)state;
    assert_false(matches(S("*"), S("*")));
    assert_false(matches(S("!"), S("!")));
    assert_false(matches(S("!$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//"), S("tanstaaf tanstaaf")));
    assert_false(matches(S(""), S("x")));
    assert_false(matches(S(""), S("")));
    assert_false(matches(S("{PLAIN}"), S("")));
}

static void unreadable_or_oversized_is_an_error_not_a_match(void **state)
{
    (void)state;
    bool match = false;
    char big[PASSWORD_MAX + 1];
    memset(big, 'x', sizeof big);
    assert_int_equal(password_verify(S("{ROT13}abc"), S("x"), &match).kind, ERR_SYNTAX);
    assert_int_equal(password_verify(S("?nonsense"), S("x"), &match).kind, ERR_SYNTAX);
    assert_int_equal(password_verify(S("$9$x$y"), S("x"), &match).kind, ERR_SYNTAX);
    assert_int_equal(password_verify(S("{CRAM-MD5}00"), S("x"), &match).kind, ERR_SYNTAX);
    assert_int_equal(password_verify(S("*"), str_of(big, sizeof big), &match).kind, ERR_LIMIT);
    auto_buf struct buf out;
    buf_init(&out, PASSWORD_STORED_MAX);
    assert_int_equal(password_make(PASSWORD_YESCRYPT, S(""), &out).kind, ERR_SYNTAX);
    assert_int_equal(password_make(PASSWORD_YESCRYPT, S("a\0b"), &out).kind, ERR_SYNTAX);
}

static void a_decoy_has_the_kind_of_the_real_one(void **state)
{
    (void)state;
    auto_buf struct buf out;
    buf_init(&out, PASSWORD_STORED_MAX);
    assert_false(failed(password_decoy(S("$1$8IdRqtm0$tpLlJnVgyWBafcX6g2YA//"), &out)));
    assert_true(str_starts(buf_str(&out), S("$1$8IdRqtm0$")));
    assert_false(matches(buf_str(&out), S("tanstaaf tanstaaf")));
    buf_reset(&out);
    assert_false(failed(password_decoy(S("*"), &out)));
    assert_true(str_starts(buf_str(&out), S("$y$")));
}

/* RFC 2195 2. */
static void cram_md5_answers_as_published(void **state)
{
    (void)state;
    char hex[33], text[65];
    struct cram_md5_key key = cram_md5_key_of(S("tanstaaftanstaaf"));
    cram_md5_answer(&key, S("<1896.697170952@postoffice.reston.mci.net>"), hex);
    assert_string_equal(hex, "b913a602c7eda7a495b4e6e7334d3890");
    struct cram_md5_key again;
    cram_md5_key_hex(&key, text);
    assert_false(failed(cram_md5_key_parse(str_from(text), &again)));
    cram_md5_answer(&again, S("<1896.697170952@postoffice.reston.mci.net>"), hex);
    assert_string_equal(hex, "b913a602c7eda7a495b4e6e7334d3890");
}

/* RFC 1939 7. */
static void apop_answers_as_published(void **state)
{
    (void)state;
    char hex[33];
    apop_answer(S("<1896.697170952@dbc.mtview.ca.us>"), S("tanstaaf"), hex);
    assert_string_equal(hex, "c4c9334bac560ecc979e58001b3e22fb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_dovecot_stored_is_verified),
        cmocka_unit_test(what_we_make_is_verified_and_never_the_same_twice),
        cmocka_unit_test(locked_accounts_match_nothing),
        cmocka_unit_test(unreadable_or_oversized_is_an_error_not_a_match),
        cmocka_unit_test(a_decoy_has_the_kind_of_the_real_one),
        cmocka_unit_test(cram_md5_answers_as_published),
        cmocka_unit_test(apop_answers_as_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
