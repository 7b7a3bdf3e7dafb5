/* SPDX-License-Identifier: ISC */
#include "auth/mechanisms.h"

#include <string.h>

#include "crypt/secret.h"
#include "os/clock.h"
#include "ipc/witness.h"
#include "wire/sasl.h"
#include "wire/sasl_oauth.h"
#include "wire/saslprep.h"

enum { NONCE_CHARS = 24, NONCE_ROOM = 32, SCRAM_MESSAGE_MAX = 4 * SASL_BLOB_MAX };

static str fresh_nonce(struct conversation *c)
{
    char *p = NEW_N(c->arena, char, NONCE_ROOM);
    if (c->house->nonce != NULL)
        return str_of(p, c->house->nonce(p, NONCE_ROOM));
    random_text(p, NONCE_CHARS);
    return str_of(p, NONCE_CHARS);
}

/* ---- the password itself ---- */

/* Ours are kept as prepared; what came from elsewhere, and the system's, as somebody typed it. */
static enum conversation_next take_password(struct conversation *c, str password)
{
    bool ours = c->known && (c->credential.has_scram_sha256 || c->credential.has_scram_sha1);
    c->password = ours ? saslprep_or_raw(c->arena, password) : arena_copy(c->arena, password);
    return NEXT_CHECK;
}

static enum conversation_next check_password(struct conversation *c, str name, str password)
{
    conversation_user(c, name);
    return take_password(c, password);
}

enum conversation_next plain_step(struct conversation *c, str blob)
{
    struct sasl_plain p;
    err e = sasl_plain_parse(blob, &p);
    if (failed(e))
        return next_failed(c, AUTH_SYNTAX, e.what);
    conversation_user(c, p.authcid);
    if (!conversation_acts_as(c, p.authzid)) {
        return next_failed(c, AUTH_BAD, "asked to act as somebody else");
    }
    return check_password(c, p.authcid, p.password);
}

void login_begin(struct conversation *c)
{
    c->blob = SASL_LOGIN_ASK_NAME;
}

enum conversation_next login_step(struct conversation *c, str blob)
{
    bool name = c->user.n == 0;
    err e = sasl_word_check(blob, name ? SASL_NAME_MAX : SASL_PASSWORD_MAX);
    if (failed(e))
        return next_failed(c, AUTH_SYNTAX, e.what);
    if (!name)
        return take_password(c, blob);
    conversation_user(c, blob);
    c->blob = SASL_LOGIN_ASK_PASSWORD;
    return NEXT_CHALLENGE;
}

/* ---- digests of a shared secret ---- */

void cram_begin(struct conversation *c)
{
    auto_buf struct buf b;
    buf_init(&b, 512);
    str nonce = fresh_nonce(c);
    for (size_t i = 0; i < nonce.n; i++) {
        /* RFC 2195 2 asks for a msg-id: "+" and "/" are no trouble to it, but to old clients. */
        char ch = nonce.p[i];
        buf_addc(&b, ch == '+' ? '-' : ch == '/' ? '_' : ch);
    }
    str random = arena_copy(c->arena, buf_str(&b));
    buf_reset(&b);
    sasl_challenge_write(random, clock_seconds(), c->house->host, &b);
    c->challenge = c->blob = arena_copy(c->arena, buf_str(&b));
}

enum conversation_next cram_step(struct conversation *c, str blob)
{
    struct sasl_digest d;
    char want[33];
    err e = sasl_digest_parse(blob, &d);
    if (failed(e))
        return next_failed(c, AUTH_SYNTAX, e.what);
    conversation_user(c, d.user);
    cram_md5_answer(&c->credential.cram_md5, c->challenge, want);
    bool right = secret_equal(str_from(want), d.hex);
    if (!right || !c->credential.has_cram_md5)
        return next_failed(c, AUTH_BAD,
                           !c->credential.has_cram_md5 ? "no shared secret" : "wrong password");
    return next_ok(c, S(""));
}

enum conversation_next apop_step(struct conversation *c, str blob)
{
    struct sasl_digest d;
    char want[33];
    err e = sasl_digest_parse(blob, &d);
    if (failed(e) || c->timestamp.n == 0)
        return next_failed(c, AUTH_SYNTAX, "APOP without its parts");
    conversation_user(c, d.user);
    apop_answer(c->timestamp, c->credential.secret, want);
    bool right = secret_equal(str_from(want), d.hex);
    if (!right || c->credential.secret.n == 0)
        return next_failed(c, AUTH_BAD,
                           c->credential.secret.n == 0 ? "no shared secret" : "wrong password");
    return next_ok(c, S(""));
}

