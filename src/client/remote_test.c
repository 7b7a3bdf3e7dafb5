/* SPDX-License-Identifier: ISC */
#include "client/remote.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "client/fake_smtp.h"

/* Exchangers live on loopback; those on 127.0.0.9 have nobody listening. */
static const str zones = S("zone .\n"
                           "zone test\n"
                           "data one.test. IN MX 10 mx.one.test.\n"
                           "data mx.one.test. IN A 127.0.0.1\n"
                           "data two.test. IN MX 5 dead.two.test.\n"
                           "data two.test. IN MX 10 mx.one.test.\n"
                           "data dead.two.test. IN A 127.0.0.9\n"
                           "data implicit.test. IN A 127.0.0.1\n"
                           "data nomail.test. IN MX 0 .\n"
                           "data unmade.test. IN MX 10 nowhere.test.\n"
                           "data alldead.test. IN MX 10 dead.two.test.\n"
                           "data worse.test. IN MX 20 us.test.\n"
                           "data worse.test. IN MX 10 mx.one.test.\n"
                           "data us.test. IN A 192.0.2.99\n"
                           "data best.test. IN MX 10 us.test.\n"
                           "data best.test. IN MX 20 mx.one.test.\n"
                           "data named.test. IN MX 10 me.example.test.\n"
                           "data me.example.test. IN A 127.0.0.9\n"
                           "data textonly.test. IN TXT \"x\"\n"
                           "refuse down.test\n");

#define HELLO "accept\nS:220 mx ESMTP\nC:EHLO\nS:250-mx\nS:250 PIPELINING\n"
#define ENVELOPE "C:MAIL\nC:RCPT\nC:DATA\n"
#define TAKEN "S:250 ok\nS:250 ok\nS:354 go\nC=x\nC=.\nS:250 ok 123 qp 4\n"

static struct {
    struct dns *dns;
    struct own_addresses own;
    struct fake fake;
    struct remote_options o;
    struct remote *remote;
    struct arena *arena;
    struct smtp_recipient r[3];
    struct remote_report report;
    struct remote_route route;
} t;

static int set_up_all(void **state)
{
    (void)state;
    fake_tls_start();
    if (failed(net_address_parse(S("192.0.2.99"), 0, &t.own.at[t.own.n++])))
        return -1;
    return failed(dns_open(&(struct dns_options){.local = zones}, &t.dns, NULL));
}

static int tear_down_all(void **state)
{
    (void)state;
    dns_close(t.dns);
    fake_tls_stop();
    return 0;
}

static void start(const char *script)
{
    t.arena = arena_new("test", 4 << 20);
    fake_start(&t.fake, script);
    t.o = (struct remote_options){.dns = t.dns,
                                  .me = S("me.example.test"),
                                  .helo = S("me.example.test"),
                                  .connect_ms = 5000,
                                  .command_ms = 5000,
                                  .tls = fake_tls.client,
                                  .mx_port = t.fake.port};
    t.remote = remote_new(&t.o);
    t.route = (struct remote_route){0};
    for (size_t i = 0; i < 3; i++)
        t.r[i] = (struct smtp_recipient){.address = S("b@one.test")};
}

static void deliver_to(const char *host, size_t n)
{
    struct smtp_message m = {.sender = S("ann@example.test"), .body = S("x\n")};
    remote_deliver(t.remote, t.arena, str_from(host), &t.route, &m, t.r, n, &t.report);
}

static void finish(void)
{
    remote_free(t.remote);
    assert_true(fake_finished(&t.fake));
    arena_free(t.arena);
}

static void assert_report(char letter, const char *text)
{
    if (t.report.letter != letter || !str_eq(t.report.text, str_from(text)))
        fail_msg("got %c%.*s, want %c%s", t.report.letter, STR_ARG(t.report.text), letter, text);
}

static void assert_taken(void)
{
    assert_report('K', "127.0.0.1 accepted message.\nRemote host said: 250 ok 123 qp 4\n");
}

