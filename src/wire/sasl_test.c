/* SPDX-License-Identifier: ISC */
#include "wire/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void same(str got, str want)
{
    if (!str_eq(got, want))
        print_error("got \"%.*s\" want \"%.*s\"\n", STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

/* RFC 4616 4. */
static void plain_has_three_parts(void **state)
{
    (void)state;
    struct sasl_plain p;
    assert_false(failed(sasl_plain_parse(S("\0tim\0tanstaaftanstaaf"), &p)));
    same(p.authzid, S(""));
    same(p.authcid, S("tim"));
    same(p.password, S("tanstaaftanstaaf"));
    assert_false(failed(sasl_plain_parse(S("Ursel\0Kurt\0xipj3plmq"), &p)));
    same(p.authzid, S("Ursel"));
    auto_buf struct buf b;
    buf_init(&b, SASL_BLOB_MAX);
    assert_false(failed(sasl_plain_write(&p, &b)));
    same(buf_str(&b), S("Ursel\0Kurt\0xipj3plmq"));
}

static void plain_refuses_what_is_missing_too_much_or_too_long(void **state)
{
    (void)state;
    struct sasl_plain p;
    static const str bad[] = {S(""),           S("tim"),     S("\0tim"),     S("\0tim\0"),
                              S("\0\0secret"), S("\0\0"),    S("\0a\0b\0c"), S("\0a\0b\0"),
                              S("a\0\0b"),     S("\0\0\0\0")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sasl_plain_parse(bad[i], &p).kind, ERR_SYNTAX);
    char big[SASL_BLOB_MAX + 1];
    memset(big, 'x', sizeof big);
    assert_int_equal(sasl_plain_parse(str_of(big, sizeof big), &p).kind, ERR_LIMIT);
    big[0] = big[2] = '\0';
    assert_int_equal(sasl_plain_parse(str_of(big, 3 + SASL_PASSWORD_MAX), &p).kind, ERR_NONE);
    assert_int_equal(sasl_plain_parse(str_of(big, 4 + SASL_PASSWORD_MAX), &p).kind, ERR_LIMIT);
    big[2] = 'x';
    big[1 + SASL_NAME_MAX] = '\0';
    assert_int_equal(sasl_plain_parse(str_of(big, 3 + SASL_NAME_MAX), &p).kind, ERR_NONE);
    big[1 + SASL_NAME_MAX] = 'x';
    big[2 + SASL_NAME_MAX] = '\0';
    assert_int_equal(sasl_plain_parse(str_of(big, 4 + SASL_NAME_MAX), &p).kind, ERR_LIMIT);
}

/* RFC 2195 2. */
static void a_digest_follows_the_last_space(void **state)
{
    (void)state;
    struct sasl_digest d;
    assert_false(failed(sasl_digest_parse(S("tim b913a602c7eda7a495b4e6e7334d3890"), &d)));
    same(d.user, S("tim"));
    same(d.hex, S("b913a602c7eda7a495b4e6e7334d3890"));
    assert_false(failed(sasl_digest_parse(S("two words b913a602c7eda7a495b4e6e7334d3890"), &d)));
    same(d.user, S("two words"));
    static const str bad[] = {S(""),
                              S("tim"),
                              S(" b913a602c7eda7a495b4e6e7334d3890"),
                              S("tim b913a602c7eda7a495b4e6e7334d389"),
                              S("tim b913a602c7eda7a495b4e6e7334d38900"),
                              S("tim B913A602C7EDA7A495B4E6E7334D3890"),
                              S("tim b913a602c7eda7a495b4e6e7334d389 "),
                              S("t\0m b913a602c7eda7a495b4e6e7334d3890")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(sasl_digest_parse(bad[i], &d).kind, ERR_SYNTAX);
    auto_buf struct buf b;
    buf_init(&b, 200);
    sasl_challenge_write(S("1896"), 697170952, S("postoffice.reston.mci.net"), &b);
    same(buf_str(&b), S("<1896.697170952@postoffice.reston.mci.net>"));
}

/* RFC 7677 3, both sides' messages in order. */
static void the_published_scram_conversation_is_read_and_written(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    str first = S("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    str challenge = S("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                      "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    str final = S("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                  "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    str outcome = S("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    struct sasl_scram_first f;
    struct sasl_scram_challenge c;
    struct sasl_scram_final l;
    struct sasl_scram_outcome o;
    auto_buf struct buf b;
    buf_init(&b, SASL_BLOB_MAX);

    assert_false(failed(sasl_scram_first_parse(a, first, &f)));
    same(f.user, S("user"));
    same(f.nonce, S("rOprNGfwEbeRWgbNEkqO"));
    same(f.gs2_header, S("n,,"));
    same(f.bare, S("n=user,r=rOprNGfwEbeRWgbNEkqO"));
    assert_false(failed(sasl_scram_first_write(&f, &b)));
    same(buf_str(&b), first);

    assert_false(failed(sasl_scram_challenge_parse(a, challenge, &c)));
    assert_int_equal(c.iterations, 4096);
    assert_int_equal(c.salt.n, 16);
    buf_reset(&b);
    sasl_scram_challenge_write(&c, &b);
    same(buf_str(&b), challenge);

    assert_false(failed(sasl_scram_final_parse(a, final, &l)));
    same(l.binding, S("n,,"));
    same(l.nonce, c.nonce);
    assert_int_equal(l.proof.n, 32);
    buf_reset(&b);
    sasl_scram_final_write(&l, &b);
    same(buf_str(&b), l.without_proof);
    sasl_scram_proof_write(l.proof, &b);
    same(buf_str(&b), final);

    assert_false(failed(sasl_scram_outcome_parse(a, outcome, &o)));
    assert_int_equal(o.signature.n, 32);
    buf_reset(&b);
    sasl_scram_outcome_write(&o, &b);
    same(buf_str(&b), outcome);
    assert_false(failed(sasl_scram_outcome_parse(a, S("e=invalid-proof"), &o)));
    same(o.error, S("invalid-proof"));
}

static void channel_binding_and_names_are_understood(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct sasl_scram_first f;
    str text = S("p=tls-exporter,a=adm=2Cin,n=a=3Db=2Cc,r=xyz,e=1");
    assert_false(failed(sasl_scram_first_parse(a, text, &f)));
    assert_int_equal(f.binding, SASL_BINDING_USED);
    same(f.binding_name, S("tls-exporter"));
    same(f.authzid, S("adm,in"));
    same(f.user, S("a=b,c"));
    same(f.gs2_header, S("p=tls-exporter,a=adm=2Cin,"));
    auto_buf struct buf b;
    buf_init(&b, SASL_BLOB_MAX);
    assert_false(failed(sasl_scram_first_write(&f, &b)));
    same(buf_str(&b), S("p=tls-exporter,a=adm=2Cin,n=a=3Db=2Cc,r=xyz"));
    assert_false(failed(sasl_scram_first_parse(a, S("y,,n=u,r=x"), &f)));
    assert_int_equal(f.binding, SASL_BINDING_UNSEEN);
}

static void scram_refuses_what_is_off_the_grammar(void **state)
{
    (void)state;
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    static const str firsts[] = {S(""),
                                 S("n,,"),
                                 S("n,,n=u"),
                                 S("n,,r=x,n=u"),
                                 S("x,,n=u,r=x"),
                                 S("p=,,n=u,r=x"),
                                 S("p=a b,,n=u,r=x"),
                                 S("n,b=x,n=u,r=x"),
                                 S("n,a=,n=u,r=x"),
                                 S("n,,n=,r=x"),
                                 S("n,,n=u=2c,r=x"),
                                 S("n,,n=u=,r=x"),
                                 S("n,,n=u,r="),
                                 S("n,,n=u,r=\x01"),
                                 S("n,,n=u,r=x y"),
                                 S("n,,m=1,n=u,r=x"),
                                 S("n,,n=u,r=x,m=1"),
                                 S("n,,n=u,r=x,1=2"),
                                 S("n,,n=u\0v,r=x"),
                                 S("n,,n=u,r=\xc3\xa4")};
    struct sasl_scram_first f;
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++)
        assert_int_equal(sasl_scram_first_parse(a, firsts[i], &f).kind, ERR_SYNTAX);
    static const str finals[] = {S(""),
                                 S("c=biws,r=x"),
                                 S("c=biws,p=eA=="),
                                 S("r=x,c=biws,p=eA=="),
                                 S("c=,r=x,p=eA=="),
                                 S("c=biws,r=x,p="),
                                 S("c=biws,r=x,p=!!!!"),
                                 S("c=biws,r=x,p=eA==,z=1")};
    struct sasl_scram_final l;
    for (size_t i = 0; i < sizeof finals / sizeof finals[0]; i++)
        assert_int_equal(sasl_scram_final_parse(a, finals[i], &l).kind, ERR_SYNTAX);
    struct sasl_scram_challenge c;
    static const str challenges[] = {S("r=x,s=eA==,i=0"), S("r=x,s=eA==,i=-1"),
                                     S("r=x,s=,i=1"),     S("s=eA==,r=x,i=1"),
                                     S("r=x,s=eA=="),     S("m=1,r=x,s=eA==,i=1")};
    for (size_t i = 0; i < sizeof challenges / sizeof challenges[0]; i++)
        assert_int_equal(sasl_scram_challenge_parse(a, challenges[i], &c).kind, ERR_SYNTAX);
    assert_int_equal(sasl_scram_challenge_parse(a, S("r=x,s=eA==,i=1000001"), &c).kind, ERR_LIMIT);
    struct sasl_scram_outcome o;
    assert_int_equal(sasl_scram_outcome_parse(a, S("v="), &o).kind, ERR_SYNTAX);
    assert_int_equal(sasl_scram_outcome_parse(a, S("e="), &o).kind, ERR_SYNTAX);
    assert_int_equal(sasl_scram_outcome_parse(a, S("x=1"), &o).kind, ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_has_three_parts),
        cmocka_unit_test(plain_refuses_what_is_missing_too_much_or_too_long),
        cmocka_unit_test(a_digest_follows_the_last_space),
        cmocka_unit_test(the_published_scram_conversation_is_read_and_written),
        cmocka_unit_test(channel_binding_and_names_are_understood),
        cmocka_unit_test(scram_refuses_what_is_off_the_grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
