/* SPDX-License-Identifier: ISC */
#include "auth/conversation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypt/hash.h"
#include "ipc/witness.h"
#include "os/clock.h"
#include "os/file.h"
#include "wire/sasl.h"

/* The users of the RFCs' examples: "user" has the SCRAM keys of "pencil" (RFC 5802 5, RFC 7677
 * 3), "tim" the secret of RFC 2195 2, "mrose" that of RFC 1939 7. */
#define FILE_TEXT                                                                                  \
    "twinpost-credentials 1\n"                                                                     \
    "user\tscram-sha-1=4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,"                        \
    "D+CSWLOshSulAsxiupA+qs2/fTE=\tscram-sha-256=4096,W22ZaJ0SNY7soEsUEjb6gQ==,"                   \
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=\n"  \
    "tim\tsecret=dGFuc3RhYWZ0YW5zdGFhZg==\n"                                                       \
    "mrose\tsecret=dGFuc3RhYWY=\n"                                                                 \
    "keyless\thash=*\n"

struct fixture {
    struct login_house house;
    struct credentials *credentials;
    struct arena *a;
};

static const char *next_nonce;
static size_t fixed_nonce(char *p, size_t n)
{
    assert_true(strlen(next_nonce) <= n);
    memcpy(p, next_nonce, strlen(next_nonce));
    return strlen(next_nonce);
}

static bool is_local(void *ctx, str domain)
{
    (void)ctx;
    return str_eq(domain, S("example.test"));
}

static int setup(void **state)
{
    char path[] = "/tmp/twp-auth-XXXXXX";
    struct fixture *f = calloc(1, sizeof *f);
    auto_fd int dir = -1;
    if (mkdtemp(path) == NULL || failed(dir_open(AT_FDCWD, path, &dir)) ||
        failed(file_replace(dir, "credentials", S(FILE_TEXT), 0600)) ||
        failed(credentials_load(dir, NULL, NULL, &f->credentials)) ||
        failed(file_unlink(dir, "credentials")))
        return -1;
    rmdir(path);
    f->house = (struct login_house){
        .credentials = f->credentials, .host = S("mail.example.test"), .is_local = is_local};
    f->a = arena_new("test", 1 << 20);
    *state = f;
    return credentials_count(f->credentials) == 4 ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    credentials_free(f->credentials);
    arena_free(f->a);
    free(f);
    return 0;
}

static struct auth_start ask(const char *mechanism, bool tls)
{
    return (struct auth_start){.sid = S("s"),
                               .service = SERVICE_IMAP,
                               .mechanism = str_from(mechanism),
                               .peer_ip = S("192.0.2.1"),
                               .tls = tls};
}

static struct auth_start ask_with(const char *mechanism, bool tls, str initial)
{
    struct auth_start s = ask(mechanism, tls);
    s.has_initial = 1;
    s.initial = initial;
    return s;
}

static void expect(str got, str want)
{
    if (!str_eq(got, want))
        print_error("got \"%.*s\" want \"%.*s\"\n", STR_ARG(got), STR_ARG(want));
    assert_true(str_eq(got, want));
}

/* Runs a login whose one message is the initial response. */
static enum auth_outcome one_message(struct fixture *f, const char *mechanism, str blob)
{
    struct conversation c;
    struct auth_start s = ask_with(mechanism, false, blob);
    s.timestamp = S("<1896.697170952@dbc.mtview.ca.us>");
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_DONE);
    enum auth_outcome o = c.outcome;
    conversation_done(&c);
    return o;
}

/* ---- the published conversations ---- */

static void scram_example(struct fixture *f, const char *mechanism, const char *nonce,
                          const str messages[4])
{
    struct conversation c;
    next_nonce = nonce;
    f->house.nonce = fixed_nonce;
    struct auth_start s = ask_with(mechanism, false, messages[0]);
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHALLENGE);
    expect(c.blob, messages[1]);
    assert_int_equal(conversation_step(&c, messages[2]), NEXT_DONE);
    assert_int_equal(c.outcome, AUTH_OK);
    expect(c.user, S("user"));
    expect(c.blob, messages[3]);
    assert_int_equal(conversation_step(&c, messages[2]), NEXT_DONE);
    conversation_done(&c);
}

