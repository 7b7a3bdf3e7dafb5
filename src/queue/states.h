/* SPDX-License-Identifier: ISC */
/* queue/states.h -- the legal states of a message, its recipients and its body file.
 *
 * The tables here decide; doc/states/queue.md shows them to people with what a crash leaves
 * at each step, and states_test.c holds the two together and walks every state x event.
 * A cell that is not named is a mistake of ours: states_test.c demands a decision for each.
 */
#pragma once
#include "base/base.h"

/* ---- a message ---- */
enum message_state {
    MESSAGE_NONE,    /* not in the queue, or no more */
    MESSAGE_WRITTEN, /* appended, not yet synced: nobody was told 250 */
    MESSAGE_OPEN,    /* durable, at least one recipient waits */
    MESSAGE_HELD,    /* as open, but an administrator stopped new attempts */
    MESSAGE_CLOSING, /* every recipient is done; END (and a bounce before it) is appended */
    MESSAGE_STATES,
};
enum message_event {
    MESSAGE_ADD,     /* a client hands it in, or a bounce is made */
    MESSAGE_REFUSE,  /* the commit failed twice */
    MESSAGE_SYNCED,  /* the commit that holds it is durable */
    MESSAGE_RESULT,  /* a recipient is done or deferred, others wait */
    MESSAGE_LAST,    /* the last recipient is done */
    MESSAGE_HOLD,    /* administrator */
    MESSAGE_RELEASE, /* administrator */
    MESSAGE_RETRY,   /* administrator: attempts are due now */
    MESSAGE_DROP,    /* administrator: END without a bounce */
    MESSAGE_EVENTS,
};

/* ---- a recipient ---- */
enum rcpt_state {
    RCPT_WAITING,   /* for its next attempt */
    RCPT_FLYING,    /* with route or a worker: not on disk, a crash makes it waiting */
    RCPT_DELIVERED, /* done */
    RCPT_FAILED,    /* done: its report goes into the bounce */
    RCPT_DROPPED,   /* done: an administrator took it out */
    RCPT_STATES,
};
enum rcpt_event {
    RCPT_START, /* an attempt begins */
    RCPT_OK,
    RCPT_DEFER,
    RCPT_FAIL, /* for good: refused, or deferred in the last attempt */
    RCPT_LOSE, /* the attempt ended without a word: worker died, sched stops */
    RCPT_DROP,
    RCPT_EVENTS,
};

/* ---- a body file (bodies above SUBMIT_MEMORY_MAX) ---- */
enum body_state {
    BODY_NONE,  /* no file */
    BODY_LENT,  /* made for a client that writes it; no record names it */
    BODY_BOUND, /* a record names it */
    BODY_STATES,
};
enum body_event {
    BODY_LEND,
    BODY_BIND,   /* the message that names it is appended */
    BODY_GIVEUP, /* the client went away, or its message was refused */
    BODY_END,    /* the END of its message is durable */
    BODY_EVENTS,
};

enum move_kind {
    MOVE_UNDECIDED, /* nobody thought about it: the test fails */
    MOVE_TO,        /* legal */
    MOVE_STAY,      /* legal, changes nothing */
    MOVE_ILLEGAL,   /* cannot happen: the caller has a mistake */
};
struct move {
    enum move_kind kind;
    int to;
};

struct move message_move(enum message_state from, enum message_event event);
struct move rcpt_move(enum rcpt_state from, enum rcpt_event event);
struct move body_move(enum body_state from, enum body_event event);
/* Applies a move; an illegal one stops the program (a mistake that must not reach the disk). */
void message_enter(enum message_state *state, enum message_event event);
void rcpt_enter(enum rcpt_state *state, enum rcpt_event event);
void body_enter(enum body_state *state, enum body_event event);

const char *message_state_name(enum message_state s);
const char *message_event_name(enum message_event e);
const char *rcpt_state_name(enum rcpt_state s);
const char *rcpt_event_name(enum rcpt_event e);
const char *body_state_name(enum body_state s);
const char *body_event_name(enum body_event e);
static inline bool rcpt_is_done(enum rcpt_state s)
{
    return s >= RCPT_DELIVERED;
}