/* ---- the certificate that front saw ---- */

/* The name that front sealed for this session; empty when there is none or it is forged. */
static str certificate_name(const struct conversation *c)
{
    if (c->house->witness.n == 0 || c->tls_client.n <= WITNESS_MAC_BYTES)
        return S("");
    str name = str_from_at(c->tls_client, WITNESS_MAC_BYTES);
    struct hmac h;
    hmac_init(&h, HASH_SHA256, c->house->witness);
    hmac_add(&h, c->sid);
    hmac_add(&h, S("\0"));
    hmac_add(&h, name);
    struct digest want = hmac_end(&h);
    return secret_equal(digest_str(&want), str_slice(c->tls_client, 0, WITNESS_MAC_BYTES)) ? name
                                                                                           : S("");
}

/* RFC 4422 A: the message is whom to act as, or empty. */
enum conversation_next external_step(struct conversation *c, str blob)
{
    str name = certificate_name(c);
    if (blob.n > SASL_NAME_MAX || str_find(blob, '\0') >= 0)
        return next_failed(c, AUTH_SYNTAX, "EXTERNAL with an impossible name");
    if (name.n == 0)
        return next_failed(c, AUTH_BAD, "no client certificate that is believed");
    conversation_user(c, name);
    if (!conversation_acts_as(c, blob))
        return next_failed(c, AUTH_BAD, "asked to act as somebody else");
    return next_ok(c, S(""));
}

/* ---- tokens ---- */

static enum conversation_next take_token(struct conversation *c, err e, const struct sasl_oauth *o)
{
    if (failed(e))
        return next_failed(c, AUTH_SYNTAX, e.what);
    if (o->user.n)
        conversation_user(c, o->user);
    c->password = arena_copy(c->arena, o->token);
    return NEXT_TOKEN;
}

/* RFC 7628 3.2.3: after the error the client sends one more message, whatever it is. */
enum conversation_next oauthbearer_step(struct conversation *c, str blob)
{
    struct sasl_oauth o = {0};
    if (c->token_refused)
        return next_failed(c, AUTH_BAD, "token refused");
    return take_token(c, sasl_oauthbearer_parse(c->arena, blob, &o), &o);
}

enum conversation_next xoauth2_step(struct conversation *c, str blob)
{
    struct sasl_oauth o = {0};
    if (c->token_refused)
        return next_failed(c, AUTH_BAD, "token refused");
    return take_token(c, sasl_xoauth2_parse(blob, &o), &o);
}

/* A scope with a quote or backslash would not be JSON any more; no scope holds one (RFC 6749 3.3).
 */
static str token_error(const struct conversation *c)
{
    str scope = c->house->token_scope;
    for (size_t i = 0; i < scope.n; i++)
        if ((unsigned char)scope.p[i] < ' ' || scope.p[i] == '"' || scope.p[i] == '\\')
            scope = S("");
    bool old = str_eq(c->mechanism->name, S("XOAUTH2"));
    return arena_printf(c->arena,
                        "{\"status\":\"%s\",\"schemes\":\"bearer\","
                        "\"scope\":\"%.*s\"}",
                        old ? "401" : "invalid_token", STR_ARG(scope));
}

enum conversation_next conversation_token(struct conversation *c, bool active, str owner)
{
    str claimed = c->user;
    if (active)
        conversation_user(c, owner);
    if (active && (claimed.n == 0 || str_eq(claimed, c->user)))
        return next_ok(c, S(""));
    if (claimed.n)
        conversation_user(c, claimed);
    c->token_refused = true;
    c->blob = token_error(c);
    return NEXT_CHALLENGE;
}

/* ---- SCRAM ---- */

static const struct scram_keys *scram_keys_of(const struct conversation *c)
{
    return c->mechanism->hash == HASH_SHA1 ? &c->credential.scram_sha1
                                           : &c->credential.scram_sha256;
}

/* RFC 5802 6: "p" needs -PLUS and a channel we know; "y" from a client that could bind, on a
 * channel where we offer it, means that somebody took the -PLUS names off our list. */