static void scram_goes_as_published(void **state)
{
    struct fixture *f = *state;
    scram_example(
        f, "SCRAM-SHA-1", "3rfcNHYJY1ZVvWVs7j",
        (const str[]){S("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"),
                      S("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"),
                      S("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
                        "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
                      S("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")});
    scram_example(f, "SCRAM-SHA-256", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                  (const str[]){S("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
                                S("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                  "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
                                S("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                  "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
                                S("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")});
}

static void cram_md5_goes_as_published(void **state)
{
    struct fixture *f = *state;
    struct conversation c;
    f->house.host = S("postoffice.reston.mci.net");
    f->house.nonce = fixed_nonce;
    next_nonce = "1896";
    clock_freeze_for_test(697170952);
    struct auth_start s = ask("CRAM-MD5", false);
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHALLENGE);
    clock_freeze_for_test(-1);
    expect(c.blob, S("<1896.697170952@postoffice.reston.mci.net>"));
    assert_int_equal(conversation_step(&c, S("tim b913a602c7eda7a495b4e6e7334d3890")), NEXT_DONE);
    assert_int_equal(c.outcome, AUTH_OK);
    conversation_done(&c);
    assert_int_equal(one_message(f, "CRAM-MD5", S("tim b913a602c7eda7a495b4e6e7334d3890")),
                     AUTH_SYNTAX);
}

static void apop_goes_as_published(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(one_message(f, "APOP", S("mrose c4c9334bac560ecc979e58001b3e22fb")), AUTH_OK);
    assert_int_equal(one_message(f, "APOP", S("mrose c4c9334bac560ecc979e58001b3e22fc")), AUTH_BAD);
    assert_int_equal(one_message(f, "APOP", S("user c4c9334bac560ecc979e58001b3e22fb")), AUTH_BAD);
    /* MD5 of the greeting alone: a user without a secret must not be one with an empty secret. */
    char hex[33];
    apop_answer(S("<1896.697170952@dbc.mtview.ca.us>"), S(""), hex);
    assert_int_equal(one_message(f, "APOP", arena_printf(f->a, "user %s", hex)), AUTH_BAD);
    assert_int_equal(one_message(f, "APOP", arena_printf(f->a, "nobody %s", hex)), AUTH_BAD);
}

/* ---- plain text ---- */

static void plain_and_login_lead_to_a_check(void **state)
{
    struct fixture *f = *state;
    struct conversation c;
    struct auth_start s = ask_with("PLAIN", true, S("\0tim@example.test\0pass word"));
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHECK);
    expect(c.user, S("tim"));
    expect(c.password, S("pass word"));
    conversation_checked(&c, true);
    assert_int_equal(c.outcome, AUTH_OK);
    conversation_done(&c);

    s = ask("PLAIN", true);
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHALLENGE);
    assert_int_equal(c.blob.n, 0);
    assert_int_equal(conversation_step(&c, S("tim\0tim\0x")), NEXT_CHECK);
    conversation_checked(&c, false);
    assert_int_equal(c.outcome, AUTH_BAD);
    conversation_done(&c);

    s = ask("LOGIN", true);
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHALLENGE);
    expect(c.blob, S("Username:"));
    assert_int_equal(conversation_step(&c, S("tim@elsewhere.test")), NEXT_CHALLENGE);
    expect(c.blob, S("Password:"));
    assert_int_equal(conversation_step(&c, S("x")), NEXT_CHECK);
    expect(c.user, S("tim@elsewhere.test"));
    conversation_done(&c);

    s = ask_with("LOGIN", true, S("tim"));
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHALLENGE);
    expect(c.blob, S("Password:"));
    conversation_done(&c);
}

static void plain_text_needs_tls_or_loopback_and_says_so(void **state)
{
    struct fixture *f = *state;
    struct conversation c;
    static const struct {
        const char *mechanism;
        str peer;
        bool tls, allow, wanted;
    } cases[] = {
        {"PLAIN", S("192.0.2.1"), false, false, false},
        {"PLAIN", S("192.0.2.1"), true, false, true},
        {"PLAIN", S("127.0.0.1"), false, false, true},
        {"PLAIN", S("::1"), false, false, true},
        {"LOGIN", S("2001:db8::1"), false, false, false},
        {"LOGIN", S("192.0.2.1"), false, true, true},
        {"LOGIN", S(""), false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f->house.allow_plaintext = cases[i].allow;
        struct auth_start s = ask(cases[i].mechanism, cases[i].tls);
        s.peer_ip = cases[i].peer;
        bool asked = conversation_start(&c, &f->house, &s) == NEXT_CHALLENGE;
        assert_int_equal(asked, cases[i].wanted);
        if (!asked) {
            assert_int_equal(c.outcome, AUTH_NEEDS_TLS);
            assert_non_null(strstr(c.text, "use encrypted password"));
        }
        conversation_done(&c);
    }
}

/* ---- names that nobody has ---- */

static void an_unknown_name_is_asked_like_a_known_one(void **state)
{
    struct fixture *f = *state;
    str salts[2];
    for (int i = 0; i < 2; i++) {
        struct conversation c;
        struct sasl_scram_challenge m;
        struct auth_start s = ask_with("SCRAM-SHA-256", false, S("n,,n=nobody,r=abc"));
        assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHALLENGE);
        assert_false(failed(sasl_scram_challenge_parse(f->a, c.blob, &m)));
        salts[i] = m.salt;
        assert_int_equal(m.iterations, SCRAM_ITERATIONS);
        str final = arena_printf(
            f->a, "c=biws,r=%.*s,p=eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", STR_ARG(m.nonce));
        assert_int_equal(conversation_step(&c, final), NEXT_DONE);
        assert_int_equal(c.outcome, AUTH_BAD);
        assert_string_equal(c.text, "wrong name or password");
        conversation_done(&c);
    }
    expect(salts[0], salts[1]);
}

