/* SPDX-License-Identifier: ISC */
/* auth/mechanisms.h -- the steps of each mechanism; for conversation.c. */
#pragma once
#include "auth/conversation.h"

struct mechanism {
    str name;
    void (*begin)(struct conversation *c); /* the server speaks first: sets blob */
    enum conversation_next (*step)(struct conversation *c, str blob);
    enum hash_kind hash;
    bool binds;                 /* SCRAM-…-PLUS */
    bool is_token;              /* only where control/tokenurl names who knows */
    bool in_the_clear;          /* the password itself crosses the wire */
    bool initial_is_first_step; /* LOGIN: some clients send the name at once */
};

void login_begin(struct conversation *c);
enum conversation_next login_step(struct conversation *c, str blob);
enum conversation_next plain_step(struct conversation *c, str blob);
void cram_begin(struct conversation *c);
enum conversation_next cram_step(struct conversation *c, str blob);
enum conversation_next apop_step(struct conversation *c, str blob);
enum conversation_next scram_step(struct conversation *c, str blob);
enum conversation_next oauthbearer_step(struct conversation *c, str blob);
enum conversation_next xoauth2_step(struct conversation *c, str blob);
enum conversation_next external_step(struct conversation *c, str blob);

/* Names the user: fills user, known and credential (real or fake). */
void conversation_user(struct conversation *c, str name);
/* authzid: whom the client asks to be, or empty; only the user himself is granted. */
bool conversation_acts_as(const struct conversation *c, str authzid);
enum conversation_next next_failed(struct conversation *c, enum auth_outcome outcome,
                                   const char *reason);
enum conversation_next next_ok(struct conversation *c, str blob);