static const char *binding_problem(struct conversation *c, const struct sasl_scram_first *m)
{
    bool can_bind = c->tls && (c->tls_exporter.n > 0 || c->tls_endpoint.n > 0);
    if ((m->binding == SASL_BINDING_USED) != c->mechanism->binds)
        return "channel binding does not fit the mechanism";
    if (m->binding == SASL_BINDING_UNSEEN && can_bind)
        return "channel binding was hidden from the client";
    if (m->binding != SASL_BINDING_USED)
        return NULL;
    if (str_eq(m->binding_name, S("tls-exporter")))
        c->binding_data = c->tls_exporter;
    else if (str_eq(m->binding_name, S("tls-server-end-point")))
        c->binding_data = c->tls_endpoint;
    else if (str_eq(m->binding_name, S("tls-unique")))
        c->binding_data = c->tls_unique;
    return c->binding_data.n > 0 ? NULL : "channel binding of an unknown kind";
}

static enum conversation_next scram_first(struct conversation *c, str blob)
{
    struct sasl_scram_first m;
    err e = sasl_scram_first_parse(c->arena, blob, &m);
    if (failed(e))
        return next_failed(c, AUTH_SYNTAX, e.what);
    conversation_user(c, m.user);
    if (!conversation_acts_as(c, m.authzid))
        return next_failed(c, AUTH_BAD, "asked to act as somebody else");
    const char *problem = binding_problem(c, &m);
    if (problem != NULL)
        return next_failed(c, AUTH_BAD, problem);
    str ours = fresh_nonce(c);
    c->nonce = arena_printf(c->arena, "%.*s%.*s", STR_ARG(m.nonce), STR_ARG(ours));
    if (c->nonce.n > SASL_NONCE_MAX)
        return next_failed(c, AUTH_SYNTAX, "nonce over the limit");
    c->first_bare = arena_copy(c->arena, m.bare);
    c->gs2_header = arena_copy(c->arena, m.gs2_header);
    auto_buf struct buf b;
    buf_init(&b, SASL_BLOB_MAX);
    const struct scram_keys *keys = scram_keys_of(c);
    sasl_scram_challenge_write(
        &(struct sasl_scram_challenge){c->nonce, scram_salt(keys), keys->iterations}, &b);
    e = buf_check(&b, "SCRAM challenge");
    if (failed(e))
        return next_failed(c, AUTH_SYNTAX, e.what);
    c->challenge = c->blob = arena_copy(c->arena, buf_str(&b));
    return NEXT_CHALLENGE;
}

static bool binding_is_right(const struct conversation *c, str binding)
{
    return str_starts(binding, c->gs2_header) &&
           secret_equal(str_from_at(binding, c->gs2_header.n), c->binding_data);
}

static enum conversation_next scram_final(struct conversation *c, str blob)
{
    struct sasl_scram_final m;
    auto_buf struct buf text;
    buf_init(&text, SCRAM_MESSAGE_MAX);
    err e = sasl_scram_final_parse(c->arena, blob, &m);
    if (failed(e))
        return next_failed(c, AUTH_SYNTAX, e.what);
    sasl_scram_signed(c->first_bare, c->challenge, m.without_proof, &text);
    const struct scram_keys *keys = scram_keys_of(c);
    bool has = c->mechanism->hash == HASH_SHA1 ? c->credential.has_scram_sha1
                                               : c->credential.has_scram_sha256;
    bool known = c->known && has;
    bool right = !failed(buf_check(&text, "SCRAM messages")) &&
                 scram_proof_is_right(keys, buf_str(&text), m.proof);
    if (!right || !known)
        return next_failed(c, AUTH_BAD, known ? "wrong password" : "no SCRAM keys");
    if (!secret_equal(m.nonce, c->nonce) || !binding_is_right(c, m.binding))
        return next_failed(c, AUTH_BAD, "nonce or channel binding is not ours");
    struct digest signature = scram_server_signature(keys, buf_str(&text));
    buf_reset(&text);
    sasl_scram_outcome_write(&(struct sasl_scram_outcome){.signature = digest_str(&signature)},
                             &text);
    return next_ok(c, arena_copy(c->arena, buf_str(&text)));
}

enum conversation_next scram_step(struct conversation *c, str blob)
{
    return c->challenge.n == 0 ? scram_first(c, blob) : scram_final(c, blob);
}
