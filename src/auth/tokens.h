/* SPDX-License-Identifier: ISC */
/* auth/tokens.h -- whose token is that? Asked of introspect, a channel a question.
 *
 * The answer comes by `done`, once, unless the question was forgotten: also when introspect does
 * not run or takes too long (TOKEN_UNKNOWN).
 */
#pragma once
#include "ipc/boot.h"
#include "ipc/token.h"
#include "os/loop.h"

enum { TOKENS_ASKED_MAX = 32 };

typedef void token_done_fn(void *ctx, const struct token_answer *answer);

struct token_question;
struct tokens {
    struct loop *loop;
    int door; /* introspect's; -1: none */
    size_t asked;
};
/* NULL: too many are asked, or nobody is there. */
struct token_question *token_ask(struct tokens *t, str token, token_done_fn *done, void *ctx);
void token_forget(struct token_question *q); /* NULL is fine */
