/* SPDX-License-Identifier: ISC */
#include "crypt/scram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/secret.h"

/* The conversations of RFC 5802 5 and RFC 7677 3; keys as Dovecot would store them. */
static const struct example {
    enum hash_kind hash;
    str keys, auth_message;
    const char *proof_hex, *signature_hex;
} examples[] = {
    {HASH_SHA1,
     S("4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE="),
     S("n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
       "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
       "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"),
     "bf45fcbf7073d93d022466c94321745fe1c8e13b", "ae617da6a57c4bbb2e0286568dae1d251905b0a4"},
    {HASH_SHA256,
     S("4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
       "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="),
     S("n=user,r=rOprNGfwEbeRWgbNEkqO,"
       "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,"
       "i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"),
     "747cdb65aa56224e2352137e52d7bdcad6a0f738df30782caa69a2cfb0277554",
     "eabae24d1062db75a9451ff0b6ea7e98c8546549ff741e672d3251b2397de46e"},
};

static void expect_hex(const struct digest *d, const char *want)
{
    char hex[2 * HASH_SIZE_MAX + 1];
    digest_hex(d, hex);
    assert_string_equal(hex, want);
}

static void the_published_conversations_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const struct example *x = &examples[i];
        struct scram_keys k, made;
        assert_false(failed(scram_keys_parse(x->hash, x->keys, &k)));
        struct digest signature;
        struct digest proof = scram_client_proof(x->hash, S("pencil"), scram_salt(&k), k.iterations,
                                                 x->auth_message, &signature);
        expect_hex(&proof, x->proof_hex);
        expect_hex(&signature, x->signature_hex);
        assert_true(scram_proof_is_right(&k, x->auth_message, digest_str(&proof)));
        struct digest ours = scram_server_signature(&k, x->auth_message);
        assert_true(secret_equal(digest_str(&ours), digest_str(&signature)));
        scram_derive(x->hash, S("pencil"), scram_salt(&k), k.iterations, &made);
        auto_buf struct buf text;
        buf_init(&text, 512);
        scram_keys_write(&made, &text);
        assert_true(str_eq(buf_str(&text), x->keys));
    }
}

static void any_flipped_bit_spoils_the_proof(void **state)
{
    (void)state;
    const struct example *x = &examples[1];
    struct scram_keys k;
    assert_false(failed(scram_keys_parse(x->hash, x->keys, &k)));
    struct digest signature;
    struct digest proof = scram_client_proof(x->hash, S("pencil"), scram_salt(&k), k.iterations,
                                             x->auth_message, &signature);
    for (size_t bit = 0; bit < 8 * proof.n; bit++) {
        struct digest bad = proof;
        bad.at[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_false(scram_proof_is_right(&k, x->auth_message, digest_str(&bad)));
    }
    assert_false(scram_proof_is_right(&k, x->auth_message, str_slice(digest_str(&proof), 0, 31)));
    assert_false(scram_proof_is_right(&k, x->auth_message, S("")));
}

static void damaged_keys_are_refused(void **state)
{
    (void)state;
    static const str bad[] = {
        S(""),
        S("4096"),
        S("4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y="),
        S("1,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE="),
        S("4294967297,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/"
          "fTE="),
        S("4096,,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE="),
        S("4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g==,D+CSWLOshSulAsxiupA+qs2/fTE="),
        S("4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=,x"),
        S("4096,Q!XCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE="),
    };
    struct scram_keys k;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(scram_keys_parse(HASH_SHA1, bad[i], &k).kind, ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_conversations_hold),
        cmocka_unit_test(any_flipped_bit_spoils_the_proof),
        cmocka_unit_test(damaged_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
