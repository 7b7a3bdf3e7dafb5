/* SPDX-License-Identifier: ISC */
/* Whole sessions over a socket pair; route, sched and auth are small fakes in a thread, spoken
 * to by the real ipc. */
#include "smtpd/session.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

/* ---- the fakes ---- */

static struct house {
    char message[1 << 20], sender[256], recipients[4096], user[64];
    size_t message_n, recipients_n, messages, routes;
    uint32_t flags;
    bool refuse;
    int file;
    pthread_t threads[64];
    size_t n_threads;
} house;

static void answer_route(struct channel *c, struct packet *p)
{
    struct route_ask ask;
    assert_false(failed(ipc_decode(&route_ask_schema, p->bytes, &ask)));
    struct route_answer a = {.outcome = ROUTE_LOCAL};
    house.routes++;
    if (str_starts(ask.address, S("nobody@")))
        a = (struct route_answer){.outcome = ROUTE_NO_USER,
                                  .text = S("Sorry, no mailbox here by that name. (#5.1.1)")};
    else if (str_starts(ask.address, S("later@")))
        a = (struct route_answer){.outcome = ROUTE_TEMP, .text = S("later (#4.3.0)")};
    else if (!ask.relay && !str_ends(ask.address, S("@house.example")))
        a.outcome = ROUTE_DENIED;
    assert_false(failed(channel_send(c, &route_answer_schema, p->id, &a, NULL, 0)));
}

static void take_message(const struct submit *m, struct packet *p)
{
    str bytes = m->message, mapped = {0};
    if (m->file || p->n_fds) {
        int fd = m->file ? house.file : p->fds[0];
        assert_true(m->file || fd_is_sealed(fd));
        assert_false(failed(fd_map(fd, sizeof house.message, &mapped)));
        bytes = mapped;
    }
    assert_int_equal(bytes.n, m->size);
    memcpy(house.message, bytes.p, bytes.n);
    house.message_n = bytes.n;
    fd_unmap(mapped);
}

static void answer_submit(struct channel *c, struct packet *p)
{
    struct submit m;
    assert_false(failed(ipc_decode(&submit_schema, p->bytes, &m)));
    take_message(&m, p);
    memcpy(house.sender, m.sender.p, m.sender.n);
    house.sender[m.sender.n] = 0;
    memcpy(house.user, m.user.p, m.user.n);
    house.user[m.user.n] = 0;
    memcpy(house.recipients, m.recipients.p, m.recipients.n);
    house.recipients_n = m.recipients.n;
    house.flags = m.flags;
    house.messages++;
    struct submit_done done = {.ok = !house.refuse,
                               .id = S("77"),
                               .text = house.refuse ? S("qq write error or disk full (#4.3.0)")
                                                    : S("")};
    assert_false(failed(channel_send(c, &submit_done_schema, p->id, &done, NULL, 0)));
}

static void answer_file(struct channel *c, struct packet *p)
{
    struct submit_file f = {.file = 5};
    fd_close(house.file);
    FILE *tmp = tmpfile();
    assert_non_null(tmp);
    house.file = dup(fileno(tmp));
    (void)fclose(tmp);
    assert_false(failed(channel_send(c, &submit_file_schema, p->id, &f, &house.file, 1)));
}

/* PLAIN "\0ann\0secret" is right; everything else is wrong. */
static void answer_auth(struct channel *c, struct packet *p)
{
    struct auth_start a;
    struct auth_blob b;
    str blob = {0};
    if (p->type == IPC_AUTH_START) {
        assert_false(failed(ipc_decode(&auth_start_schema, p->bytes, &a)));
        if (!a.has_initial) {
            b = (struct auth_blob){.blob = S("")};
            assert_false(failed(channel_send(c, &auth_challenge_schema, p->id, &b, NULL, 0)));
            return;
        }
        blob = a.initial;
    } else if (p->type == IPC_AUTH_STEP) {
        assert_false(failed(ipc_decode(&auth_step_schema, p->bytes, &b)));
        blob = b.blob;
    } else {
        return;
    }
    struct auth_done done = {.outcome = AUTH_BAD};
    if (str_eq(blob, str_of("\0ann\0secret", 11)))
        done = (struct auth_done){.outcome = AUTH_OK, .user = S("ann")};
    assert_false(failed(channel_send(c, &auth_done_schema, p->id, &done, NULL, 0)));
}

