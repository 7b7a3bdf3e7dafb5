/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "queue/qmail_log.h"
#include "queue/schedule.h"

static void assert_times(enum channel_kind channel, const int64_t *want, size_t n)
{
    enum { BIRTH = 1'000'000 };
    int64_t now = BIRTH;
    for (size_t i = 0; i < n; i++) {
        now = schedule_next(BIRTH, now, channel);
        assert_int_equal(now - BIRTH, want[i]);
    }
}

static void local_mail_is_tried_when_qmail_tries_it(void **t)
{
    (void)t;
    const int64_t want[] = {100, 400, 900, 1600, 2500, 3600, 4900, 6400, 8100, 10000};
    assert_times(CHANNEL_LOCAL, want, sizeof want / sizeof want[0]);
}

static void remote_mail_is_tried_when_qmail_tries_it(void **t)
{
    (void)t;
    const int64_t want[] = {400, 1600, 3600, 6400, 10000, 14400, 19600, 25600, 32400, 40000};
    assert_times(CHANNEL_REMOTE, want, sizeof want / sizeof want[0]);
}

static void the_last_try_of_the_default_lifetime_is_at_608400_seconds(void **t)
{
    (void)t;
    int64_t now = 0;
    while (!schedule_is_last(0, now, 604800))
        now = schedule_next(0, now, CHANNEL_REMOTE);
    assert_int_equal(now, 608400);
    now = 0;
    while (!schedule_is_last(0, now, 604800))
        now = schedule_next(0, now, CHANNEL_LOCAL);
    assert_int_equal(now, 608400);
}

static void a_birth_in_the_future_counts_as_age_zero(void **t)
{
    (void)t;
    assert_int_equal(schedule_next(5000, 10, CHANNEL_LOCAL), 5100);
    assert_false(schedule_is_last(5000, 10, 0));
}

static void a_long_life_does_not_overflow(void **t)
{
    (void)t;
    int64_t thousand_years = (int64_t)1000 * 366 * 86400;
    int64_t next = schedule_next(0, thousand_years, CHANNEL_REMOTE);
    assert_true(next > thousand_years);
    assert_true(next - thousand_years < 50 * 200'000);
}

static void clock_jumps_across_a_stop_cannot_expire_the_queue(void **t)
{
    (void)t;
    assert_int_equal(schedule_resume(1000, 5000, 5010), 1010);
    assert_int_equal(schedule_resume(1000, 5000, 4000), 1000);
    assert_int_equal(schedule_resume(1000, 5000, 5000 + 14 * 365 * (int64_t)86400), 1000 + 86400);
    assert_int_equal(schedule_resume(1000, INT64_MIN, INT64_MAX), 1000);
}

static void a_dead_host_rests_64_to_97_minutes(void **t)
{
    (void)t;
    assert_int_equal(schedule_dead_host_seconds(0), 3840);
    assert_int_equal(schedule_dead_host_seconds(31), 5824);
    assert_int_equal(schedule_dead_host_seconds(32), 3840);
}

static const struct log_example {
    const char *name;
    struct qmail_log_event e;
    str want;
} log_examples[] = {
    {"new message",
     {.kind = QMAIL_LOG_NEW, .id = 8, .size = 220, .sender = S("a@b"), .qp = 77, .uid = 1000},
     S("new msg 8\ninfo msg 8: bytes 220 from <a@b> qp 77 uid 1000\n")},
    {"quick success that ends the message",
     {.kind = QMAIL_LOG_DONE,
      .id = 8,
      .delivery = 3,
      .channel = S("local"),
      .address = S("taro@h"),
      .outcome = S("success"),
      .text = S("hi\ndid 0+0+1\n"),
      .ended = true,
      .local_max = 10,
      .remote_max = 20},
     S("starting delivery 3: msg 8 to local taro@h\ndelivery 3: success: hi/did_0+0+1/\n"
       "status: local 0/10 remote 0/20\nend msg 8\n")},
    {"failure of one that was announced",
     {.kind = QMAIL_LOG_DONE,
      .id = 8,
      .delivery = 4,
      .outcome = S("failure"),
      .started = true,
      .text = S("Sorry, no mailbox here by that name. (#5.1.1)")},
     S("delivery 4: failure: Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/\n")},
    {"octets that would break a line",
     {.kind = QMAIL_LOG_DONE,
      .id = 1,
      .delivery = 1,
      .outcome = S("deferral"),
      .started = true,
      .text = S("a\tb%\xe3\x81\x82\r\n")},
     S("delivery 1: deferral: a_b_____/\n")},
    {"triple bounce",
     {.kind = QMAIL_LOG_TRIPLE, .id = 5},
     S("triple bounce: discarding bounce/5\n")},
    {"bounce", {.kind = QMAIL_LOG_BOUNCE, .id = 5, .qp = 9}, S("bounce msg 5 qp 9\n")},
    {"status while stopping",
     {.kind = QMAIL_LOG_STATUS, .local = 1, .local_max = 10, .remote_max = 20, .exiting = true},
     S("status: local 1/10 remote 0/20 exitasap\n")},
    {"stopped", {.kind = QMAIL_LOG_STOPPED}, S("status: exiting\n")},
};

static void events_become_qmail_sends_lines(void **t)
{
    (void)t;
    for (size_t i = 0; i < sizeof log_examples / sizeof log_examples[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 4096);
        qmail_log_write(&b, &log_examples[i].e);
        if (!str_eq(buf_str(&b), log_examples[i].want))
            print_message("%s: got\n%.*s\n", log_examples[i].name, STR_ARG(buf_str(&b)));
        assert_true(str_eq(buf_str(&b), log_examples[i].want));
    }
}

static void fields_are_found_by_their_event_names(void **t)
{
    (void)t;
    struct qmail_log_event e;
    assert_false(qmail_log_kind_of(S("session.opened"), &e));
    assert_true(qmail_log_kind_of(S("delivery.done"), &e));
    qmail_log_field(&e, S("id"), S("12"), 0);
    qmail_log_field(&e, S("delivery"), S(""), 7);
    qmail_log_field(&e, S("channel"), S("remote"), 0);
    qmail_log_field(&e, S("rcpt"), S("x@y"), 0);
    qmail_log_field(&e, S("text"), S("ok"), 0);
    qmail_log_field(&e, S("colour"), S("red"), 0);
    auto_buf struct buf b;
    buf_init(&b, 4096);
    qmail_log_write(&b, &e);
    assert_true(str_eq(buf_str(&b), S("starting delivery 7: msg 12 to remote x@y\n"
                                      "delivery 7: success: ok/\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_mail_is_tried_when_qmail_tries_it),
        cmocka_unit_test(remote_mail_is_tried_when_qmail_tries_it),
        cmocka_unit_test(the_last_try_of_the_default_lifetime_is_at_608400_seconds),
        cmocka_unit_test(a_birth_in_the_future_counts_as_age_zero),
        cmocka_unit_test(a_long_life_does_not_overflow),
        cmocka_unit_test(clock_jumps_across_a_stop_cannot_expire_the_queue),
        cmocka_unit_test(a_dead_host_rests_64_to_97_minutes),
        cmocka_unit_test(events_become_qmail_sends_lines),
        cmocka_unit_test(fields_are_found_by_their_event_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
