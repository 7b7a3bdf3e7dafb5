/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "queue/states.h"

typedef struct move move_fn(int from, int event);
typedef const char *name_fn(int n);

static struct move of_message(int from, int event)
{
    return message_move((enum message_state)from, (enum message_event)event);
}
static struct move of_rcpt(int from, int event)
{
    return rcpt_move((enum rcpt_state)from, (enum rcpt_event)event);
}
static struct move of_body(int from, int event)
{
    return body_move((enum body_state)from, (enum body_event)event);
}
static const char *message_state(int n)
{
    return message_state_name((enum message_state)n);
}
static const char *message_event(int n)
{
    return message_event_name((enum message_event)n);
}
static const char *rcpt_state(int n)
{
    return rcpt_state_name((enum rcpt_state)n);
}
static const char *rcpt_event(int n)
{
    return rcpt_event_name((enum rcpt_event)n);
}
static const char *body_state(int n)
{
    return body_state_name((enum body_state)n);
}
static const char *body_event(int n)
{
    return body_event_name((enum body_event)n);
}

static const struct machine {
    const char *name;
    int states, events;
    move_fn *move;
    name_fn *state, *event;
} machines[] = {
    {"message", MESSAGE_STATES, MESSAGE_EVENTS, of_message, message_state, message_event},
    {"recipient", RCPT_STATES, RCPT_EVENTS, of_rcpt, rcpt_state, rcpt_event},
    {"body file", BODY_STATES, BODY_EVENTS, of_body, body_state, body_event},
};

static void every_state_has_a_decision_for_every_event(void **t)
{
    (void)t;
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
        for (int s = 0; s < machines[i].states; s++)
            for (int e = 0; e < machines[i].events; e++) {
                struct move m = machines[i].move(s, e);
                assert_int_not_equal(m.kind, MOVE_UNDECIDED);
                assert_in_range(m.to, 0, machines[i].states - 1);
            }
}

static void every_state_is_reached_from_the_first_and_leads_back_to_it(void **t)
{
    (void)t;
    /* A message and a body file begin and end as "none"; recipients end. */
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        bool reached[16] = {true};
        for (int round = 0; round < machines[i].states; round++)
            for (int s = 0; s < machines[i].states; s++)
                for (int e = 0; reached[s] && e < machines[i].events; e++)
                    if (machines[i].move(s, e).kind == MOVE_TO)
                        reached[machines[i].move(s, e).to] = true;
        for (int s = 0; s < machines[i].states; s++)
            assert_true(reached[s]);
    }
    assert_int_equal(message_move(MESSAGE_CLOSING, MESSAGE_SYNCED).to, MESSAGE_NONE);
    assert_int_equal(body_move(BODY_BOUND, BODY_END).to, BODY_NONE);
}

static void a_done_recipient_is_never_tried_again(void **t)
{
    (void)t;
    for (int s = 0; s < RCPT_STATES; s++)
        for (int e = 0; e < RCPT_EVENTS; e++) {
            struct move m = of_rcpt(s, e);
            if (rcpt_is_done((enum rcpt_state)s))
                assert_true(m.kind != MOVE_TO);
        }
}

static void a_body_file_is_never_lent_twice(void **t)
{
    (void)t;
    assert_int_equal(body_move(BODY_LENT, BODY_LEND).kind, MOVE_ILLEGAL);
    assert_int_equal(body_move(BODY_BOUND, BODY_LEND).kind, MOVE_ILLEGAL);
}

static void write_table(struct buf *b, const struct machine *m)
{
    buf_addf(b, "| %s |", m->name);
    for (int e = 0; e < m->events; e++)
        buf_addf(b, " %s |", m->event(e));
    buf_add(b, S("\n|---|"));
    for (int e = 0; e < m->events; e++)
        buf_add(b, S("---|"));
    buf_addc(b, '\n');
    for (int s = 0; s < m->states; s++) {
        buf_addf(b, "| **%s** |", m->state(s));
        for (int e = 0; e < m->events; e++) {
            struct move v = m->move(s, e);
            buf_addf(b, " %s |",
                     v.kind == MOVE_TO     ? m->state(v.to)
                     : v.kind == MOVE_STAY ? "stays"
                                           : "-");
        }
        buf_addc(b, '\n');
    }
}

static void the_document_shows_these_tables(void **t)
{
    (void)t;
    char path[1024];
    const char *slash = strstr(__FILE__, "src/queue/");
    assert_non_null(slash);
    int n =
        snprintf(path, sizeof path, "%.*sdoc/states/queue.md", (int)(slash - __FILE__), __FILE__);
    assert_in_range(n, 1, sizeof path - 1);
    auto_arena struct arena *a = arena_new("states test", 1 << 20);
    str doc;
    if (failed(file_read(AT_FDCWD, path, 1 << 19, a, &doc)))
        skip(); /* run from another folder than the build's */
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 1 << 16);
        write_table(&b, &machines[i]);
        if (str_find_str(doc, buf_str(&b)) < 0)
            print_message("doc/states/queue.md should contain:\n%.*s\n", STR_ARG(buf_str(&b)));
        assert_true(str_find_str(doc, buf_str(&b)) >= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_a_decision_for_every_event),
        cmocka_unit_test(every_state_is_reached_from_the_first_and_leads_back_to_it),
        cmocka_unit_test(a_done_recipient_is_never_tried_again),
        cmocka_unit_test(a_body_file_is_never_lent_twice),
        cmocka_unit_test(the_document_shows_these_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