/* What a delivery to a host says for which no connection is made. */
static void assert_without_server(const char *host, char letter, const char *text)
{
    start("");
    t.o.own = &t.own;
    deliver_to(host, 1);
    assert_report(letter, text);
    finish();
}

static void a_message_goes_to_the_exchanger(void **state)
{
    (void)state;
    start(HELLO ENVELOPE TAKEN "C=QUIT\nS:221 bye\n");
    deliver_to("one.test", 1);
    assert_report('K', "127.0.0.1 accepted message.\nRemote host said: 250 ok 123 qp 4\n");
    assert_int_equal(t.report.each[0], 'r');
    finish();
}

static void a_domain_without_mx_is_its_own_exchanger(void **state)
{
    (void)state;
    start(HELLO ENVELOPE TAKEN "C=QUIT\nS:221 bye\n");
    deliver_to("implicit.test", 1);
    assert_taken();
    finish();
}

static void the_next_exchanger_is_tried_when_one_is_dead(void **state)
{
    (void)state;
    start(HELLO ENVELOPE TAKEN "C=QUIT\nS:221 bye\n");
    deliver_to("two.test", 1);
    assert_taken();
    finish();
}

static void the_next_exchanger_is_tried_when_one_refuses_to_talk(void **state)
{
    (void)state;
    start("accept\nS:421 busy\neof\naccept\nS:421 busy\neof\n");
    deliver_to("one.test", 1);
    assert_report('Z', "Connected to 127.0.0.1 but greeting failed.\nRemote host said: 421 busy\n");
    deliver_to("two.test", 1);
    assert_report('Z', "Connected to 127.0.0.1 but greeting failed.\nRemote host said: 421 busy\n");
    finish();
}

static void hosts_that_cannot_be_found_are_told_apart(void **state)
{
    (void)state;
    assert_without_server("nobody.test", 'D',
                          "Sorry, I couldn't find any host named nobody.test. (#5.1.2)\n");
    assert_without_server("nomail.test", 'D',
                          "Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)\n");
    assert_without_server("textonly.test", 'D',
                          "Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)\n");
    assert_without_server("unmade.test", 'D',
                          "Sorry, I couldn't find a mail exchanger or IP address. (#5.4.4)\n");
    assert_without_server("x.down.test", 'Z',
                          "Sorry, I couldn't find any host by that name. (#4.1.2)\n");
    start("");
    deliver_to("alldead.test", 1);
    assert_report('Z', "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\n");
    finish();
}

static void mail_never_goes_round_to_us(void **state)
{
    (void)state;
    static const char me[] =
        "Sorry. Although I'm listed as a best-preference MX or A for that host,\n"
        "it isn't in my control/locals file, so I don't treat it as local. (#5.4.6)\n";
    assert_without_server("best.test", 'D', me);
    assert_without_server("us.test", 'D', me);
    assert_without_server("[192.0.2.99]", 'D', me);
    assert_without_server("[127.0.0.1]", 'D', me);
    assert_without_server("named.test", 'D', me);
}

static void a_better_exchanger_than_us_is_used(void **state)
{
    (void)state;
    start(HELLO ENVELOPE TAKEN "C=QUIT\nS:221 bye\n");
    t.o.me = S("us.test"); /* by name: loopback, where the fake listens, is always us */
    deliver_to("worse.test", 1);
    assert_taken();
    finish();
}

static void a_route_overrides_mx_and_asks_nobody_whether_it_is_us(void **state)
{
    (void)state;
    start(HELLO ENVELOPE TAKEN "C=QUIT\nS:221 bye\n");
    t.o.own = &t.own;
    t.route = (struct remote_route){.is_set = true, .host = S("[127.0.0.1]"), .port = t.fake.port};
    deliver_to("nobody.test", 1);
    assert_taken();
    finish();
    start("");
    t.route = (struct remote_route){.is_set = true, .host = S("gone.test")};
    deliver_to("one.test", 1);
    assert_report('D', "Sorry, I couldn't find any host named gone.test. (#5.1.2)\n");
    finish();
}

