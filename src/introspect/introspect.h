/* SPDX-License-Identifier: ISC */
/* introspect/introspect.h -- asks the one configured URL whose an OAuth token is (RFC 7662).
 *
 * auth knocks once a question. For each a child is forked, which asks by HTTP, answers and ends: a
 * server that hangs or sends nonsense costs that child, and ten seconds at most.
 */
#pragma once
#include "control/site.h"
#include "ipc/boot.h"
#include "ipc/token.h"
#include "os/loop.h"

enum {
    INTROSPECT_CHILDREN_MAX = 32,
    INTROSPECT_BODY_MAX = 64 * 1024, /* of the server's answer */
    INTROSPECT_MS = 8000,            /* for a question, name lookup apart */
    INTROSPECT_HARD_SECONDS = 11,    /* then the child is ended */
};

struct introspect {
    struct boot *boot;
    struct loop *loop;
    struct arena *arena;
    struct site site;
    str client; /* id:secret */
    struct channel *door;
    size_t children;
};

err introspect_open(struct introspect *i, struct boot *b);
err introspect_run(struct introspect *i); /* until init says so; also returns in each child */
void introspect_close(struct introspect *i);

/* answer.c: the server's JSON. Pure; what it cannot believe is TOKEN_UNKNOWN. user_member: which
 * member names the user. scope: must be among the token's, or empty. */
struct token_answer introspect_answer(struct arena *a, str json, str user_member, str scope,
                                      int64_t now);
/* ask.c: the whole question by HTTP. */
struct token_answer introspect_ask(const struct introspect *i, struct arena *a, str token);
/* https, or http to this host itself: a token must not cross the network in the clear. */
bool introspect_url_is_safe(str url);
