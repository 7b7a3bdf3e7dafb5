/* SPDX-License-Identifier: ISC */
#include "list/bounce.h"

#include "list/addresses.h"
#include "list/list_kit.h"
#include "list/weed.h"

static const struct warn_options usual = {.timeout = BOUNCE_TIMEOUT, .lockout = -1};

static int bounced(struct kit *k, const char *rest)
{
    k->run.sender = S("");
    k->run.address_rest = str_from(rest);
    k->run.message = S("Subject: failure notice\n\nsorry\n");
    return bounce_take(&k->run).code;
}

/* What stands between L-return- and the host of the last mail's sender. */
static const char *answer_to_last(struct kit *k)
{
    str s = k->sent[k->n_sent - 1].sender;
    assert_true(str_skip(&s, S("club-return-")));
    return arena_cstr(k->arena, address_local(s));
}

static void bounces_lead_to_a_warning_a_probe_and_the_end(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "joe@host.example");
    assert_int_equal(bounced(k, "1-joe=host.example"), 99);
    assert_int_equal(bounced(k, "2-joe=host.example"), 99);
    assert_text(kit_read(k, "bounce/h/e/hfecnphnlhoepbhciljg"), "   1\n   2\n");
    str first = kit_read(k, "bounce/d/100000/d0.77");
    assert_true(str_starts(first, S("joe@host.example\0Return-Path: <>\n")));
    assert_int_equal(bounce_warn(&k->run, &usual).code, 0);
    assert_int_equal(k->n_sent, 0);
    k->run.now += BOUNCE_TIMEOUT + BOUNCE_SLICE;
    assert_int_equal(bounce_warn(&k->run, &usual).code, 0);
    assert_int_equal(k->n_sent, 1);
    assert_text(k->sent[0].to, "joe@host.example");
    assert_in(k->sent[0].message, "   1\n   2\n");
    assert_true(kit_read(k, "bounce/h/e/hfecnphnlhoepbhciljg").p == NULL);
    assert_int_equal(bounced(k, answer_to_last(k)), 99);
    k->run.now += BOUNCE_TIMEOUT + BOUNCE_SLICE;
    assert_int_equal(bounce_warn(&k->run, &usual).code, 0);
    assert_int_equal(k->n_sent, 2);
    assert_true(str_starts(k->sent[1].sender, S("club-return-probe-")));
    assert_true(kit_has(k, "", "joe@host.example"));
    assert_int_equal(bounced(k, answer_to_last(k)), 99);
    assert_false(kit_has(k, "", "joe@host.example"));
    assert_in(kit_read(k, "Log"), " -probe joe@host.example\n");
}

static void a_probe_that_nobody_sent_removes_nobody(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "joe@host.example");
    assert_int_equal(bounced(k, "probe-1000000000.aaaaaaaaaaaaaaaaaaaa-joe=host.example"), 99);
    assert_int_equal(bounced(k, "probe-x"), 99);
    assert_true(kit_has(k, "", "joe@host.example"));
}

static void addresses_that_are_none_have_their_codes(void **state)
{
    struct kit *k = *state;
    assert_int_equal(bounced(k, "1-nobody=host.example"), 99);
    assert_int_equal(bounced(k, "1-trash"), 99);
    assert_int_equal(bounced(k, "receipt-1"), 99);
    assert_int_equal(bounced(k, "x"), 100);
    assert_int_equal(bounced(k, ""), 99);
    assert_true(kit_read(k, "bounce/d/100000/d0.77").p == NULL);
}

static void a_bounce_of_qmail_names_its_members_itself(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "joe@host.example");
    kit_add(k, "", "ann@host.example");
    k->run.sender = S("");
    k->run.address_rest = S("5-");
    k->run.message = S("Subject: failure notice\n\nHi. This is the qmail-send program at x.\nI'm "
                       "afraid.\n\n<joe@host.example>:\nno such user\n\n<ann@host.example>:\nno\n\n"
                       "--- Below this line is a copy of the message.\n\n<cy@host.example>:\n");
    assert_int_equal(bounce_take(&k->run).code, 99);
    assert_true(kit_read(k, "bounce/d/100000/d0.77").p != NULL);
    assert_true(kit_read(k, "bounce/d/100000/d0.77.1").p != NULL);
    struct warn_options now = {.timeout = 0, .lockout = -1};
    assert_int_equal(bounce_warn(&k->run, &now).code, 0);
    assert_int_equal(k->n_sent, 2);
}

