/* SPDX-License-Identifier: ISC */
/* How it works: sched runs in a child process as it stands; this process plays everybody else
 * over the real conversations: init, the clients, route, the workers. So a test reads as the
 * story of a message. */
#include "sched/sched_kit.h"

/* ---- stories ---- */

static void a_message_is_taken_routed_delivered_and_gone(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    uint64_t id = submit(c, S("x@y"), RCPT("taro@example.test"), S("Subject: a\n\nb\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_true(str_eq(j.sender, S("x@y")));
    assert_true(str_eq(j.recipients, S("taro@example.test")));
    assert_true(str_eq(j.user, S("taro")) && str_eq(j.home, S("/home/taro")));
    assert_true(str_eq(j.message, S("Subject: a\n\nb\n")));
    assert_true(str_eq(j.default_delivery, S("./Maildir/")) ||
                str_starts(j.default_delivery, S("./Maildir/")));
    assert_int_equal(j.flags & WORK_REPEATED, 0);
    uint64_t number;
    assert_true(str_u64(j.id, &number) && number == id);
    auto_buf struct buf b;
    assert_int_equal(admin(&h, S("queue\0qstat\0"), &b), 0);
    assert_true(str_starts(buf_str(&b), S("messages in queue: 1\n")));
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_start(&h); /* and stays gone */
    await_empty(&h);
    house_stop(&h);
    house_remove(&h);
}

static void a_burst_to_one_user_has_one_worker_and_one_question(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c[20];
    for (int i = 0; i < 20; i++) {
        c[i] = knock(&h, PROGRAM_SMTPD);
        submit_send(c[i], S("x@y"), RCPT("taro@example.test"), S("m\n"));
    }
    for (int i = 0; i < 20; i++)
        (void)submit_done(c[i]);
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    uint64_t ids[20];
    for (int i = 0; i < 20; i++) /* all of them in the window, none answered */
        ids[i] = job(w).job;
    for (int i = 19; i >= 0; i--) /* in any order */
        result(w, ids[i], WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    for (int i = 0; i < 20; i++)
        channel_free(c[i]);
    channel_free(w);
    house_stop(&h);
    house_remove(&h);
}

static void mail_taken_before_a_kill_is_delivered_after_it(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    uint64_t id = submit(c, S("x@y"), S("taro@example.test\0\0\0ann@example.test\0\0\0"), S("m\n"));
    house_kill(&h);
    channel_free(c);
    house_start(&h);
    route_answers(&h, S("taro@example.test"), &taro);
    route_answers(&h, S("ann@example.test"), &ann);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct channel *w2 = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    uint64_t number;
    assert_true(str_u64(j.id, &number) && number == id);
    assert_int_equal(j.flags & WORK_REPEATED, WORK_REPEATED); /* it may have got through */
    assert_int_equal(j.number, 0);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    j = job(w2);
    assert_int_equal(j.number, 1);
    result(w2, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(w2);
    house_stop(&h);
    house_remove(&h);
}

static void a_worker_that_dies_defers_its_jobs(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("x@y"), RCPT("taro@example.test"), S("m\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    (void)job(w);
    channel_free(w);
    for (deadline by = soon(); deadline_left_ms(by) > 0;) {
        auto_buf struct buf b;
        (void)admin(&h, S("queue\0list\0"), &b);
        if (str_find_str(buf_str(&b), S(" waiting ")) >= 0)
            break;
    }
    auto_buf struct buf b;
    assert_int_equal(admin(&h, S("queue\0retry\0all\0"), &b), 0);
    /* asked again only when the answer has grown old: a retry at once uses it */
    w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_int_equal(j.flags & WORK_REPEATED, WORK_REPEATED);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void a_failure_becomes_a_bounce_a_double_and_then_an_alarm(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    put(&h, "doublebounceto", "taro\n");
    put(&h, "doublebouncehost", "example.test\n");
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("ann@example.test"), RCPT("nobody@example.test"), S("Subject: a\n\nbody\n"));
    route_answers(
        &h, S("nobody@example.test"),
        &(struct route_answer){.outcome = ROUTE_NO_USER,
                               .address = S("nobody@example.test"),
                               .text = S("Sorry, no mailbox here by that name. (#5.1.1)")});
    /* the bounce goes to ann, with the empty sender */
    route_answers(&h, S("ann@example.test"), &ann);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_int_equal(j.sender.n, 0);
    assert_true(str_find_str(j.message, S("Hi. This is the qmail-send program at "
                                          "mail.example.test.\n")) > 0);
    assert_true(str_find_str(j.message, S("\n<nobody@example.test>:\nSorry, no mailbox here by "
                                          "that name. (#5.1.1)\n\n--- Below this line is a copy "
                                          "of the message.\n\nReturn-Path: "
                                          "<ann@example.test>\nSubject: a\n\nbody\n")) > 0);
    assert_true(str_starts(j.message, S("Received: (qmail ")));
    result(w, j.job, WORK_PERM, S("Sorry, that mailbox burnt down. (#5.2.0)\n"));
    /* the double bounce goes to taro, from #@[] */
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w2 = init_gives_worker(&h, PROGRAM_DELIVER);
    j = job(w2);
    assert_true(str_eq(j.sender, S("#@[]")));
    assert_true(str_find_str(j.message, S("I tried to deliver a bounce message to this address, "
                                          "but the bounce bounced!")) > 0);
    assert_true(str_find_str(j.message, S("--- Below this line is the original bounce.")) > 0);
    /* a third is not made */
    result(w2, j.job, WORK_PERM, S("no\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(w2);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void recipients_at_one_host_share_a_job_and_have_each_his_result(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("ann@example.test"), S("a@far.test\0\0\0b@far.test\0\0\0c@FAR.test\0\0\0"),
                 S("m\n"));
    route_answers(&h, S("a@far.test"),
                  &(struct route_answer){
                      .outcome = ROUTE_REMOTE, .address = S("a@far.test"), .host = S("far.test")});
    route_answers(&h, S("b@far.test"),
                  &(struct route_answer){
                      .outcome = ROUTE_REMOTE, .address = S("b@far.test"), .host = S("far.test")});
    route_answers(&h, S("c@FAR.test"),
                  &(struct route_answer){
                      .outcome = ROUTE_REMOTE, .address = S("c@FAR.test"), .host = S("FAR.test")});
    struct channel *w = init_gives_worker(&h, PROGRAM_RELAY);
    struct work_job j = job(w);
    assert_true(str_eq(j.host, S("far.test")));
    assert_true(str_eq(j.recipients, S("a@far.test\0b@far.test\0c@FAR.test\0")));
    struct work_result r = {
        .job = j.job,
        .outcome = WORK_OK,
        .text = S("192.0.2.1 accepted message.\nRemote host said: 250 ok\n"),
        .recipients = S("r\0h192.0.2.1 does not like recipient.\n\0s192.0.2.1 is busy\n\0")};
    assert_false(failed(channel_send(w, &work_result_schema, 0, &r, NULL, 0)));
    for (deadline by = soon(); deadline_left_ms(by) > 0;) {
        auto_buf struct buf b;
        (void)admin(&h, S("queue\0list\0"), &b);
        if (str_find_str(buf_str(&b), S(" 1/3 c@FAR.test")) >= 0)
            break;
    }
    assert_queue_says(&h, S("queue\0qread\0"),
                      S("<ann@example.test>  bouncing\n  done\tremote\ta@far.test\n"
                        "  done\tremote\tb@far.test\n\tremote\tc@FAR.test\n"));
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void who_asks_for_a_success_notice_gets_one_and_never_means_never(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("ann@example.test"), S("taro@example.test\0SUCCESS,FAILURE\0\0"),
                 S("Subject: a\n\nbody\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    route_answers(&h, S("ann@example.test"), &ann);
    struct channel *w2 = init_gives_worker(&h, PROGRAM_DELIVER);
    j = job(w2);
    assert_int_equal(j.sender.n, 0);
    assert_true(str_find_str(j.message, S("Action: delivered\n")) > 0);
    assert_true(str_find_str(j.message, S("taro@example.test")) > 0);
    assert_true(str_find_str(j.message, S("\nbody\n")) < 0); /* the header alone */
    result(w2, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    (void)submit(c, S("ann@example.test"), S("taro@example.test\0NEVER\0\0"), S("m\n"));
    j = job(w);
    result(w, j.job, WORK_PERM, S("no (#5.0.0)\n"));
    await_empty(&h); /* without a bounce */
    channel_free(w);
    channel_free(w2);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void verp_senders_are_made_for_each_recipient(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("owner-@list.test-@[]"), S("a@far.test\0\0\0b@far.test\0\0\0"), S("m\n"));
    const struct route_answer a = {
        .outcome = ROUTE_REMOTE, .address = S("a@far.test"), .host = S("far.test")};
    const struct route_answer b = {
        .outcome = ROUTE_REMOTE, .address = S("b@far.test"), .host = S("far.test")};
    route_answers(&h, S("a@far.test"), &a);
    route_answers(&h, S("b@far.test"), &b);
    struct channel *w = init_gives_worker(&h, PROGRAM_RELAY);
    struct work_job j = job(w);
    assert_true(str_eq(j.sender, S("owner-a=far.test@list.test")));
    assert_true(str_eq(j.recipients, S("a@far.test\0")));
    result(w, j.job, WORK_OK, S("ok\n"));
    j = job(w);
    assert_true(str_eq(j.sender, S("owner-b=far.test@list.test")));
    result(w, j.job, WORK_OK, S("ok\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void large_bodies_travel_as_descriptors(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    size_t size = 400'000;
    char *body = mem_alloc("body", size);
    memset(body, 'q', size);
    /* sealed memory for the middle sizes */
    auto_fd int sealed = -1;
    assert_false(failed(fd_sealed("m", str_of(body, 200'000), &sealed)));
    struct submit s = {
        .sender = S("x@y"), .recipients = RCPT("taro@example.test"), .size = 200'000};
    assert_false(failed(channel_send(c, &submit_schema, 1, &s, &sealed, 1)));
    (void)submit_done(c);
    /* a file for the large */
    struct submit_file f;
    struct packet p;
    assert_false(failed(channel_ask(c, &submit_file_ask_schema, &(struct submit_file_ask){size},
                                    NULL, 0, &submit_file_schema, soon(), &f, &p)));
    assert_true(f.file != 0 && p.n_fds == 1);
    assert_false(failed(file_write(p.fds[0], str_of(body, size))));
    assert_false(failed(file_sync(p.fds[0])));
    s.size = size;
    s.file = f.file;
    assert_false(failed(channel_send(c, &submit_schema, 1, &s, NULL, 0)));
    (void)submit_done(c);
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    for (int i = 0; i < 2; i++) {
        struct work_job j;
        assert_false(failed(channel_recv(w, soon(), &p)));
        assert_false(failed(ipc_decode(&work_job_schema, p.bytes, &j)));
        assert_int_equal(p.n_fds, 1);
        assert_int_equal(j.size, i ? size : 200'000);
        str got;
        assert_false(failed(fd_map(p.fds[0], 1 << 20, &got)));
        assert_int_equal(got.n, j.size);
        assert_memory_equal(got.p, body, got.n);
        assert_int_equal(write(p.fds[0], "x", 1), -1); /* read only */
        fd_unmap(got);
        result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    }
    await_empty(&h);
    free(body);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void what_is_malformed_is_refused_and_the_rest_goes_on(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    static const struct {
        const char *name;
        struct submit s;
    } bad[] = {
        {"no recipient", {.message = S("m\n"), .size = 2}},
        {"another size", {.recipients = RCPT("a@b"), .message = S("m\n"), .size = 3}},
        {"unterminated recipient", {.recipients = S("a@b"), .message = S("m\n"), .size = 2}},
        {"somebody else's file", {.recipients = RCPT("a@b"), .size = 2, .file = 1}},
    };
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct submit_done d;
        err e = channel_ask(c, &submit_schema, &bad[i].s, NULL, 0, &submit_done_schema, soon(), &d,
                            NULL);
        if (failed(e))
            print_message("%s: %s\n", bad[i].name, err_text(e));
        assert_false(failed(e));
        assert_int_equal(d.ok, 0);
        assert_int_equal(d.permanent, 1);
    }
    struct channel *local = knock(&h, PROGRAM_LOCAL);
    assert_false(failed(channel_send(local, &admin_ask_schema, 1,
                                     &(struct admin_ask){S("queue\0list\0")}, NULL, 0)));
    struct packet p;
    assert_int_equal(channel_recv(local, soon(), &p).kind, ERR_CLOSED); /* not an administrator */
    await_empty(&h);
    channel_free(local);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void an_administrator_holds_releases_and_drops(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    uint64_t id = submit(c, S("x@y"), RCPT("taro@example.test"), S("m\n"));
    route_answers(&h, S("taro@example.test"),
                  &(struct route_answer){.outcome = ROUTE_TEMP,
                                         .address = S("taro@example.test"),
                                         .text = S("home is away")});
    char words[80];
    auto_buf struct buf b1, b2, b3, b4, b5;
    int n = snprintf(words, sizeof words, "queue%chold%c%llu%c", 0, 0, (unsigned long long)id, 0);
    assert_int_equal(admin(&h, str_of(words, (size_t)n), &b1), 0);
    assert_queue_says(&h, S("queue\0list\0"), S(" held "));
    n = snprintf(words, sizeof words, "queue%cshow%c%llu%c", 0, 0, (unsigned long long)id, 0);
    assert_queue_says(&h, str_of(words, (size_t)n), S("    home is away\n"));
    house_kill(&h); /* the hold is durable within a moment; here it was asked about since */
    channel_free(c);
    house_start(&h);
    n = snprintf(words, sizeof words, "queue%crelease%c%llu%c", 0, 0, (unsigned long long)id, 0);
    (void)admin(&h, str_of(words, (size_t)n), &b2);
    n = snprintf(words, sizeof words, "queue%cdrop%c%llu%c", 0, 0, (unsigned long long)id, 0);
    assert_int_equal(admin(&h, str_of(words, (size_t)n), &b3), 0);
    await_empty(&h);
    assert_int_equal(admin(&h, str_of(words, (size_t)n), &b4), 100);
    assert_int_equal(admin(&h,
                           S("queue\0dance\0"
                             "1\0"),
                           &b5),
                     100);
    house_stop(&h);
    house_remove(&h);
}

static void concurrency_zero_holds_and_a_reload_lets_go(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    put(&h, "concurrencylocal", "0\n");
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("x@y"), RCPT("taro@example.test"), S("m\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    assert_queue_says(&h, S("queue\0status\0"), S("local 0/0\n"));
    struct packet p;
    assert_int_equal(channel_try_recv(h.init, &p).kind, ERR_TEMP); /* no worker was asked for */
    put(&h, "concurrencylocal", "5\n");
    seal_site(&h);
    assert_false(failed(channel_send(h.init, &init_site_schema, 0,
                                     &(struct init_site){.generation = 2}, &h.site_fd, 1)));
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    await_empty(&h);
    channel_free(w);
    channel_free(c);
    house_stop(&h);
    house_remove(&h);
}

static void draining_finishes_what_flies_and_keeps_the_rest(void **t)
{
    (void)t;
    struct house h;
    house_make(&h);
    house_start(&h);
    struct channel *c = knock(&h, PROGRAM_SMTPD);
    (void)submit(c, S("x@y"), RCPT("taro@example.test"), S("one\n"));
    route_answers(&h, S("taro@example.test"), &taro);
    struct channel *w = init_gives_worker(&h, PROGRAM_DELIVER);
    struct work_job j = job(w);
    assert_false(
        failed(channel_send(h.init, &init_drain_schema, 0, &(struct init_nothing){0}, NULL, 0)));
    /* new mail is refused for now */
    struct submit s = {.recipients = RCPT("taro@example.test"), .message = S("two\n"), .size = 4};
    struct submit_done d = {.ok = 1};
    deadline by = soon();
    while (d.ok && deadline_left_ms(by) > 0) {
        err e = channel_ask(c, &submit_schema, &s, NULL, 0, &submit_done_schema, soon(), &d, NULL);
        assert_false(failed(e));
    }
    assert_int_equal(d.permanent, 0);
    result(w, j.job, WORK_OK, S("did 1+0+0\n"));
    int status;
    assert_int_equal(waitpid(h.pid, &status, 0), h.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    hang_up(&h);
    channel_free(w);
    channel_free(c);
    house_remove(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_taken_routed_delivered_and_gone),
        cmocka_unit_test(a_burst_to_one_user_has_one_worker_and_one_question),
        cmocka_unit_test(mail_taken_before_a_kill_is_delivered_after_it),
        cmocka_unit_test(a_worker_that_dies_defers_its_jobs),
        cmocka_unit_test(a_failure_becomes_a_bounce_a_double_and_then_an_alarm),
        cmocka_unit_test(recipients_at_one_host_share_a_job_and_have_each_his_result),
        cmocka_unit_test(who_asks_for_a_success_notice_gets_one_and_never_means_never),
        cmocka_unit_test(verp_senders_are_made_for_each_recipient),
        cmocka_unit_test(large_bodies_travel_as_descriptors),
        cmocka_unit_test(what_is_malformed_is_refused_and_the_rest_goes_on),
        cmocka_unit_test(an_administrator_holds_releases_and_drops),
        cmocka_unit_test(concurrency_zero_holds_and_a_reload_lets_go),
        cmocka_unit_test(draining_finishes_what_flies_and_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
