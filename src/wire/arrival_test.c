/* SPDX-License-Identifier: ISC */
#include "wire/arrival.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void feed(struct arrival *a, str text, size_t piece)
{
    for (size_t at = 0; at < text.n; at += piece)
        arrival_feed(a, str_slice(text, at, at + piece));
}

static void hops_are_counted_in_the_header_only(void **state)
{
    (void)state;
    str text = S("Received: from a\n\tby b\nRECEIVED : x\nDelivered-To: y\nX-Received: no\n"
                 "Received-SPF: no\n\nReceived: body\n");
    for (size_t piece = 1; piece < text.n; piece++) {
        struct arrival a = {0};
        feed(&a, text, piece);
        assert_int_equal(a.hops, 3);
        assert_true(a.in_body);
    }
}

static void the_message_id_is_found_also_when_folded(void **state)
{
    (void)state;
    struct arrival a = {0};
    feed(&a, S("Subject: x\nMessage-Id:\n  <one@x> (no)\nMessage-ID: <two@x>\n\n"), 5);
    assert_true(str_eq(arrival_message_id(&a), S("<one@x>")));
    a = (struct arrival){0};
    feed(&a, S("message-id: <a@b>\n\n"), 100);
    assert_true(str_eq(arrival_message_id(&a), S("<a@b>")));
    a = (struct arrival){0};
    feed(&a, S("To: a\n\nmessage-id: <a@b>\n"), 100);
    assert_int_equal(arrival_message_id(&a).n, 0);
}

static void a_long_line_is_judged_by_its_front(void **state)
{
    (void)state;
    char line[2000];
    memset(line, 'x', sizeof line);
    memcpy(line, "Message-ID: <", 13);
    line[sizeof line - 1] = '\n';
    struct arrival a = {0};
    feed(&a, str_of(line, sizeof line), 700);
    assert_int_equal(arrival_message_id(&a).n, ARRIVAL_ID_MAX);
    feed(&a, S("Received: x\n\n"), 100);
    assert_int_equal(a.hops, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hops_are_counted_in_the_header_only),
        cmocka_unit_test(the_message_id_is_found_also_when_folded),
        cmocka_unit_test(a_long_line_is_judged_by_its_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
