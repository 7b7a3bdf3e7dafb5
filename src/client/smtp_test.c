/* SPDX-License-Identifier: ISC */
#include "client/smtp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "client/fake_smtp.h"

#define HELLO "accept\nS:220 mx.example.test ESMTP\nC=EHLO me.example.test\n"
#define PLAIN_HELLO HELLO "S:250 mx.example.test\n"
#define PIPED_HELLO HELLO "S:250-mx.example.test\nS:250-PIPELINING\nS:250 8BITMIME\n"

struct client {
    struct fake fake;
    struct smtp_client *c;
    struct arena *arena;
    struct smtp_options o;
};

static void start(struct client *t, const char *script)
{
    *t = (struct client){.c = smtp_client_new(), .arena = arena_new("test", 1 << 20)};
    t->o = (struct smtp_options){.helo = S("me.example.test"),
                                 .connect_ms = 5000,
                                 .command_ms = 5000,
                                 .side = fake_tls.client,
                                 .tls_host = S("mx.example.test")};
    fake_start(&t->fake, script);
}

static err open_client(struct client *t)
{
    return smtp_open(t->c, &t->fake.address, &t->o);
}

static void finish(struct client *t)
{
    smtp_quit(t->c);
    assert_true(fake_finished(&t->fake));
    smtp_client_free(t->c);
    arena_free(t->arena);
}

static err deliver_to(struct client *t, str body, struct smtp_recipient *r, size_t n)
{
    struct smtp_message m = {.sender = S("ann@example.test"), .body = body};
    return smtp_deliver(t->c, t->arena, &m, r, n);
}

static void one_message_command_by_command(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("bob@example.test")};
    start(&t, PLAIN_HELLO "C=MAIL FROM:<ann@example.test>\nS:250 ok\n"
                          "C=RCPT TO:<bob@example.test>\nS:250 ok\n"
                          "C=DATA\nS:354 go\nC=Subject: x\nC=\nC=..dot\nC=end\nC=.\nS:250 taken\n"
                          "C=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, S("Subject: x\n\n.dot\nend"), &r, 1)));
    assert_int_equal(r.code, 250);
    assert_true(str_eq(smtp_reply_text(smtp_last(t.c)), S("250 taken\n")));
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_IDLE);
    finish(&t);
}

static void commands_go_out_together_when_the_server_takes_that(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r[] = {{.address = S("a@x.test")}, {.address = S("b@x.test")}};
    start(&t, PIPED_HELLO "C:MAIL\nwaits\nC:RCPT TO:<a\nwaits\nC:RCPT TO:<b\nwaits\nC=DATA\n"
                          "S:250 ok\nS:250 ok\nS:550 5.1.1 nobody\nS:354 go\nC=x\nC=.\nS:250 ok\n"
                          "C=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, S("x\n"), r, 2)));
    assert_int_equal(r[0].code, 250);
    assert_int_equal(r[1].code, 550);
    assert_true(str_eq(r[1].text, S("550 5.1.1 nobody\n")));
    finish(&t);
}

static void many_recipients_go_in_windows(void **state)
{
    (void)state;
    enum { N = SMTP_WINDOW * 2 + 3 };
    struct client t;
    static struct smtp_recipient r[N];
    auto_buf struct buf script;
    buf_init(&script, 1 << 20);
    buf_add(&script, S(PIPED_HELLO "C:MAIL\n"));
    for (size_t from = 0; from < N; from += SMTP_WINDOW) {
        size_t to = from + SMTP_WINDOW < N ? from + SMTP_WINDOW : N;
        for (size_t i = from; i < to; i++)
            buf_addf(&script, "C:RCPT TO:<u%zu@\n", i);
        buf_add(&script, to == N ? S("C=DATA\n") : S(""));
        buf_add(&script, from ? S("") : S("S:250 sender\n"));
        for (size_t i = from; i < to; i++)
            buf_addf(&script, "S:%d ok\n", i % 2 ? 450 : 250);
    }
    buf_add(&script, S("S:354 go\nC=x\nC=.\nS:250 ok\nC=QUIT\nS:221 bye\n"));
    buf_addc(&script, 0);
    start(&t, script.p);
    for (size_t i = 0; i < N; i++)
        r[i].address = arena_printf(t.arena, "u%zu@x.test", i);
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, S("x\n"), r, N)));
    for (size_t i = 0; i < N; i++)
        assert_int_equal(r[i].code, i % 2 ? 450 : 250);
    finish(&t);
}

