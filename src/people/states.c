/* SPDX-License-Identifier: ISC */
#include "people/states.h"

/* Columns in the order of enum reg_event: apply accept reject hold, change settle warn renew
 * retire. */
#define NO REG_ILLEGAL
#define ACC REG_ACCEPTED
#define CHA REG_CHANGED
#define EXP REG_EXPIRING
#define OUT REG_RETIRED
/* clang-format off */
static const enum reg_state table[REG_STATES][REG_EVENTS] = {
    [REG_NONE]     = {REG_APPLIED, NO,  NO,           NO,       NO,          NO,  NO,  NO,  NO},
    [REG_APPLIED]  = {NO,          ACC, REG_REJECTED, REG_HELD, REG_APPLIED, NO,  NO,  NO,  NO},
    [REG_HELD]     = {NO,          ACC, REG_REJECTED, REG_HELD, REG_HELD,    NO,  NO,  NO,  NO},
    [REG_REJECTED] = {REG_APPLIED, NO,  NO,           NO,       NO,          NO,  NO,  NO,  NO},
    [REG_ACCEPTED] = {NO,          NO,  NO,           NO,       CHA,         ACC, EXP, CHA, OUT},
    [REG_CHANGED]  = {NO,          NO,  NO,           NO,       CHA,         ACC, EXP, CHA, OUT},
    [REG_EXPIRING] = {NO,          NO,  NO,           NO,       EXP,         EXP, NO,  CHA, OUT},
    [REG_RETIRED]  = {NO,          NO,  NO,           NO,       NO,          NO,  NO,  NO,  NO},
};
/* clang-format on */

static const char *const state_names[REG_STATES] = {"none",     "applied", "held",     "rejected",
                                                    "accepted", "changed", "expiring", "retired"};
static const char *const event_names[REG_EVENTS] = {"apply",  "accept", "reject", "hold",  "change",
                                                    "settle", "warn",   "renew",  "retire"};

enum reg_state reg_next(enum reg_state state, enum reg_event event)
{
    if (state >= REG_STATES || event >= REG_EVENTS)
        return REG_ILLEGAL;
    return table[state][event];
}

const char *reg_state_name(enum reg_state state)
{
    return state < REG_STATES ? state_names[state] : "illegal";
}

const char *reg_event_name(enum reg_event event)
{
    return event < REG_EVENTS ? event_names[event] : "unknown";
}

bool reg_state_find(str name, enum reg_state *ret)
{
    for (enum reg_state s = 0; s < REG_STATES; s++) {
        if (str_eq(name, str_from(state_names[s]))) {
            *ret = s;
            return true;
        }
    }
    return false;
}

const char *reg_state_folder(enum reg_state state)
{
    switch (state) {
    case REG_APPLIED:
    case REG_HELD:
        return "pending";
    case REG_ACCEPTED:
    case REG_CHANGED:
    case REG_EXPIRING:
        return "stable";
    case REG_RETIRED:
        return "defunct";
    case REG_REJECTED:
        return "rejected";
    default:
        return NULL;
    }
}

bool reg_state_is_stable(enum reg_state state)
{
    return state == REG_ACCEPTED || state == REG_CHANGED || state == REG_EXPIRING;
}
