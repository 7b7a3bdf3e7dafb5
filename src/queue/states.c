/* SPDX-License-Identifier: ISC */
#include "queue/states.h"

#include <assert.h>

#define TO(state)                                                                                  \
    {                                                                                              \
        .kind = MOVE_TO, .to = (state)                                                             \
    }
#define STAY                                                                                       \
    {                                                                                              \
        .kind = MOVE_STAY                                                                          \
    }
#define ILLEGAL                                                                                    \
    {                                                                                              \
        .kind = MOVE_ILLEGAL                                                                       \
    }

static const struct move message_moves[MESSAGE_STATES][MESSAGE_EVENTS] = {
    [MESSAGE_NONE] =
        {
            [MESSAGE_ADD] = TO(MESSAGE_WRITTEN),
            [MESSAGE_REFUSE] = ILLEGAL,
            [MESSAGE_SYNCED] = ILLEGAL,
            [MESSAGE_RESULT] = ILLEGAL,
            [MESSAGE_LAST] = ILLEGAL,
            [MESSAGE_HOLD] = ILLEGAL,
            [MESSAGE_RELEASE] = ILLEGAL,
            [MESSAGE_RETRY] = ILLEGAL,
            [MESSAGE_DROP] = ILLEGAL,
        },
    /* Nobody knows its id yet, so no administrator can name it. */
    [MESSAGE_WRITTEN] =
        {
            [MESSAGE_ADD] = ILLEGAL,
            [MESSAGE_REFUSE] = TO(MESSAGE_NONE),
            [MESSAGE_SYNCED] = TO(MESSAGE_OPEN),
            [MESSAGE_RESULT] = ILLEGAL,
            [MESSAGE_LAST] = ILLEGAL,
            [MESSAGE_HOLD] = ILLEGAL,
            [MESSAGE_RELEASE] = ILLEGAL,
            [MESSAGE_RETRY] = ILLEGAL,
            [MESSAGE_DROP] = ILLEGAL,
        },
    [MESSAGE_OPEN] =
        {
            [MESSAGE_ADD] = ILLEGAL,
            [MESSAGE_REFUSE] = ILLEGAL,
            [MESSAGE_SYNCED] = STAY,
            [MESSAGE_RESULT] = STAY,
            [MESSAGE_LAST] = TO(MESSAGE_CLOSING),
            [MESSAGE_HOLD] = TO(MESSAGE_HELD),
            [MESSAGE_RELEASE] = STAY,
            [MESSAGE_RETRY] = STAY,
            [MESSAGE_DROP] = TO(MESSAGE_CLOSING),
        },
    /* Attempts that fly when it is held still end. */
    [MESSAGE_HELD] =
        {
            [MESSAGE_ADD] = ILLEGAL,
            [MESSAGE_REFUSE] = ILLEGAL,
            [MESSAGE_SYNCED] = STAY,
            [MESSAGE_RESULT] = STAY,
            [MESSAGE_LAST] = TO(MESSAGE_CLOSING),
            [MESSAGE_HOLD] = STAY,
            [MESSAGE_RELEASE] = TO(MESSAGE_OPEN),
            [MESSAGE_RETRY] = STAY,
            [MESSAGE_DROP] = TO(MESSAGE_CLOSING),
        },
    /* Results of attempts that flew when it was dropped no longer matter. */
    [MESSAGE_CLOSING] =
        {
            [MESSAGE_ADD] = ILLEGAL,
            [MESSAGE_REFUSE] = ILLEGAL,
            [MESSAGE_SYNCED] = TO(MESSAGE_NONE),
            [MESSAGE_RESULT] = STAY,
            [MESSAGE_LAST] = STAY,
            [MESSAGE_HOLD] = ILLEGAL,
            [MESSAGE_RELEASE] = ILLEGAL,
            [MESSAGE_RETRY] = ILLEGAL,
            [MESSAGE_DROP] = ILLEGAL,
        },
};