static void recipients_have_their_own_fates(void **state)
{
    (void)state;
    str text;
    start(HELLO "C:MAIL\nC:RCPT\nC:RCPT\nC:RCPT\nC:DATA\nS:250 ok\nS:250 ok\nS:550 5.1.1 nobody\n"
                "S:450 later\nS:354 go\nC=x\nC=.\nS:250 ok 123 qp 4\nC=QUIT\nS:221 bye\n");
    deliver_to("one.test", 3);
    assert_taken();
    assert_memory_equal(t.report.each, "rhs", 3);
    assert_int_equal(remote_recipient(&t.report, 0, t.arena, &text), 'K');
    assert_true(str_eq(text, t.report.text));
    assert_int_equal(remote_recipient(&t.report, 1, t.arena, &text), 'D');
    assert_true(str_eq(text, S("127.0.0.1 does not like recipient.\n"
                               "Remote host said: 550 5.1.1 nobody\n")));
    assert_int_equal(remote_recipient(&t.report, 2, t.arena, &text), 'Z');
    auto_buf struct buf wire;
    buf_init(&wire, 10000);
    remote_write(&t.report, 3, &wire);
    assert_true(
        str_eq(buf_str(&wire),
               S("r\0h127.0.0.1 does not like recipient.\nRemote host said: 550 5.1.1 "
                 "nobody\n\0s127.0.0.1 does not like recipient.\nRemote host said: 450 "
                 "later\n\0K127.0.0.1 accepted message.\nRemote host said: 250 ok 123 qp 4\n\0")));
    finish();
}

static void when_nobody_is_liked_the_words_are_joined(void **state)
{
    (void)state;
    str text;
    start(HELLO ENVELOPE "S:250 ok\nS:550 no\nS:503 rcpt first\nC=QUIT\nS:221 bye\n");
    deliver_to("one.test", 1);
    assert_report('D', "Giving up on 127.0.0.1.\n");
    assert_int_equal(remote_recipient(&t.report, 0, t.arena, &text), 'D');
    assert_true(str_eq(text, S("127.0.0.1 does not like recipient.\nRemote host said: 550 no\n"
                               "Giving up on 127.0.0.1.\n")));
    finish();
}

static void a_soft_refusal_of_the_only_recipient_is_soft(void **state)
{
    (void)state;
    str text;
    start(HELLO ENVELOPE "S:250 ok\nS:450 grey\nS:503 rcpt first\nC=QUIT\nS:221 bye\n");
    deliver_to("one.test", 1);
    assert_int_equal(remote_recipient(&t.report, 0, t.arena, &text), 'Z');
    assert_true(str_starts(text, S("127.0.0.1 does not like recipient.\n")));
    finish();
}

static void each_stage_has_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        char letter;
        const char *text;
    } examples[] = {
        {"accept\nS:220 mx\nC:EHLO\nS:550 no\nC:HELO\nS:550 who\neof\n", 'Z',
         "Connected to 127.0.0.1 but my name was rejected.\nRemote host said: 550 who\n"},
        {HELLO ENVELOPE "S:550-not\nS:550 you\nS:503 x\nS:503 x\neof\n", 'D',
         "Connected to 127.0.0.1 but sender was rejected.\nRemote host said: 550-not\n550 you\n"},
        {HELLO ENVELOPE "S:451 later\nS:503 x\nS:503 x\neof\n", 'Z',
         "Connected to 127.0.0.1 but sender was rejected.\nRemote host said: 451 later\n"},
        {HELLO ENVELOPE "S:250 ok\nS:250 ok\nS:554 no\neof\n", 'D',
         "127.0.0.1 failed on DATA command.\nRemote host said: 554 no\n"},
        {HELLO ENVELOPE "S:250 ok\nS:250 ok\nS:451 no\neof\n", 'Z',
         "127.0.0.1 failed on DATA command.\nRemote host said: 451 no\n"},
        {HELLO ENVELOPE "S:250 ok\nS:250 ok\nS:354 go\nC:x\nC:.\nS:554 spam\neof\n", 'D',
         "127.0.0.1 failed after I sent the message.\nRemote host said: 554 spam\n"},
        {HELLO ENVELOPE "S:250 ok\nS:250 ok\nclose\n", 'Z',
         "Connected to 127.0.0.1 but connection died. (#4.4.2)\n"},
        {HELLO ENVELOPE "S:250 ok\nS:250 ok\nS:354 go\nC:x\nC:.\nclose\n", 'Z',
         "Connected to 127.0.0.1 but connection died. Possible duplicate! (#4.4.2)\n"},
        {"accept\nclose\n", 'Z', "Connected to 127.0.0.1 but connection died. (#4.4.2)\n"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        start(examples[i].script);
        deliver_to("one.test", 1);
        assert_report(examples[i].letter, examples[i].text);
        finish();
    }
}

