/* SPDX-License-Identifier: ISC */
/* wire/sasl.h -- the grammar of SASL messages: PLAIN, LOGIN, CRAM-MD5, SCRAM, both sides.
 *
 * Raw octets, base64 already undone (the session's protocol does that). This module says
 * what was said; whether it is right is auth's business. Results are views into the blob or
 * live in the arena given. Anything over the limits below is ERR_LIMIT, anything off the
 * grammar ERR_SYNTAX; nothing is repaired.
 */
#pragma once
#include "base/base.h"

enum {
    SASL_BLOB_MAX = 4096,    /* any one message; RFC 4616 2 asks for 3 x 255 + 2 at least */
    SASL_NAME_MAX = 255,     /* user and authorization names, as text */
    SASL_PASSWORD_MAX = 512, /* qmail's checkpassword reads no more than 512 in all */
    SASL_NONCE_MAX = 512,    /* both halves together */
    SASL_SALT_MAX = 64,
    SASL_ITERATIONS_MAX = 1000000, /* as a client: no server makes us count for hours */
};

/* ---- PLAIN, RFC 4616: authzid NUL authcid NUL password ---- */
struct sasl_plain {
    str authzid; /* empty: as authcid */
    str authcid, password;
};
err sasl_plain_parse(str blob, struct sasl_plain *ret);
err sasl_plain_write(const struct sasl_plain *p, struct buf *out);

/* ---- LOGIN: two prompts, two answers. Clients look at the order, few at the words ---- */
#define SASL_LOGIN_ASK_NAME S("Username:")
#define SASL_LOGIN_ASK_PASSWORD S("Password:")
/* A name or password that stands alone: not empty, no NUL, not over max. */
err sasl_word_check(str blob, size_t max);

/* ---- CRAM-MD5, RFC 2195, and POP3's APOP: "user digest", 32 lower-case hex digits ---- */
struct sasl_digest {
    str user; /* may hold spaces: the digest is what follows the last one */
    str hex;
};
err sasl_digest_parse(str blob, struct sasl_digest *ret);
err sasl_digest_write(const struct sasl_digest *d, struct buf *out);
/* "<random.seconds@host>": what RFC 2195 2 asks a challenge to look like, APOP a greeting. */
void sasl_challenge_write(str random, int64_t seconds, str host, struct buf *out);

/* ---- SCRAM, RFC 5802 7 ---- */
enum sasl_binding {
    SASL_BINDING_NONE,   /* "n": the client cannot bind */
    SASL_BINDING_UNSEEN, /* "y": it could, but thinks that we cannot */
    SASL_BINDING_USED,   /* "p=NAME": it binds to the channel */
};
struct sasl_scram_first {
    enum sasl_binding binding;
    str binding_name; /* "tls-exporter"; only when used */
    str gs2_header;   /* up to and with the second comma: c= must repeat it */
    str bare;         /* the rest: part of what is signed */
    str authzid;      /* unescaped; empty: as user */
    str user;         /* unescaped */
    str nonce;
};
err sasl_scram_first_parse(struct arena *a, str blob, struct sasl_scram_first *ret);
/* Writes from binding, binding_name, authzid, user, nonce. */
err sasl_scram_first_write(const struct sasl_scram_first *m, struct buf *out);

struct sasl_scram_challenge {
    str nonce;
    str salt; /* decoded */
    uint32_t iterations;
};
err sasl_scram_challenge_parse(struct arena *a, str blob, struct sasl_scram_challenge *ret);
void sasl_scram_challenge_write(const struct sasl_scram_challenge *m, struct buf *out);

struct sasl_scram_final {
    str binding; /* decoded c=: the gs2 header and, when used, the channel's data */
    str nonce;
    str proof;         /* decoded */
    str without_proof; /* part of what is signed */
};
err sasl_scram_final_parse(struct arena *a, str blob, struct sasl_scram_final *ret);
/* "c=…,r=…": sign this, then add the proof. */
void sasl_scram_final_write(const struct sasl_scram_final *m, struct buf *out);
void sasl_scram_proof_write(str proof, struct buf *out);

struct sasl_scram_outcome {
    str signature; /* decoded; empty when the server says no */
    str error;     /* "invalid-proof"; empty when it says yes */
};
err sasl_scram_outcome_parse(struct arena *a, str blob, struct sasl_scram_outcome *ret);
void sasl_scram_outcome_write(const struct sasl_scram_outcome *m, struct buf *out);
/* client-first-bare "," server-first "," client-final-without-proof */
void sasl_scram_signed(str first_bare, str challenge, str final_without_proof, struct buf *out);
