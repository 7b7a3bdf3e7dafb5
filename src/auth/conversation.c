/* SPDX-License-Identifier: ISC */
/* How it works: a mechanism is a row of `mechanisms`: who speaks first, whether the password
 * crosses the wire as it is, and the function that takes each client message. */
#include "auth/conversation.h"

#include <stdio.h>
#include <string.h>

#include "auth/mechanisms.h"
#include "crypt/secret.h"
#include "os/net.h"
#include "wire/sasl.h"
#include "wire/saslprep.h"

static const struct mechanism mechanisms[] = {
    {S("SCRAM-SHA-256-PLUS"), .step = scram_step, .hash = HASH_SHA256, .binds = true},
    {S("SCRAM-SHA-1-PLUS"), .step = scram_step, .hash = HASH_SHA1, .binds = true},
    {S("SCRAM-SHA-256"), .step = scram_step, .hash = HASH_SHA256},
    {S("SCRAM-SHA-1"), .step = scram_step, .hash = HASH_SHA1},
    {S("CRAM-MD5"), .begin = cram_begin, .step = cram_step},
    {S("PLAIN"), .step = plain_step, .in_the_clear = true},
    {S("LOGIN"), .begin = login_begin, .step = login_step, .in_the_clear = true,
     .initial_is_first_step = true},
    {S("APOP"), .step = apop_step},
    {S("EXTERNAL"), .step = external_step},
    {S("OAUTHBEARER"), .step = oauthbearer_step, .in_the_clear = true, .is_token = true},
    {S("XOAUTH2"), .step = xoauth2_step, .in_the_clear = true, .is_token = true},
};

static const struct mechanism *find(str name)
{
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        if (str_ieq(name, mechanisms[i].name))
            return &mechanisms[i];
    }
    return NULL;
}

bool mechanism_is_known(str name)
{
    return find(name) != NULL;
}

static const char *text_of(enum auth_outcome outcome)
{
    switch (outcome) {
    case AUTH_OK:
        return "logged in";
    case AUTH_BAD:
        return "wrong name or password";
    case AUTH_NEEDS_TLS:
        return "plain text passwords are not taken here without TLS: use encrypted password "
               "(SCRAM or CRAM-MD5) or TLS";
    case AUTH_NO_MECHANISM:
        return "authentication mechanism not offered";
    case AUTH_SYNTAX:
        return "malformed authentication message";
    case AUTH_TEMP:
        break;
    }
    return "cannot check passwords now, try again later";
}

void conversation_fail(struct conversation *c, enum auth_outcome outcome, const char *reason)
{
    c->outcome = outcome;
    c->reason = reason;
    c->text = text_of(outcome);
    c->blob = (str){0};
}

enum conversation_next next_failed(struct conversation *c, enum auth_outcome outcome,
                                   const char *reason)
{
    conversation_fail(c, outcome, reason);
    return NEXT_DONE;
}

enum conversation_next next_ok(struct conversation *c, str blob)
{
    c->outcome = AUTH_OK;
    c->reason = "";
    c->text = text_of(AUTH_OK);
    c->blob = blob;
    return NEXT_DONE;
}

/* Thunderbird and phones like to give the whole address. */
static str account_of(const struct login_house *house, str name)
{
    ptrdiff_t at = str_rfind(name, '@');
    if (at <= 0 || house->is_local == NULL || credentials_find(house->credentials, name) != NULL ||
        !house->is_local(house->ctx, str_from_at(name, (size_t)at + 1)))
        return name;
    return str_slice(name, 0, (size_t)at);
}

