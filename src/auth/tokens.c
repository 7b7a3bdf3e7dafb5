/* SPDX-License-Identifier: ISC */
#include "auth/tokens.h"

#include <stdlib.h>

#include "ipc/door.h"
#include "os/clock.h"

struct token_question {
    struct tokens *tokens;
    struct channel *channel;
    struct loop_fd *watch;
    struct loop_timer *limit;
    token_done_fn *done;
    void *ctx;
};

void token_forget(struct token_question *q)
{
    if (!q)
        return;
    loop_del(q->watch);
    loop_timer_del(q->limit);
    channel_free(q->channel);
    q->tokens->asked--;
    free(q);
}

/* The answer's views live in the channel: the question goes after it is told. */
static void tell(struct token_question *q, const struct token_answer *answer)
{
    token_done_fn *done = q->done;
    void *ctx = q->ctx;
    struct channel *kept = MOVE(q->channel);
    loop_del(q->watch);
    q->watch = NULL;
    token_forget(q);
    done(ctx, answer);
    channel_free(kept);
}

static void on_limit(void *ctx)
{
    tell(ctx, &(struct token_answer){.outcome = TOKEN_UNKNOWN,
                                     .reason = S("the token server does not answer")});
}

static void on_answer(void *ctx, int fd, unsigned events)
{
    struct token_question *q = ctx;
    (void)fd, (void)events;
    struct packet p;
    struct token_answer answer;
    err e = channel_try_recv(q->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (!failed(e))
        e = ipc_decode(&token_answer_schema, p.bytes, &answer);
    if (failed(e))
        answer = (struct token_answer){.outcome = TOKEN_UNKNOWN,
                                       .reason = S("the token server's answer did not come")};
    tell(q, &answer);
}

struct token_question *token_ask(struct tokens *t, str token, token_done_fn *done, void *ctx)
{
    struct channel *c;
    if (t->door < 0 || t->asked >= TOKENS_ASKED_MAX || failed(door_open(t->door, &c)))
        return NULL;
    if (failed(channel_try_send(c, &token_ask_schema, 1, &(struct token_ask){token}, NULL, 0))) {
        channel_free(c);
        return NULL;
    }
    struct token_question *q = mem_alloc("token question", sizeof *q);
    *q = (struct token_question){.tokens = t, .channel = c, .done = done, .ctx = ctx};
    q->watch = loop_add(t->loop, channel_fd(c), LOOP_IN, on_answer, q);
    q->limit = loop_at(t->loop, deadline_in_ms(TOKEN_ANSWER_MS), on_limit, q);
    t->asked++;
    return q;
}
