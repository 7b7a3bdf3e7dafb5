/* SPDX-License-Identifier: ISC */
#include "people/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Written a second time, by words: state, event, what follows. Every pair not named is refused. */
static const struct {
    const char *state, *event, *next;
} legal[] = {
    {"none", "apply", "applied"},       {"rejected", "apply", "applied"},
    {"applied", "accept", "accepted"},  {"applied", "reject", "rejected"},
    {"applied", "hold", "held"},        {"applied", "change", "applied"},
    {"held", "accept", "accepted"},     {"held", "reject", "rejected"},
    {"held", "hold", "held"},           {"held", "change", "held"},
    {"accepted", "change", "changed"},  {"accepted", "settle", "accepted"},
    {"accepted", "warn", "expiring"},   {"accepted", "renew", "changed"},
    {"accepted", "retire", "retired"},  {"changed", "change", "changed"},
    {"changed", "settle", "accepted"},  {"changed", "warn", "expiring"},
    {"changed", "renew", "changed"},    {"changed", "retire", "retired"},
    {"expiring", "change", "expiring"}, {"expiring", "settle", "expiring"},
    {"expiring", "renew", "changed"},   {"expiring", "retire", "retired"},
};

static const char *expected(enum reg_state s, enum reg_event e)
{
    for (size_t i = 0; i < sizeof legal / sizeof legal[0]; i++)
        if (strcmp(legal[i].state, reg_state_name(s)) == 0 &&
            strcmp(legal[i].event, reg_event_name(e)) == 0)
            return legal[i].next;
    return "illegal";
}

static void every_state_has_an_answer_for_every_event(void **state)
{
    (void)state;
    for (enum reg_state s = 0; s < REG_STATES; s++)
        for (enum reg_event e = 0; e < REG_EVENTS; e++)
            assert_string_equal(reg_state_name(reg_next(s, e)), expected(s, e));
    assert_int_equal(reg_next(REG_STATES, REG_APPLY), REG_ILLEGAL);
    assert_int_equal(reg_next(REG_APPLIED, REG_EVENTS), REG_ILLEGAL);
}

static void nothing_leads_out_of_retirement(void **state)
{
    (void)state;
    for (enum reg_event e = 0; e < REG_EVENTS; e++)
        assert_int_equal(reg_next(REG_RETIRED, e), REG_ILLEGAL);
}

static void nothing_reaches_the_host_but_by_a_guarantors_acceptance(void **state)
{
    (void)state;
    for (enum reg_state s = 0; s < REG_STATES; s++)
        for (enum reg_event e = 0; e < REG_EVENTS; e++)
            if (!reg_state_is_stable(s) && reg_next(s, e) < REG_STATES &&
                reg_state_is_stable(reg_next(s, e)))
                assert_int_equal(e, REG_ACCEPT);
}

static void names_of_states_are_read_back(void **state)
{
    (void)state;
    for (enum reg_state s = 0; s < REG_STATES; s++) {
        enum reg_state back;
        assert_true(reg_state_find(str_from(reg_state_name(s)), &back));
        assert_int_equal(back, s);
        assert_true((reg_state_folder(s) == NULL) == (s == REG_NONE));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_an_answer_for_every_event),
        cmocka_unit_test(nothing_leads_out_of_retirement),
        cmocka_unit_test(nothing_reaches_the_host_but_by_a_guarantors_acceptance),
        cmocka_unit_test(names_of_states_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