static void an_old_server_is_greeted_with_helo(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    start(&t, HELLO "S:502 unimplemented\nC=HELO me.example.test\nS:250 hi\n"
                    "C:MAIL\nS:250 ok\nC:RCPT\nS:250 ok\nC:DATA\nS:354 go\nC=.\nS:250 ok\n"
                    "C=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, S(""), &r, 1)));
    finish(&t);
}

static void a_connection_serves_several_messages(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    start(&t,
          PIPED_HELLO "C:MAIL\nC:RCPT\nC:DATA\nS:250 ok\nS:250 ok\nS:354 go\nC=1\nC=.\nS:250 ok\n"
                      "C:MAIL\nC:RCPT\nC:DATA\nS:250 ok\nS:550 no\nS:503 no rcpt\n"
                      "C=RSET\nS:250 ok\n"
                      "C:MAIL\nC:RCPT\nC:DATA\nS:250 ok\nS:250 ok\nS:354 go\nC=3\nC=.\nS:250 ok\n"
                      "C=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, S("1\n"), &r, 1)));
    assert_int_equal(deliver_to(&t, S("2\n"), &r, 1).kind, ERR_DENIED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_RCPT);
    assert_true(smtp_is_open(t.c));
    assert_false(failed(deliver_to(&t, S("3\n"), &r, 1)));
    finish(&t);
}

static void a_refused_sender_is_told_by_its_own_reply(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    start(&t, PIPED_HELLO "C:MAIL\nC:RCPT\nC:DATA\nS:550 not you\nS:503 mail first\n"
                          "S:503 rcpt first\nC=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_int_equal(deliver_to(&t, S("1\n"), &r, 1).kind, ERR_DENIED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_MAIL);
    assert_true(str_eq(smtp_reply_text(smtp_last(t.c)), S("550 not you\n")));
    assert_int_equal(r.code, 0);
    finish(&t);
}

static void a_server_that_wants_data_for_nobody_gets_none(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    start(&t, PIPED_HELLO "C:MAIL\nC:RCPT\nC:DATA\nS:250 ok\nS:550 no\nS:354 go\neof\n");
    assert_false(failed(open_client(&t)));
    assert_int_equal(deliver_to(&t, S("1\n"), &r, 1).kind, ERR_DENIED);
    assert_false(smtp_is_open(t.c));
    finish(&t);
}

static void death_before_and_after_the_final_dot_differ(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    start(&t, PLAIN_HELLO "C:MAIL\nS:250 ok\nC:RCPT\nclose\n");
    assert_false(failed(open_client(&t)));
    assert_int_equal(deliver_to(&t, S("x\n"), &r, 1).kind, ERR_CLOSED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_RCPT);
    assert_int_equal(smtp_last(t.c)->code, 0);
    finish(&t);
    start(&t,
          PLAIN_HELLO "C:MAIL\nS:250 ok\nC:RCPT\nS:250 ok\nC:DATA\nS:354 go\nC=x\nC=.\nclose\n");
    assert_false(failed(open_client(&t)));
    assert_int_equal(deliver_to(&t, S("x\n"), &r, 1).kind, ERR_CLOSED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_MESSAGE);
    assert_false(smtp_is_open(t.c));
    finish(&t);
}

static void a_reply_421_ends_the_connection(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    start(&t, PLAIN_HELLO "C:MAIL\nS:421 closing\nclose\n");
    assert_false(failed(open_client(&t)));
    assert_int_equal(deliver_to(&t, S("x\n"), &r, 1).kind, ERR_TEMP);
    assert_false(smtp_is_open(t.c));
    finish(&t);
}

static void a_silent_server_meets_the_timeout(void **state)
{
    (void)state;
    struct client t;
    start(&t, "accept\neof\n");
    t.o.command_ms = 30;
    assert_int_equal(open_client(&t).kind, ERR_TIMEOUT);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_GREETING);
    finish(&t);
}

static void what_does_not_speak_smtp_is_left(void **state)
{
    (void)state;
    struct client t;
    start(&t, "accept\nS:SSH-2.0-OpenSSH\neof\n");
    assert_int_equal(open_client(&t).kind, ERR_SYNTAX);
    assert_false(smtp_is_open(t.c));
    finish(&t);
}

static void a_greeting_that_refuses_is_kept(void **state)
{
    (void)state;
    struct client t;
    start(&t, "accept\nS:554 go away\neof\n");
    assert_int_equal(open_client(&t).kind, ERR_DENIED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_GREETING);
    assert_int_equal(smtp_last(t.c)->code, 554);
    finish(&t);
}

#define TLS_HELLO HELLO "S:250-mx.example.test\nS:250 STARTTLS\nC=STARTTLS\n"

static void tls_begins_when_offered_and_ehlo_is_said_again(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    start(&t, TLS_HELLO "S:220 go\ntls\nC:EHLO\nS:250-x\nS:250 PIPELINING\n"
                        "C:MAIL\nC:RCPT\nC:DATA\nS:250 ok\nS:250 ok\nS:354 go\nC=x\nC=.\nS:250 ok\n"
                        "C=QUIT\nS:221 bye\n");
    t.o.tls = SMTP_TLS_OFFERED;
    assert_false(failed(open_client(&t)));
    assert_non_null(strstr(smtp_tls_used(t.c), "TLSv1.3"));
    assert_int_equal(smtp_offered(t.c)->offered, SMTP_EXT_PIPELINING);
    assert_false(failed(deliver_to(&t, S("x\n"), &r, 1)));
    finish(&t);
}

static void a_failed_handshake_falls_back_to_plain(void **state)
{
    (void)state;
    struct client t;
    start(&t, TLS_HELLO "S:220 go\njunk\n" HELLO "S:250-x\nS:250 STARTTLS\nC=QUIT\nS:221 bye\n");
    t.o.tls = SMTP_TLS_OFFERED;
    assert_false(failed(open_client(&t)));
    assert_string_equal(smtp_tls_used(t.c), "");
    assert_true(strlen(smtp_tls_failure(t.c)) > 0);
    finish(&t);
}

static void a_refused_starttls_goes_on_in_plain(void **state)
{
    (void)state;
    struct client t;
    start(&t, TLS_HELLO "S:454 not now\nC=QUIT\nS:221 bye\n");
    t.o.tls = SMTP_TLS_OFFERED;
    assert_false(failed(open_client(&t)));
    finish(&t);
}

static void required_tls_never_falls_back(void **state)
{
    (void)state;
    struct client t;
    start(&t, TLS_HELLO "S:220 go\njunk\n");
    t.o.tls = SMTP_TLS_REQUIRED;
    assert_true(failed(open_client(&t)));
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_TLS);
    finish(&t);
    start(&t, PLAIN_HELLO "eof\n");
    t.o.tls = SMTP_TLS_REQUIRED;
    assert_int_equal(open_client(&t).kind, ERR_TEMP);
    finish(&t);
    start(&t, TLS_HELLO "S:220 go\ntls\neof\n");
    t.o.tls = SMTP_TLS_VERIFIED; /* the fake's authority is not the system's */
    assert_int_equal(open_client(&t).kind, ERR_DENIED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_TLS);
    (void)fake_finished(&t.fake); /* its handshake fails */
    smtp_client_free(t.c);
    arena_free(t.arena);
}

static void what_came_before_tls_is_refused(void **state)
{
    (void)state;
    struct client t;
    start(&t, TLS_HELLO "Q:220 go\nS:250 injected\neof\n");
    t.o.tls = SMTP_TLS_REQUIRED;
    assert_int_equal(open_client(&t).kind, ERR_SYNTAX);
    finish(&t);
}

static void login_prefers_what_hides_the_password(void **state)
{
    (void)state;
    struct client t;
    /* The example of RFC 2195 section 2. */
    start(&t, HELLO "S:250-x\nS:250 AUTH PLAIN LOGIN CRAM-MD5\nC=AUTH CRAM-MD5\n"
                    "S:334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\n"
                    "C=dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\nS:235 ok\n"
                    "C=QUIT\nS:221 bye\n");
    t.o.user = S("tim");
    t.o.password = S("tanstaaftanstaaf");
    assert_false(failed(open_client(&t)));
    finish(&t);
}

static void login_by_plain_and_by_login_on_loopback(void **state)
{
    (void)state;
    struct client t;
    start(&t, HELLO "S:250-x\nS:250 AUTH PLAIN\nC=AUTH PLAIN AHRpbQBzZWNyZXQ=\nS:235 ok\n"
                    "C=QUIT\nS:221 bye\n");
    t.o.user = S("tim");
    t.o.password = S("secret");
    assert_false(failed(open_client(&t)));
    finish(&t);
    start(&t, HELLO "S:250-x\nS:250 AUTH LOGIN\nC=AUTH LOGIN\nS:334 VXNlcm5hbWU6\nC=dGlt\n"
                    "S:334 UGFzc3dvcmQ6\nC=c2VjcmV0\nS:535 wrong\neof\n");
    t.o.user = S("tim");
    t.o.password = S("secret");
    assert_int_equal(open_client(&t).kind, ERR_DENIED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_AUTH);
    assert_int_equal(smtp_last(t.c)->code, 535);
    finish(&t);
}

static void parameters_go_to_servers_that_offer_them(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {
        .address = S("b@x.test"), .notify = S("NEVER"), .orcpt = S("rfc822;b@x.test")};
    struct smtp_message m = {
        .sender = S(""), .body = S("\xc3\xa9\n"), .ret_hdrs = true, .envid = S("id=7")};
    start(&t, HELLO "S:250-x\nS:250-SIZE\nS:250-8BITMIME\nS:250 DSN\n"
                    "C=MAIL FROM:<> SIZE=4 BODY=8BITMIME RET=HDRS ENVID=id=7\nS:250 ok\n"
                    "C=RCPT TO:<b@x.test> NOTIFY=NEVER ORCPT=rfc822;b@x.test\nS:250 ok\n"
                    "C:DATA\nS:354 go\nC=\xc3\xa9\nC=.\nS:250 ok\nC=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_false(failed(smtp_deliver(t.c, t.arena, &m, &r, 1)));
    finish(&t);
}

static void no_address_can_smuggle_a_command(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r[] = {
        {.address = S("a@x.test>\r\nRCPT TO:<b@x.test")},
        {.address = S("a@x.test> NOTIFY=NEVER")},
        {.address = S("a\rb@x.test")},
        {.address = S("")},
        {.address = S("a b@x.test"), .notify = S("NEVER\r\nQUIT")},
    };
    start(&t, HELLO "S:250-x\nS:250 DSN\nC:MAIL\nS:250 ok\nC=RCPT TO:<\"a b\"@x.test>\nS:250 ok\n"
                    "C:DATA\nS:354 go\nC=x\nC=.\nS:250 ok\nC=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, S("x\n"), r, 5)));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(r[i].code, 553);
    assert_int_equal(r[4].code, 250);
    finish(&t);
}

static void international_mail_needs_a_server_that_takes_it(void **state)
{
    (void)state;
    struct client t;
    struct smtp_recipient r = {.address = S("太郎@x.test")};
    start(&t, PLAIN_HELLO "C=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_int_equal(deliver_to(&t, S("x\n"), &r, 1).kind, ERR_DENIED);
    assert_int_equal(smtp_stage(t.c), SMTP_STAGE_MAIL);
    assert_int_equal(smtp_last(t.c)->code, 0);
    finish(&t);
    start(&t,
          HELLO "S:250-x\nS:250 SMTPUTF8\nC=MAIL FROM:<ann@example.test> SMTPUTF8 BODY=8BITMIME\n"
                "S:250 ok\nC=RCPT TO:<太郎@x.test>\nS:250 ok\nC:DATA\nS:354 go\nC=x\nC=.\n"
                "S:250 ok\nC=QUIT\nS:221 bye\n");
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, S("x\n"), &r, 1)));
    finish(&t);
}

static void a_large_message_arrives_whole(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    struct client t;
    struct smtp_recipient r = {.address = S("b@x.test")};
    auto_buf struct buf body, script;
    buf_init(&body, 1 << 22);
    buf_init(&script, 1 << 22);
    buf_add(&script, S(PIPED_HELLO "C:MAIL\nC:RCPT\nC:DATA\nS:250 ok\nS:250 ok\nS:354 go\n"));
    for (int i = 0; i < LINES; i++) {
        buf_addf(&body, "%sline %d of a message\n", i % 7 ? "" : ".", i);
        buf_addf(&script, "C=%sline %d of a message\n", i % 7 ? "" : "..", i);
    }
    buf_add(&script, S("C=.\nS:250 ok\nC=QUIT\nS:221 bye\n"));
    buf_addc(&script, 0);
    start(&t, script.p);
    assert_false(failed(open_client(&t)));
    assert_false(failed(deliver_to(&t, buf_str(&body), &r, 1)));
    finish(&t);
}

static int set_up(void **state)
{
    (void)state;
    fake_tls_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_tls_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_message_command_by_command),
        cmocka_unit_test(commands_go_out_together_when_the_server_takes_that),
        cmocka_unit_test(many_recipients_go_in_windows),
        cmocka_unit_test(an_old_server_is_greeted_with_helo),
        cmocka_unit_test(a_connection_serves_several_messages),
        cmocka_unit_test(a_refused_sender_is_told_by_its_own_reply),
        cmocka_unit_test(a_server_that_wants_data_for_nobody_gets_none),
        cmocka_unit_test(death_before_and_after_the_final_dot_differ),
        cmocka_unit_test(a_reply_421_ends_the_connection),
        cmocka_unit_test(a_silent_server_meets_the_timeout),
        cmocka_unit_test(what_does_not_speak_smtp_is_left),
        cmocka_unit_test(a_greeting_that_refuses_is_kept),
        cmocka_unit_test(tls_begins_when_offered_and_ehlo_is_said_again),
        cmocka_unit_test(a_failed_handshake_falls_back_to_plain),
        cmocka_unit_test(a_refused_starttls_goes_on_in_plain),
        cmocka_unit_test(required_tls_never_falls_back),
        cmocka_unit_test(what_came_before_tls_is_refused),
        cmocka_unit_test(login_prefers_what_hides_the_password),
        cmocka_unit_test(login_by_plain_and_by_login_on_loopback),
        cmocka_unit_test(parameters_go_to_servers_that_offer_them),
        cmocka_unit_test(no_address_can_smuggle_a_command),
        cmocka_unit_test(international_mail_needs_a_server_that_takes_it),
        cmocka_unit_test(a_large_message_arrives_whole),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