static void *serve(void *arg)
{
    struct channel *c = arg;
    struct packet p;
    while (!failed(channel_recv(c, DEADLINE_NEVER, &p))) {
        if (p.type == IPC_ROUTE_ASK)
            answer_route(c, &p);
        else if (p.type == IPC_SUBMIT)
            answer_submit(c, &p);
        else if (p.type == IPC_SUBMIT_FILE_ASK)
            answer_file(c, &p);
        else
            answer_auth(c, &p);
    }
    channel_free(c);
    return NULL;
}

static err open_fake(void *ctx, enum program service, struct channel **ret)
{
    (void)ctx, (void)service; /* one fake answers for all */
    int mine, theirs;
    assert_false(failed(fd_pair(FD_PAIR_PACKET, &mine, &theirs)));
    assert_int_equal(
        pthread_create(&house.threads[house.n_threads++], NULL, serve, channel_new(theirs)), 0);
    *ret = channel_new(mine);
    return OK_ERR;
}

/* ---- running a session ---- */

struct setting {
    enum service service;
    const char *peer;
    str environment;
    bool by_hand, tls;
    const char *control[8]; /* name, value, … */
};

static char said[1 << 20];

static const char *converse(const struct setting *t, str script)
{
    auto_arena struct arena *a = arena_new("test", 16 << 20);
    struct site site;
    int ours, theirs;
    house.n_threads = 0;
    site_defaults(a, &site);
    assert_true(site_set(&site, a, S("me"), S("house.example")));
    assert_true(site_set(&site, a, S("smtpgreeting"), S("house.example")));
    for (size_t i = 0; i + 1 < 8 && t->control[i]; i += 2)
        assert_true(site_set(&site, a, str_from(t->control[i]), str_from(t->control[i + 1])));
    assert_false(failed(fd_pair(FD_PAIR_STREAM, &ours, &theirs)));
    int room = 4 << 20;
    (void)setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    assert_int_equal(send(ours, script.p, script.n, MSG_NOSIGNAL), (ssize_t)script.n);
    (void)shutdown(ours, SHUT_WR);
    struct session_start start = {.sid = S("0123"),
                                  .service = t->service ? t->service : SERVICE_SMTP,
                                  .peer_ip = str_from(t->peer ? t->peer : "192.0.2.9"),
                                  .local_ip = S("192.0.2.1"),
                                  .environment = t->environment,
                                  .tls = t->tls};
    struct smtpd_session s = {.site = &site,
                              .io = io_new(theirs, theirs),
                              .start = &start,
                              .can_login = true,
                              .by_hand = t->by_hand,
                              .services = {.open = open_fake}};
    smtpd_session_run(&s);
    io_free(s.io);
    for (size_t i = 0; i < house.n_threads; i++)
        assert_int_equal(pthread_join(house.threads[i], NULL), 0);
    size_t n = 0;
    ssize_t got;
    while (n < sizeof said - 1 && (got = read(ours, said + n, sizeof said - 1 - n)) > 0)
        n += (size_t)got;
    said[n] = 0;
    (void)close(ours);
    return said;
}

static const struct setting plain = {0};

/* want: lines with * at the end for "whatever". */
static void expect(const struct setting *t, str script, const char *want)
{
    const char *got = converse(t, script);
    str g = str_from(got), w = str_from(want), gl, wl;
    while (str_line(&w, &wl)) {
        if (!str_line(&g, &gl))
            fail_msg("nothing said where \"%.*s\" was expected; all:\n%s", STR_ARG(wl), got);
        bool any = str_ends(wl, S("*"));
        str start = any ? str_slice(wl, 0, wl.n - 1) : wl;
        if (any ? !str_starts(gl, start) : !str_eq(gl, wl))
            fail_msg("said \"%.*s\", expected \"%.*s\"; all:\n%s", STR_ARG(gl), STR_ARG(wl), got);
    }
    if (g.n)
        fail_msg("said more: %.*s", STR_ARG(g));
}