static const struct move rcpt_moves[RCPT_STATES][RCPT_EVENTS] = {
    [RCPT_WAITING] =
        {
            [RCPT_START] = TO(RCPT_FLYING),
            [RCPT_OK] = ILLEGAL,
            [RCPT_DEFER] = ILLEGAL,
            [RCPT_FAIL] = ILLEGAL,
            [RCPT_LOSE] = ILLEGAL,
            [RCPT_DROP] = TO(RCPT_DROPPED),
        },
    [RCPT_FLYING] =
        {
            [RCPT_START] = ILLEGAL,
            [RCPT_OK] = TO(RCPT_DELIVERED),
            [RCPT_DEFER] = TO(RCPT_WAITING),
            [RCPT_FAIL] = TO(RCPT_FAILED),
            [RCPT_LOSE] = TO(RCPT_WAITING),
            [RCPT_DROP] = TO(RCPT_DROPPED),
        },
    [RCPT_DELIVERED] =
        {
            [RCPT_START] = ILLEGAL,
            [RCPT_OK] = ILLEGAL,
            [RCPT_DEFER] = ILLEGAL,
            [RCPT_FAIL] = ILLEGAL,
            [RCPT_LOSE] = ILLEGAL,
            [RCPT_DROP] = STAY,
        },
    [RCPT_FAILED] =
        {
            [RCPT_START] = ILLEGAL,
            [RCPT_OK] = ILLEGAL,
            [RCPT_DEFER] = ILLEGAL,
            [RCPT_FAIL] = ILLEGAL,
            [RCPT_LOSE] = ILLEGAL,
            [RCPT_DROP] = STAY,
        },
    /* The worker that held it when it was dropped still answers. */
    [RCPT_DROPPED] =
        {
            [RCPT_START] = ILLEGAL,
            [RCPT_OK] = STAY,
            [RCPT_DEFER] = STAY,
            [RCPT_FAIL] = STAY,
            [RCPT_LOSE] = STAY,
            [RCPT_DROP] = STAY,
        },
};

static const struct move body_moves[BODY_STATES][BODY_EVENTS] = {
    [BODY_NONE] =
        {
            [BODY_LEND] = TO(BODY_LENT),
            [BODY_BIND] = ILLEGAL,
            [BODY_GIVEUP] = ILLEGAL,
            [BODY_END] = ILLEGAL,
        },
    [BODY_LENT] =
        {
            [BODY_LEND] = ILLEGAL,
            [BODY_BIND] = TO(BODY_BOUND),
            [BODY_GIVEUP] = TO(BODY_NONE),
            [BODY_END] = ILLEGAL,
        },
    /* Never lent again: the first client may still hold it open for writing. */
    [BODY_BOUND] =
        {
            [BODY_LEND] = ILLEGAL,
            [BODY_BIND] = ILLEGAL,
            [BODY_GIVEUP] = TO(BODY_NONE),
            [BODY_END] = TO(BODY_NONE),
        },
};

struct move message_move(enum message_state from, enum message_event event)
{
    return message_moves[from][event];
}

struct move rcpt_move(enum rcpt_state from, enum rcpt_event event)
{
    return rcpt_moves[from][event];
}

struct move body_move(enum body_state from, enum body_event event)
{
    return body_moves[from][event];
}

void message_enter(enum message_state *state, enum message_event event)
{
    struct move m = message_moves[*state][event];
    assert(m.kind == MOVE_TO || m.kind == MOVE_STAY);
    if (m.kind == MOVE_TO)
        *state = (enum message_state)m.to;
}

void rcpt_enter(enum rcpt_state *state, enum rcpt_event event)
{
    struct move m = rcpt_moves[*state][event];
    assert(m.kind == MOVE_TO || m.kind == MOVE_STAY);
    if (m.kind == MOVE_TO)
        *state = (enum rcpt_state)m.to;
}

void body_enter(enum body_state *state, enum body_event event)
{
    struct move m = body_moves[*state][event];
    assert(m.kind == MOVE_TO || m.kind == MOVE_STAY);
    if (m.kind == MOVE_TO)
        *state = (enum body_state)m.to;
}

const char *message_state_name(enum message_state s)
{
    static const char *const names[] = {"none", "written", "open", "held", "closing"};
    return names[s];
}

const char *message_event_name(enum message_event e)
{
    static const char *const names[] = {"add",  "refuse",  "synced", "result", "last",
                                        "hold", "release", "retry",  "drop"};
    return names[e];
}

const char *rcpt_state_name(enum rcpt_state s)
{
    static const char *const names[] = {"waiting", "flying", "delivered", "failed", "dropped"};
    return names[s];
}

const char *rcpt_event_name(enum rcpt_event e)
{
    static const char *const names[] = {"start", "ok", "defer", "fail", "lose", "drop"};
    return names[e];
}

const char *body_state_name(enum body_state s)
{
    static const char *const names[] = {"none", "lent", "bound"};
    return names[s];
}

const char *body_event_name(enum body_event e)
{
    static const char *const names[] = {"lend", "bind", "giveup", "end"};
    return names[e];
}