static void a_connection_is_used_again_for_the_same_host(void **state)
{
    (void)state;
    start(HELLO ENVELOPE TAKEN ENVELOPE TAKEN "C=QUIT\nS:221 bye\n" HELLO ENVELOPE TAKEN
                                              "C=QUIT\nS:221 bye\n");
    deliver_to("one.test", 1);
    assert_true(remote_has_connection(t.remote));
    deliver_to("One.Test", 1);
    assert_taken();
    deliver_to("implicit.test", 1);
    assert_taken();
    remote_close_idle(t.remote);
    assert_false(remote_has_connection(t.remote));
    finish();
}

static void a_kept_connection_that_went_stale_is_made_anew(void **state)
{
    (void)state;
    start(HELLO ENVELOPE TAKEN "close\n" HELLO ENVELOPE TAKEN
                               "C:MAIL\nS:421 idle too long\nclose\n" HELLO ENVELOPE TAKEN
                               "C=QUIT\nS:221 bye\n");
    for (int i = 0; i < 3; i++) {
        deliver_to("one.test", 1);
        assert_taken();
    }
    finish();
}

static void tls_is_used_when_offered(void **state)
{
    (void)state;
    start("accept\nS:220 mx\nC:EHLO\nS:250-mx\nS:250 STARTTLS\nC:STARTTLS\nS:220 go\ntls\nC:EHLO\n"
          "S:250-mx\nS:250 PIPELINING\n" ENVELOPE TAKEN "C=QUIT\nS:221 bye\n");
    deliver_to("one.test", 1);
    assert_taken();
    finish();
}

static void a_login_of_the_route_is_made(void **state)
{
    (void)state;
    start("accept\nS:220 mx\nC:EHLO\nS:250-mx\nS:250 AUTH PLAIN\n"
          "C=AUTH PLAIN AHRpbQBzZWNyZXQ=\nS:535 wrong\neof\n");
    t.route = (struct remote_route){.is_set = true,
                                    .host = S("127.0.0.1"),
                                    .port = t.fake.port,
                                    .user = S("tim"),
                                    .password = S("secret")};
    deliver_to("one.test", 1);
    assert_report('Z', "Connected to 127.0.0.1 but my login was refused.\n"
                       "Remote host said: 535 wrong\n");
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_to_the_exchanger),
        cmocka_unit_test(a_domain_without_mx_is_its_own_exchanger),
        cmocka_unit_test(the_next_exchanger_is_tried_when_one_is_dead),
        cmocka_unit_test(the_next_exchanger_is_tried_when_one_refuses_to_talk),
        cmocka_unit_test(hosts_that_cannot_be_found_are_told_apart),
        cmocka_unit_test(mail_never_goes_round_to_us),
        cmocka_unit_test(a_better_exchanger_than_us_is_used),
        cmocka_unit_test(a_route_overrides_mx_and_asks_nobody_whether_it_is_us),
        cmocka_unit_test(recipients_have_their_own_fates),
        cmocka_unit_test(when_nobody_is_liked_the_words_are_joined),
        cmocka_unit_test(a_soft_refusal_of_the_only_recipient_is_soft),
        cmocka_unit_test(each_stage_has_its_words),
        cmocka_unit_test(a_connection_is_used_again_for_the_same_host),
        cmocka_unit_test(a_kept_connection_that_went_stale_is_made_anew),
        cmocka_unit_test(tls_is_used_when_offered),
        cmocka_unit_test(a_login_of_the_route_is_made),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