/* ---- tests ---- */

static void a_mail_without_ehlo_gets_qmails_words(void **state)
{
    (void)state;
    clock_freeze_for_test(1732461056);
    expect(&plain,
           S("MAIL FROM:<a@b.example>\r\nRCPT TO:<ann@house.example>\r\nDATA\r\n"
             "Subject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"),
           "220 house.example ESMTP\n250 ok\n250 ok\n354 go ahead\n250 ok 1732461056 qp 77\n"
           "221 house.example\n");
    clock_freeze_for_test(-1);
    assert_string_equal(house.sender, "a@b.example");
    assert_memory_equal(house.recipients, "ann@house.example\0\0\0", 20);
    str m = str_of(house.message, house.message_n);
    assert_true(str_starts(m, S("Received: from unknown (192.0.2.9)\n")) ||
                str_starts(m, S("Received: from unknown (HELO ) (192.0.2.9)\n")));
    assert_true(str_ends(m, S("\nSubject: x\n\n.dot\n")));
}

static void ehlo_lists_what_is_there_and_brings_enhanced_codes(void **state)
{
    (void)state;
    expect(&plain, S("EHLO me.example\r\nNOOP\r\nVRFY ann\r\nEXPN x\r\nRSET\r\nQUIT\r\n"),
           "220 house.example ESMTP\n250-house.example\n250-PIPELINING\n250-8BITMIME\n"
           "250-SMTPUTF8\n250-ENHANCEDSTATUSCODES\n250-CHUNKING\n250-DSN\n250-SIZE 0\n"
           "250 AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5\n250 2.0.0 ok\n"
           "252 2.1.5 send some mail, i'll try my best\n502 5.5.1 unimplemented (#5.5.1)\n"
           "250 2.0.0 flushed\n221 2.0.0 house.example\n");
}

static void recipients_are_judged_one_by_one(void **state)
{
    (void)state;
    house.routes = 0;
    expect(&plain,
           S("EHLO me\r\nMAIL FROM:<> RET=HDRS\r\nRCPT TO:<nobody@house.example>\r\n"
             "DATA\r\nRCPT TO:<x@elsewhere.example>\r\nRCPT TO:<later@house.example>\r\n"
             "RCPT TO:<ann@house.example> NOTIFY=NEVER\r\nRCPT TO:<ann@house.example>\r\n"
             "RCPT TO:<a\r\nDATA\r\n.\r\n"),
           "220 *\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250 *\n"
           "250 2.1.0 ok\n550 5.1.1 Sorry, no mailbox here by that name. (#5.1.1)\n"
           "503 5.5.1 RCPT first (#5.5.1)\n"
           "553 5.7.1 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\n"
           "451 4.3.0 later (#4.3.0)\n250 2.1.5 ok\n250 2.1.5 ok\n"
           "555 5.5.4 syntax error (#5.5.4)\n354 go ahead\n250 2.0.0 ok *\n");
    assert_int_equal(house.routes, 4); /* the second ann came from memory */
    assert_memory_equal(house.recipients, "ann@house.example\0NEVER\0\0ann@house.example\0\0\0",
                        45);
    assert_int_equal(house.flags, SUBMIT_RET_HDRS);
}

static void relayclient_opens_and_its_value_is_appended(void **state)
{
    (void)state;
    struct setting t = {.environment = S("RELAYCLIENT=.via\0DATABYTES=7\0")};
    expect(&t, S("MAIL FROM:<a@b>\r\nRCPT TO:<x@elsewhere.example>\r\nDATA\r\n12345\r\n.\r\n"),
           "220 *\n250 ok\n250 ok\n354 go ahead\n250 ok *\n");
    assert_memory_equal(house.recipients, "x@elsewhere.example.via\0\0\0", 26);
}

