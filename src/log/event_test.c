/* SPDX-License-Identifier: ISC */
#include "log/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/fd.h"

static void an_event_is_one_json_object_with_its_fields(void **state)
{
    (void)state;
    auto_fd int a = -1, b = -1;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    log_open("smtpd", a);
    clock_freeze_for_test(1795533056);
    struct log *l = log_new(NULL);
    log_set(l, "sid", S("s1"));
    log_set(l, "sid", S("s2"));
    log_event(l, EV_SMTP_ACCEPTED, F_STR("from", S("a\"\n\xff\xe3\x81\x82@x")), F_INT("bytes", 12));
    char got[1024] = {0};
    assert_true(recv(b, got, sizeof got - 1, 0) > 0);
    assert_non_null(strstr(got,
                           "{\"t\":\"2026-11-24T15:10:56.000000Z\",\"event\":\"smtp.accepted\","
                           "\"level\":\"info\",\"program\":\"smtpd\",\"pid\":"));
    assert_non_null(strstr(
        got, ",\"sid\":\"s2\",\"from\":\"a\\\"\\u000a\\u00ff\xe3\x81\x82@x\",\"bytes\":12}"));
    log_free(l);
    clock_freeze_for_test(-1);
}

static size_t lines_in_next_packet(int fd)
{
    char got[4096] = {0};
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    size_t lines = n > 0;
    for (ssize_t i = 0; i < n; i++)
        lines += got[i] == '\n';
    return lines;
}

static void held_events_leave_together_and_grave_ones_do_not_wait(void **state)
{
    (void)state;
    int a, b;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &a, &b)));
    log_open("sched", a);
    log_hold();
    log_event(NULL, EV_SMTP_ACCEPTED, F_INT("bytes", 1));
    log_event(NULL, EV_SMTP_ACCEPTED, F_INT("bytes", 2));
    assert_int_equal(lines_in_next_packet(b), 0);
    log_release(NULL);
    assert_int_equal(lines_in_next_packet(b), 2);
    log_release(NULL);
    assert_int_equal(lines_in_next_packet(b), 0);
    log_event(NULL, EV_SMTP_ACCEPTED, F_INT("bytes", 3));
    log_event(NULL, EV_PROGRAM_FAILED, F_INT("bytes", 4));
    assert_int_equal(lines_in_next_packet(b), 2);
    fd_close(a);
    fd_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_json_object_with_its_fields),
        cmocka_unit_test(held_events_leave_together_and_grave_ones_do_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
