/* SPDX-License-Identifier: ISC */
/* people/states.h -- the states of a registration, and what each event makes of them.
 *
 * A table, so that every pair has an answer; people/states_test.c asks for each.
 * Pending cards are applied or held; stable ones accepted, changed (the host does not know it
 * yet) or expiring (the end is near and has been announced); retired ones are defunct for
 * ever: their name is never given again. A rejected name is free.
 */
#pragma once
#include "base/base.h"

enum reg_state {
    REG_NONE, /* nobody has the name */
    REG_APPLIED,
    REG_HELD,
    REG_REJECTED,
    REG_ACCEPTED,
    REG_CHANGED,
    REG_EXPIRING,
    REG_RETIRED,
    REG_STATES,
    REG_ILLEGAL = REG_STATES,
};

enum reg_event {
    REG_APPLY,
    REG_ACCEPT,
    REG_REJECT,
    REG_HOLD,
    REG_CHANGE,
    REG_SETTLE, /* the host has it now */
    REG_WARN,   /* the end of the registration is near */
    REG_RENEW,
    REG_RETIRE,
    REG_EVENTS,
};

/* REG_ILLEGAL: refused, nothing changes. */
enum reg_state reg_next(enum reg_state state, enum reg_event event);
const char *reg_state_name(enum reg_state state);
const char *reg_event_name(enum reg_event event);
bool reg_state_find(str name, enum reg_state *ret);
/* Where its card is exported: "pending", "stable", "defunct", "rejected"; NULL: nowhere. */
const char *reg_state_folder(enum reg_state state);
bool reg_state_is_stable(enum reg_state state);