static void databytes_counts_exactly(void **state)
{
    (void)state;
    struct setting t = {.control = {"databytes", "10"}};
    expect(
        &t,
        S("EHLO me\r\nMAIL FROM:<a@b> SIZE=11\r\nMAIL FROM:<a@b> SIZE=10\r\n"
          "RCPT TO:<ann@house.example>\r\nDATA\r\n123456789\r\n.\r\n"
          "MAIL FROM:<a@b>\r\nRCPT TO:<ann@house.example>\r\nDATA\r\n1234567890\r\n.\r\nNOOP\r\n"),
        "220 *\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-SIZE 10\n250 *\n"
        "552 5.3.4 sorry, that message size exceeds my databytes limit (#5.3.4)\n"
        "250 2.1.0 ok\n250 2.1.5 ok\n354 go ahead\n250 2.0.0 ok *\n"
        "250 2.1.0 ok\n250 2.1.5 ok\n354 go ahead\n"
        "552 5.3.4 sorry, that message size exceeds my databytes limit (#5.3.4)\n"
        "250 2.0.0 ok\n");
}

static void a_message_takes_the_way_its_size_asks_for(void **state)
{
    (void)state;
    static const size_t sizes[] = {1000, 60000, 70000, 200000, 270000, 700000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 2 << 20);
        buf_add(&b, S("MAIL FROM:<a@b>\r\nRCPT TO:<ann@house.example>\r\nDATA\r\n"));
        for (size_t n = 0; n < sizes[i]; n += 50)
            buf_add(&b, S("1234567890123456789012345678901234567890123456789\r\n"));
        buf_add(&b, S(".\r\nNOOP\r\n"));
        expect(&plain, buf_str(&b), "220 *\n250 ok\n250 ok\n354 go ahead\n250 ok *\n250 ok\n");
        assert_in_range(house.message_n, sizes[i], sizes[i] + 300);
        assert_true(str_ends(str_of(house.message, house.message_n), S("789\n")));
    }
}

static void bdat_and_data_give_the_same_message(void **state)
{
    (void)state;
    expect(&plain,
           S("EHLO me\r\nBDAT 4\r\nQUITMAIL FROM:<a@b>\r\nRCPT TO:<ann@house.example>\r\n"
             "BDAT 6\r\nab\r\n.\rBDAT 3\r\n\n..DATA\r\nBDAT 2 LAST\r\n\r\nNOOP\r\n"),
           "220 *\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250 *\n"
           "503 5.5.1 MAIL first (#5.5.1)\n250 2.1.0 ok\n250 2.1.5 ok\n250 2.0.0 6 octets\n"
           "250 2.0.0 3 octets\n503 5.5.1 BDAT or RSET first (#5.5.1)\n250 2.0.0 ok *\n"
           "250 2.0.0 ok\n");
    assert_true(str_ends(str_of(house.message, house.message_n), S("\nab\n.\n..\n")));
}

static void smuggling_ends_the_session(void **state)
{
    (void)state;
    static const str bad[] = {S("a\n.\r\nMAIL FROM:<x@y>\r\n.\r\n"), S("a\r\n.\nQUIT\r\n.\r\n"),
                              S("a\r\n.\rQUIT\r\n.\r\n"), S("a\r.\r\n.\r\n"), S("\n.\n")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        auto_buf struct buf b;
        buf_init(&b, 4096);
        buf_add(&b, S("MAIL FROM:<a@b>\r\nRCPT TO:<ann@house.example>\r\nDATA\r\n"));
        buf_add(&b, bad[i]);
        house.messages = 0;
        expect(&plain, buf_str(&b),
               "220 *\n250 ok\n250 ok\n354 go ahead\n451 See "
               "https://cr.yp.to/docs/smtplf.html.\n");
        assert_int_equal(house.messages, 0);
    }
    expect(&plain, S("NOOP\nNOOP\r\n"), "220 *\n500 *\n");
    expect(&plain, S("NO\rOP\r\nNOOP\r\n"), "220 *\n500 *\n");
    struct setting hand = {.by_hand = true};
    expect(&hand, S("NOOP\nQUIT\n"), "220 *\n250 ok\n221 *\n");
}

