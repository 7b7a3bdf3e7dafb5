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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_json_object_with_its_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