static void a_user_without_the_keys_fails_like_any_other(void **state)
{
    struct fixture *f = *state;
    struct conversation c;
    struct auth_start s = ask("CRAM-MD5", false);
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_CHALLENGE);
    assert_int_equal(conversation_step(&c, S("keyless b913a602c7eda7a495b4e6e7334d3890")),
                     NEXT_DONE);
    assert_int_equal(c.outcome, AUTH_BAD);
    assert_string_equal(c.text, "wrong name or password");
    conversation_done(&c);
}

/* ---- channel binding ---- */

/* A client that knows the password: answers whatever the server's challenge is. */
static str scram_answer(struct fixture *f, str gs2, str channel, str bare, str challenge)
{
    struct sasl_scram_challenge m;
    struct digest signature;
    auto_buf struct buf text, out;
    buf_init(&text, 8192);
    buf_init(&out, 8192);
    assert_false(failed(sasl_scram_challenge_parse(f->a, challenge, &m)));
    str bound = arena_printf(f->a, "%.*s%.*s", STR_ARG(gs2), STR_ARG(channel));
    sasl_scram_final_write(&(struct sasl_scram_final){.binding = bound, .nonce = m.nonce}, &out);
    sasl_scram_signed(bare, challenge, buf_str(&out), &text);
    struct digest proof = scram_client_proof(HASH_SHA256, S("pencil"), m.salt, m.iterations,
                                             buf_str(&text), &signature);
    sasl_scram_proof_write(digest_str(&proof), &out);
    return arena_copy(f->a, buf_str(&out));
}

static void a_bound_login_holds_on_its_own_channel_only(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *mechanism;
        str gs2, client_channel;
        bool tls, ok;
    } cases[] = {
        {"SCRAM-SHA-256-PLUS", S("p=tls-exporter,,"), S("exporter"), true, true},
        {"SCRAM-SHA-256-PLUS", S("p=tls-server-end-point,,"), S("endpoint"), true, true},
        {"SCRAM-SHA-256-PLUS", S("p=tls-exporter,,"), S("other"), true, false},
        {"SCRAM-SHA-256-PLUS", S("p=tls-unique,,"), S("exporter"), true, false},
        {"SCRAM-SHA-256-PLUS", S("p=tls-unique,,"), S("unique"), true, true},
        {"SCRAM-SHA-256-PLUS", S("p=tls-odd,,"), S("exporter"), true, false},
        {"SCRAM-SHA-256-PLUS", S("p=tls-exporter,,"), S(""), false, false},
        {"SCRAM-SHA-256-PLUS", S("n,,"), S(""), true, false},
        {"SCRAM-SHA-256", S("p=tls-exporter,,"), S("exporter"), true, false},
        {"SCRAM-SHA-256", S("y,,"), S(""), true, false}, /* RFC 5802 6: a downgrade */
        {"SCRAM-SHA-256", S("y,,"), S(""), false, true},
        {"SCRAM-SHA-256", S("n,,"), S(""), true, true},
        {"SCRAM-SHA-256", S("n,a=user,"), S(""), true, true},
        {"SCRAM-SHA-256", S("n,a=root,"), S(""), true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct conversation c;
        str bare = S("n=user,r=abcdef");
        str first = arena_printf(f->a, "%.*s%.*s", STR_ARG(cases[i].gs2), STR_ARG(bare));
        struct auth_start s = ask_with(cases[i].mechanism, cases[i].tls, first);
        if (cases[i].tls) {
            s.tls_exporter = S("exporter");
            s.tls_endpoint = S("endpoint");
            s.tls_unique = S("unique");
        }
        enum conversation_next next = conversation_start(&c, &f->house, &s);
        if (next == NEXT_CHALLENGE)
            next = conversation_step(
                &c, scram_answer(f, cases[i].gs2, cases[i].client_channel, bare, c.blob));
        assert_int_equal(next, NEXT_DONE);
        if ((c.outcome == AUTH_OK) != cases[i].ok)
            print_error("case %zu: %s\n", i, c.reason);
        assert_int_equal(c.outcome == AUTH_OK, cases[i].ok);
        conversation_done(&c);
    }
}