static void loops_and_nul_are_refused_after_the_whole_message(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    for (int hops = 99; hops <= 100; hops++) {
        buf_add(&b, S("MAIL FROM:<a@b>\r\nRCPT TO:<ann@house.example>\r\nDATA\r\n"));
        for (int i = 0; i < hops; i++)
            buf_add(&b, i % 2 ? S("Received: x\r\n") : S("Delivered-To: y\r\n"));
        buf_add(&b, S(".\r\n"));
    }
    buf_add(&b, S("MAIL FROM:<a@b>\r\nRCPT TO:<ann@house.example>\r\nDATA\r\na\0b\r\n.\r\n"));
    expect(&plain, buf_str(&b),
           "220 *\n250 ok\n250 ok\n354 *\n250 ok *\n250 ok\n250 ok\n354 *\n"
           "554 too many hops, this message is looping (#5.4.6)\n250 ok\n250 ok\n354 *\n554 *\n");
}

static void a_queue_that_refuses_is_a_temporary_failure(void **state)
{
    (void)state;
    house.refuse = true;
    expect(&plain, S("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<ann@house.example>\r\nDATA\r\n.\r\n"),
           "220 *\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250 *\n250 *\n250 *\n"
           "354 go ahead\n451 4.3.0 qq write error or disk full (#4.3.0)\n");
    house.refuse = false;
}

static void badmailfrom_is_refused_at_rcpt(void **state)
{
    (void)state;
    struct setting t = {.control = {"badmailfrom", "spam@b.example\n@bad.example"}};
    expect(&t,
           S("MAIL FROM:<Spam@b.example>\r\nRCPT TO:<ann@house.example>\r\nRSET\r\n"
             "MAIL FROM:<x@bad.example>\r\nRCPT TO:<ann@house.example>\r\n"),
           "220 *\n250 ok\n553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)\n"
           "250 flushed\n250 ok\n553 sorry, your*\n");
}

static void submission_wants_a_login(void **state)
{
    (void)state;
    struct setting t = {.service = SERVICE_SUBMISSION, .peer = "127.0.0.1"};
    expect(&t,
           S("EHLO x\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN AGFubgB3cm9uZw==\r\nAUTH PLAIN\r\n*\r\n"
             "AUTH PLAIN !\r\nAUTH PLAIN\r\nAGFubgBzZWNyZXQ=\r\nAUTH PLAIN =\r\n"
             "MAIL FROM:<a@b>\r\nRCPT TO:<x@elsewhere.example>\r\nDATA\r\n.\r\n"),
           "220 *\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n"
           "250 AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN\n"
           "530 5.7.0 please log in first (#5.7.0)\n535 5.7.8 authentication failed (#5.7.8)\n"
           "334 \n501 5.7.0 cancelled (#5.7.0)\n501 5.5.2 malformed base64 (#5.5.2)\n334 \n"
           "235 2.7.0 ok, go ahead (#2.7.0)\n503 5.5.1 already logged in (#5.5.1)\n"
           "250 2.1.0 ok\n250 2.1.5 ok\n354 go ahead\n250 2.0.0 ok *\n");
    assert_string_equal(house.user, "ann");
}

static void a_password_in_the_clear_is_refused_from_afar(void **state)
{
    (void)state;
    expect(&plain, S("EHLO x\r\nAUTH PLAIN AGFubgBzZWNyZXQ=\r\n"),
           "220 *\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250-*\n250 *\n"
           "538 5.7.11 encryption required*\n");
}