void conversation_user(struct conversation *c, str name)
{
    c->user = arena_copy(c->arena, account_of(c->house, saslprep_or_raw(c->arena, name)));
    /* The fake is always made, so that its price tells nothing. */
    credential_fake(c->house->secret, c->user, &c->credential);
    const struct credential *found = credentials_find(c->house->credentials, c->user);
    c->known = found != NULL;
    if (found == NULL)
        return;
    if (found->has_scram_sha256)
        c->credential.scram_sha256 = found->scram_sha256;
    if (found->has_scram_sha1)
        c->credential.scram_sha1 = found->scram_sha1;
    if (found->has_cram_md5)
        c->credential.cram_md5 = found->cram_md5;
    c->credential.has_scram_sha256 = found->has_scram_sha256;
    c->credential.has_scram_sha1 = found->has_scram_sha1;
    c->credential.has_cram_md5 = found->has_cram_md5;
    c->credential.secret = arena_copy(c->arena, found->secret);
}

bool conversation_acts_as(const struct conversation *c, str authzid)
{
    return authzid.n == 0 ||
           str_eq(account_of(c->house, saslprep_or_raw(c->arena, authzid)), c->user);
}

static bool may_be_in_the_clear(const struct conversation *c)
{
    struct net_address peer;
    if (c->tls || c->house->allow_plaintext)
        return true;
    return !failed(net_address_parse(c->peer_ip, 0, &peer)) && net_address_is_loopback(&peer);
}

static enum conversation_next begin(struct conversation *c, bool has_initial, str initial)
{
    const struct mechanism *m = c->mechanism;
    if (m->in_the_clear && !may_be_in_the_clear(c))
        return next_failed(c, AUTH_NEEDS_TLS, "plain text password without TLS");
    if (has_initial && m->begin != NULL && !m->initial_is_first_step)
        return next_failed(c, AUTH_SYNTAX, "initial response where the server speaks first");
    if (m->begin != NULL)
        m->begin(c);
    if (!has_initial) /* where the client speaks first this is the empty challenge */
        return NEXT_CHALLENGE;
    return conversation_step(c, initial);
}

enum conversation_next conversation_start(struct conversation *c, const struct login_house *house,
                                          const struct auth_start *s)
{
    struct arena *a = arena_new("login", CONVERSATION_ARENA);
    *c = (struct conversation){.house = house,
                               .arena = a,
                               .service = s->service,
                               .tls = s->tls,
                               .sid = arena_copy(a, s->sid),
                               .peer_ip = arena_copy(a, s->peer_ip),
                               .tls_endpoint = arena_copy(a, s->tls_endpoint),
                               .tls_exporter = arena_copy(a, s->tls_exporter),
                               .tls_unique = arena_copy(a, s->tls_unique),
                               .tls_client = arena_copy(a, s->tls_client),
                               .timestamp = arena_copy(a, s->timestamp)};
    (void)snprintf(c->mechanism_name, sizeof c->mechanism_name, "%.*s", STR_ARG(s->mechanism));
    c->mechanism = find(s->mechanism);
    if (c->mechanism == NULL || (c->mechanism->is_token && !house->tokens))
        return next_failed(c, AUTH_NO_MECHANISM, "unknown mechanism");
    return begin(c, s->has_initial, s->initial);
}

enum conversation_next conversation_step(struct conversation *c, str blob)
{
    if (c->mechanism == NULL || c->steps >= CONVERSATION_STEPS_MAX)
        return next_failed(c, AUTH_SYNTAX, "a message where none is due");
    if (blob.n > SASL_BLOB_MAX)
        return next_failed(c, AUTH_SYNTAX, "message over the limit");
    c->steps++;
    return c->mechanism->step(c, blob);
}

void conversation_checked(struct conversation *c, bool match)
{
    if (match)
        (void)next_ok(c, S(""));
    else
        conversation_fail(c, AUTH_BAD, "wrong password");
}

void conversation_done(struct conversation *c)
{
    if (c->password.n > 0)
        secret_wipe((void *)(uintptr_t)c->password.p, c->password.n);
    if (c->credential.secret.n > 0)
        secret_wipe((void *)(uintptr_t)c->credential.secret.p, c->credential.secret.n);
    arena_free(c->arena);
    secret_wipe(c, sizeof *c);
}
