/* SPDX-License-Identifier: ISC */
#include "crypt/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/secret.h"

static void expect_hex(struct digest d, const char *want)
{
    char hex[2 * HASH_SIZE_MAX + 1];
    digest_hex(&d, hex);
    assert_string_equal(hex, want);
}

/* RFC 1321 A.5, RFC 3174 7.3, FIPS 180 examples. */
static void hashes_give_the_published_values(void **state)
{
    (void)state;
    expect_hex(hash_of(HASH_MD5, S("")), "d41d8cd98f00b204e9800998ecf8427e");
    expect_hex(hash_of(HASH_MD5, S("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
    expect_hex(hash_of(HASH_SHA1, S("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    expect_hex(hash_of(HASH_SHA256, S("abc")),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void pieces_hash_like_the_whole(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof text);
    for (enum hash_kind kind = HASH_MD5; kind <= HASH_SHA256; kind++) {
        struct digest whole = hash_of(kind, str_of(text, sizeof text));
        for (size_t cut = 0; cut <= sizeof text; cut += 13) {
            struct hash h;
            hash_init(&h, kind);
            hash_add(&h, str_of(text, cut));
            hash_add(&h, str_of(text + cut, sizeof text - cut));
            struct digest d = hash_end(&h);
            assert_true(secret_equal(digest_str(&d), digest_str(&whole)));
        }
        assert_int_equal(whole.n, hash_size(kind));
    }
}

/* RFC 2202 2 and 3, RFC 4231 4. */
static void hmac_gives_the_published_values(void **state)
{
    (void)state;
    expect_hex(hmac_of(HASH_MD5, S("Jefe"), S("what do ya want for nothing?")),
               "750c783e6ab0b503eaa86e310a5db738");
    expect_hex(hmac_of(HASH_SHA1, S("Jefe"), S("what do ya want for nothing?")),
               "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    expect_hex(hmac_of(HASH_SHA256, S("Jefe"), S("what do ya want for nothing?")),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void a_key_longer_than_a_block_is_hashed_first(void **state)
{
    (void)state;
    char key[131];
    memset(key, 0xaa, sizeof key);
    str text = S("Test Using Larger Than Block-Size Key - Hash Key First");
    expect_hex(hmac_of(HASH_SHA256, str_of(key, 131), text),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    expect_hex(hmac_of(HASH_SHA1, str_of(key, 80), text),
               "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    expect_hex(hmac_of(HASH_MD5, str_of(key, 80), text), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
}

/* RFC 6070 2; RFC 7914 11 (first 32 octets). */
static void pbkdf2_gives_the_published_values(void **state)
{
    (void)state;
    expect_hex(hash_pbkdf2(HASH_SHA1, S("password"), S("salt"), 1),
               "0c60c80f961f0e71f3a9b524af6012062fe037a6");
    expect_hex(hash_pbkdf2(HASH_SHA1, S("password"), S("salt"), 4096),
               "4b007901b765489abead49d926f721d065a429c1");
    expect_hex(hash_pbkdf2(HASH_SHA256, S("passwd"), S("salt"), 1),
               "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
}

static void secrets_are_equal_only_when_every_byte_is(void **state)
{
    (void)state;
    assert_true(secret_equal(S(""), S("")));
    assert_true(secret_equal(S("abc"), S("abc")));
    assert_false(secret_equal(S("abc"), S("abd")));
    assert_false(secret_equal(S("abc"), S("abcd")));
}

static void random_text_is_text_and_differs(void **state)
{
    (void)state;
    char a[24], b[24];
    random_text(a, sizeof a);
    random_text(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    for (size_t i = 0; i < sizeof a; i++)
        assert_true(char_is_alpha(a[i]) || char_is_digit(a[i]) || a[i] == '+' || a[i] == '/');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_give_the_published_values),
        cmocka_unit_test(pieces_hash_like_the_whole),
        cmocka_unit_test(hmac_gives_the_published_values),
        cmocka_unit_test(a_key_longer_than_a_block_is_hashed_first),
        cmocka_unit_test(pbkdf2_gives_the_published_values),
        cmocka_unit_test(secrets_are_equal_only_when_every_byte_is),
        cmocka_unit_test(random_text_is_text_and_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