static void who_errs_too_often_is_sent_away(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < SMTPD_ERRORS_MAX + 5; i++)
        buf_add(&b, S("NONSENSE\r\n"));
    const char *got = converse(&plain, buf_str(&b));
    assert_non_null(strstr(got, "421 too many errors"));
    expect(&plain, S("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "220 *\n554 this is SMTP (#5.5.1)\n");
}

static void a_command_line_may_have_2048_octets(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    for (size_t n = SMTP_COMMAND_MAX; n <= SMTP_COMMAND_MAX + 1; n++) {
        buf_add(&b, S("NOOP "));
        for (size_t i = 7; i < n; i++)
            buf_addc(&b, 'x');
        buf_add(&b, S("\r\n"));
    }
    for (size_t i = 0; i < 20000; i++)
        buf_addc(&b, 'y');
    buf_add(&b, S("\r\nQUIT\r\n"));
    expect(&plain, buf_str(&b),
           "220 *\n250 ok\n500 line too long (#5.5.2)\n500 line too long (#5.5.2)\n221 *\n");
}

static void every_command_knows_its_phases(void **state)
{
    (void)state;
    /* start, greeted, mail, rcpt, bdat */
    static const struct {
        enum smtp_verb verb;
        const char *legal;
    } table[] = {
        {SMTP_UNKNOWN, "yyyyy"}, {SMTP_HELO, "yyyyy"}, {SMTP_EHLO, "yyyyy"},
        {SMTP_MAIL, "yynnn"},    {SMTP_RCPT, "nnyyn"}, {SMTP_DATA, "nnnyn"},
        {SMTP_BDAT, "nnnyy"},    {SMTP_RSET, "yyyyy"}, {SMTP_NOOP, "yyyyy"},
        {SMTP_VRFY, "yyyyy"},    {SMTP_EXPN, "yyyyy"}, {SMTP_HELP, "yyyyy"},
        {SMTP_QUIT, "yyyyy"},    {SMTP_AUTH, "nynnn"}, {SMTP_STARTTLS, "nynnn"},
        {SMTP_HTTP, "yyyyy"},
    };
    assert_int_equal(sizeof table / sizeof table[0], SMTP_VERBS);
    for (size_t i = 0; i < SMTP_VERBS; i++) {
        const struct command_row *row = command_find(table[i].verb);
        assert_int_equal(row->verb, table[i].verb);
        assert_non_null(row->run);
        for (unsigned p = 0; p < 5; p++) {
            assert_int_equal((row->in >> p) & 1, table[i].legal[p] == 'y');
            struct smtpd_session s = {.phase = (enum phase)(1u << p)};
            if (table[i].legal[p] == 'n') {
                struct reply r = command_wrong_phase(&s, table[i].verb);
                assert_int_equal(r.code, 503);
                assert_true(r.text.n > 0 && !r.close);
            }
        }
    }
}

int main(void)
{
    house.file = -1;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_open("smtpd", null);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_without_ehlo_gets_qmails_words),
        cmocka_unit_test(ehlo_lists_what_is_there_and_brings_enhanced_codes),
        cmocka_unit_test(recipients_are_judged_one_by_one),
        cmocka_unit_test(relayclient_opens_and_its_value_is_appended),
        cmocka_unit_test(databytes_counts_exactly),
        cmocka_unit_test(a_message_takes_the_way_its_size_asks_for),
        cmocka_unit_test(bdat_and_data_give_the_same_message),
        cmocka_unit_test(smuggling_ends_the_session),
        cmocka_unit_test(loops_and_nul_are_refused_after_the_whole_message),
        cmocka_unit_test(a_queue_that_refuses_is_a_temporary_failure),
        cmocka_unit_test(badmailfrom_is_refused_at_rcpt),
        cmocka_unit_test(submission_wants_a_login),
        cmocka_unit_test(a_password_in_the_clear_is_refused_from_afar),
        cmocka_unit_test(who_errs_too_often_is_sent_away),
        cmocka_unit_test(a_command_line_may_have_2048_octets),
        cmocka_unit_test(every_command_knows_its_phases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