static void a_list_is_not_looked_at_more_often_than_its_pause(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "joe@host.example");
    assert_int_equal(bounced(k, "1-joe=host.example"), 99);
    k->run.now += 2 * BOUNCE_TIMEOUT;
    kit_file(k, "bounce/lastd", arena_printf(k->arena, "%lld", (long long)k->run.now - 100).p);
    assert_int_equal(bounce_warn(&k->run, &usual).code, 0);
    assert_int_equal(k->n_sent, 0);
    k->run.now += BOUNCE_TIMEOUT / 50;
    assert_int_equal(bounce_warn(&k->run, &usual).code, 0);
    assert_int_equal(k->n_sent, 1);
}

#define REPORT(action)                                                                             \
    "Auto-Submitted: auto-replied\nContent-Type: multipart/report; report-type=delivery-status;\n" \
    " boundary=\"b\"\n\n--b\n\nwords\n--b\nContent-Type: message/delivery-status\n\n"              \
    "Final-Recipient: rfc822; x@y\nAction: " action "\n--b--\n"

static void weeding_keeps_bounces_and_drops_what_programs_say(void **state)
{
    (void)state;
    static const struct {
        str message;
        bool chaff, strict;
    } t[] = {
        {S("Subject: failure notice\n\nHi. This is the qmail-send\n"), false, false},
        {S(""), false, false},
        {S("Subject: success notice\n\n"), true, true},
        {S("Subject: deferral notice\n\n"), true, true},
        {S("Precedence: bulk\n\n"), true, true},
        {S("precedence: bulk\n\n"), false, false}, /* ezmlm-weed looks at the case */
        {S("List-Id: x\n\n"), false, false},
        {S("List-ID: x\n\n"), true, true},
        {S("Auto-Submitted: no\n\n"), true, true},
        {S("X-ML-Name: x\n\n"), true, true},
        {S(REPORT("failed")), false, true},
        {S(REPORT("delayed")), true, true},
        {S("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b--\n"),
         true, true},
        {S("Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
           "--b--\n"),
         false, false},
        {S("From: Mail Delivery Subsystem <MAILER-DAEMON@x>\nSubject: Warning: could not send\n\n"
           "    **********************************************\n"),
         true, true},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        assert_int_equal(weed_is_chaff(t[i].message, 0), t[i].chaff);
        assert_int_equal(weed_is_chaff(t[i].message, WEED_STRICT), t[i].strict);
    }
}

static void senders_are_seen_through_what_forwarders_made_of_them(void **state)
{
    struct kit *k = *state;
    assert_text(sender_undone(k->arena, S("SRS0=AbCd=TT=far.test=ann@fwd.test")), "ann@far.test");
    assert_text(sender_undone(k->arena, S("SRS1=xy=fwd.test==AbCd=TT=far.test=ann@f2.test")),
                "ann@far.test");
    assert_text(sender_undone(k->arena, S("prvs=0123456789=ann@far.test")), "ann@far.test");
    assert_text(sender_undone(k->arena, S("btv1==tag==ann@far.test")), "ann@far.test");
    assert_text(sender_undone(k->arena, S("ann=x@far.test")), "ann=x@far.test");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kit_test(bounces_lead_to_a_warning_a_probe_and_the_end),
        kit_test(a_probe_that_nobody_sent_removes_nobody),
        kit_test(addresses_that_are_none_have_their_codes),
        kit_test(a_bounce_of_qmail_names_its_members_itself),
        kit_test(a_list_is_not_looked_at_more_often_than_its_pause),
        kit_test(weeding_keeps_bounces_and_drops_what_programs_say),
        kit_test(senders_are_seen_through_what_forwarders_made_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