/* ---- EXTERNAL ---- */

static str sealed(struct fixture *f, str key, str sid, str name)
{
    auto_buf struct buf b;
    buf_init(&b, WITNESS_MAX);
    struct digest mac =
        hmac_of(HASH_SHA256, key, arena_printf(f->a, "%.*s%c%.*s", STR_ARG(sid), 0, STR_ARG(name)));
    buf_add(&b, digest_str(&mac));
    buf_add(&b, name);
    return arena_copy(f->a, buf_str(&b));
}

static enum auth_outcome external(struct fixture *f, str client, str authzid, str *ret_user)
{
    struct conversation c;
    struct auth_start s = ask_with("EXTERNAL", true, authzid);
    s.sid = S("sid1");
    s.tls_client = client;
    assert_int_equal(conversation_start(&c, &f->house, &s), NEXT_DONE);
    *ret_user = arena_copy(f->a, c.user);
    enum auth_outcome outcome = c.outcome;
    conversation_done(&c);
    return outcome;
}

static void a_certificate_counts_only_with_fronts_seal_for_this_session(void **state)
{
    struct fixture *f = *state;
    str key = S("0123456789abcdef0123456789abcdef"), user;
    str good = sealed(f, key, S("sid1"), S("user@example.test"));
    assert_int_equal(external(f, good, S(""), &user), AUTH_BAD); /* the house has no key */
    f->house.witness = key;
    assert_int_equal(external(f, good, S(""), &user), AUTH_OK);
    assert_true(str_eq(user, S("user")));
    assert_int_equal(external(f, good, S("user"), &user), AUTH_OK);
    assert_int_equal(external(f, good, S("user@example.test"), &user), AUTH_OK);
    assert_int_equal(external(f, good, S("root"), &user), AUTH_BAD);
    assert_int_equal(external(f, good, S("a\0b"), &user), AUTH_SYNTAX);
    assert_int_equal(external(f, S(""), S("user"), &user), AUTH_BAD);
    assert_int_equal(external(f, sealed(f, key, S("sid2"), S("user")), S(""), &user), AUTH_BAD);
    assert_int_equal(external(f, sealed(f, S("other"), S("sid1"), S("user")), S(""), &user),
                     AUTH_BAD);
    assert_int_equal(external(f, str_slice(good, 0, WITNESS_MAC_BYTES), S(""), &user), AUTH_BAD);
    f->house.witness = S("");
}

static void what_is_off_the_grammar_is_a_syntax_error_without_a_check(void **state)
{
    struct fixture *f = *state;
    f->house.allow_plaintext = true;
    assert_int_equal(one_message(f, "PLAIN", S("tim")), AUTH_SYNTAX);
    assert_int_equal(one_message(f, "PLAIN", S("")), AUTH_SYNTAX);
    assert_int_equal(one_message(f, "PLAIN", S("root\0tim\0x")), AUTH_BAD);
    assert_int_equal(one_message(f, "SCRAM-SHA-1", S("hello")), AUTH_SYNTAX);
    assert_int_equal(one_message(f, "APOP", S("mrose")), AUTH_SYNTAX);
    assert_int_equal(one_message(f, "GSSAPI", S("x")), AUTH_NO_MECHANISM);
    char *big = NEW_N(f->a, char, SASL_BLOB_MAX + 1);
    memset(big, 'x', SASL_BLOB_MAX + 1);
    assert_int_equal(one_message(f, "PLAIN", str_of(big, SASL_BLOB_MAX + 1)), AUTH_SYNTAX);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH(scram_goes_as_published),
        WITH(cram_md5_goes_as_published),
        WITH(apop_goes_as_published),
        WITH(plain_and_login_lead_to_a_check),
        WITH(plain_text_needs_tls_or_loopback_and_says_so),
        WITH(an_unknown_name_is_asked_like_a_known_one),
        WITH(a_user_without_the_keys_fails_like_any_other),
        WITH(a_bound_login_holds_on_its_own_channel_only),
        WITH(a_certificate_counts_only_with_fronts_seal_for_this_session),
        WITH(what_is_off_the_grammar_is_a_syntax_error_without_a_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
