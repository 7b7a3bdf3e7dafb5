/* SPDX-License-Identifier: ISC */
/* auth/conversation.h -- one login from START to its outcome, as a state machine without I/O.
 *
 * Each call says what is next: send `blob` as a challenge, check `user` and `password` (slow:
 * a worker's business), or done with `outcome`. A name that nobody has goes the same way as
 * any other, with keys that no password fits.
 */
#pragma once
#include "ipc/auth.h"
#include "people/credentials.h"

enum { CONVERSATION_ARENA = 256 * 1024, CONVERSATION_STEPS_MAX = 4 };

/* What a conversation needs to know of the house. */
struct login_house {
    const struct credentials *credentials;
    uint8_t secret[PEOPLE_SECRET_BYTES];
    str host;    /* in challenges */
    str witness; /* ipc/witness.h; empty: no certificate is believed */
    bool tokens; /* a token server is named */
    str token_scope;
    bool allow_plaintext;
    bool (*is_local)(void *ctx, str domain); /* NULL: no domain is; user@domain logs in as user */
    void *ctx;
    /* Seam for tests: at most n characters, returns how many. NULL: random ones. */
    size_t (*nonce)(char *p, size_t n);
};

enum conversation_next { NEXT_CHALLENGE, NEXT_CHECK, NEXT_TOKEN, NEXT_DONE };

struct mechanism;
struct conversation {
    const struct login_house *house;
    struct arena *arena;
    const struct mechanism *mechanism;
    char mechanism_name[33];
    uint32_t service;
    bool tls;
    unsigned steps;
    str sid, peer_ip, tls_endpoint, tls_exporter, tls_unique, tls_client, timestamp;
    str challenge; /* what was sent: signed by SCRAM's proof, answered by CRAM-MD5 */
    str first_bare, gs2_header, nonce, binding_data;

    str blob;                     /* challenge, or SCRAM's last word */
    str user;                     /* as the house knows it */
    str password;                 /* on NEXT_CHECK; on NEXT_TOKEN the token */
    bool token_refused;           /* the client was told why, its next message ends it */
    struct credential credential; /* of user, or a fake */
    bool known;                   /* in the credentials file; for the log alone */
    enum auth_outcome outcome;    /* on NEXT_DONE */
    const char *reason;           /* for the log alone */
    const char *text;             /* for the person */
};

/* Copies what it needs of s. */
enum conversation_next conversation_start(struct conversation *c, const struct login_house *house,
                                          const struct auth_start *s);
enum conversation_next conversation_step(struct conversation *c, str blob);
/* After NEXT_TOKEN: active says whether the token is `owner`'s. */
enum conversation_next conversation_token(struct conversation *c, bool active, str owner);
void conversation_checked(struct conversation *c, bool match); /* after NEXT_CHECK */
void conversation_fail(struct conversation *c, enum auth_outcome outcome, const char *reason);
void conversation_done(struct conversation *c); /* wipes and frees */
bool mechanism_is_known(str name);
