/* SPDX-License-Identifier: ISC */
#include "sieve/reply.h"

#include "sieve/testing.h"

static const str own[] = {S("taro@example.test"), S("taro-x@example.test")};

static enum sieve_silence silence(const char *from, const char *text, str *ret_named)
{
    auto_arena struct arena *a = arena_new("test", 1 << 20);
    struct sieve_vacation v = {0};
    struct sieve_message m = {.text = str_from(text), .from = str_from(from)};
    str named = S("");
    enum sieve_silence s = sieve_vacation_silence(&v, &m, own, 2, a, &named);
    if (ret_named)
        *ret_named = str_ieq(named, own[0]) ? own[0] : named;
    return s;
}

static void people_who_write_by_name_are_answered(void **state)
{
    (void)state;
    str named;
    assert_int_equal(silence("a@b.example", "To: x@y, Taro <Taro@Example.Test>\n\n", &named),
                     SIEVE_MAY_ANSWER);
    assert_true(str_eq(named, own[0]));
    assert_int_equal(silence("a@b.example", "Cc: taro-x@example.test\n\n", NULL), SIEVE_MAY_ANSWER);
    assert_int_equal(silence("a@b.example", "Resent-To: taro@example.test\n\n", NULL),
                     SIEVE_MAY_ANSWER);
}

static void programs_lists_and_oneself_are_not_answered(void **state)
{
    (void)state; /* RFC 5230 4.5 and 4.6, RFC 3834 2 */
    const char *to = "To: taro@example.test\n\n";
    assert_int_equal(silence("", to, NULL), SIEVE_NO_SENDER);
    assert_int_equal(silence("Taro@example.test", to, NULL), SIEVE_OWN_SENDER);
    const char *robots[] = {"MAILER-DAEMON@x.example", "owner-l@x.example", "l-request@x.example",
                            "l-return-1-a=b@x.example", "noreply@x.example"};
    for (size_t i = 0; i < sizeof robots / sizeof robots[0]; i++)
        assert_int_equal(silence(robots[i], to, NULL), SIEVE_ROBOT_SENDER);
    const char *fields[] = {"Precedence: bulk", "Auto-Submitted: auto-replied (x)",
                            "List-Id: <a.b>", "List-Unsubscribe: <x>", "Precedence: LIST"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "%s\n%s", fields[i], to); /* fits */
        assert_int_equal(silence("a@b.example", text, NULL), SIEVE_AUTOMATIC);
    }
    assert_int_equal(silence("a@b.example", "Auto-Submitted: no\nTo: taro@example.test\n\n", NULL),
                     SIEVE_MAY_ANSWER);
    assert_int_equal(silence("a@b.example", "To: others@example.test\n\n", NULL), SIEVE_NOT_NAMED);
}

static void answer(struct buf *b, const struct sieve_vacation *v, const char *text)
{
    struct sieve_message m = {.text = str_from(text), .from = S("a@b.example")};
    struct sieve_letter l = {.from = S("taro@example.test"),
                             .to = S("a@b.example"),
                             .message_id = S("<1@x>"),
                             .epoch = 0};
    buf_init(b, 1 << 20);
    sieve_vacation_write(b, v, &m, &l);
}

static bool has(const struct buf *b, str what)
{
    return str_find_str(buf_str(b), what) >= 0;
}

static void an_answer_joins_the_thread_and_says_that_it_is_one(void **state)
{
    (void)state; /* RFC 5230 5, RFC 3834 3.1 */
    auto_buf struct buf b;
    struct sieve_vacation v = {.reason = S("away\n")};
    answer(&b, &v, "Subject: =?utf-8?B?5pel?= x\nMessage-ID: <m@b>\nReferences: <r@b>\n\n");
    assert_true(has(&b, S("In-Reply-To: <m@b>\n")));
    assert_true(has(&b, S("References: <r@b>\n <m@b>\n")));
    assert_true(has(&b, S("Auto-Submitted: auto-replied (vacation)\n")));
    assert_true(has(&b, S("From: taro@example.test\nTo: a@b.example\n")));
    assert_true(has(&b, S("Subject: ")) && has(&b, S("\n\naway\n")));
}

static void a_script_or_a_message_cannot_add_fields_to_an_answer(void **state)
{
    (void)state;
    auto_buf struct buf b, c;
    struct sieve_vacation v = {.reason = S("x"), .subject = S("a\nBcc: evil@x")};
    answer(&b, &v, "Message-ID: <m@b>\n Bcc: <evil @x>\n\n");
    assert_false(has(&b, S("\nBcc:")));
    struct sieve_vacation mime = {.mime = true,
                                  .reason = S("Content-Type: text/html\nBcc: evil@x\n\n<b>x</b>")};
    answer(&c, &mime, "Subject: x\n\n");
    assert_false(has(&c, S("Bcc")));
    assert_true(has(&c, S("Content-Type: text/html\n\n<b>x</b>\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_who_write_by_name_are_answered),
        cmocka_unit_test(programs_lists_and_oneself_are_not_answered),
        cmocka_unit_test(an_answer_joins_the_thread_and_says_that_it_is_one),
        cmocka_unit_test(a_script_or_a_message_cannot_add_fields_to_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
