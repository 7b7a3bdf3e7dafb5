/* SPDX-License-Identifier: ISC */
#include "list/manage.h"

#include "list/addresses.h"
#include "list/admin.h"
#include "list/archive.h"
#include "list/get.h"
#include "list/list_kit.h"
#include "list/moderate.h"
#include "list/post.h"

static const struct manage_rules usual;

static int asked(struct kit *k, const char *rest)
{
    k->run.address_rest = arena_copy(k->arena, str_from(rest));
    k->run.message = S("From: ann@far.test\nSubject: x\n\n.\n");
    return list_manage(&k->run, &usual).code;
}

/* What stands behind the list's name in the Reply-To (or another field) of the last mail. */
static const char *way_back(struct kit *k, const char *field)
{
    str m = k->sent[k->n_sent - 1].message, line;
    str want = arena_printf(k->arena, "%s: club-", field);
    while (str_line(&m, &line))
        if (str_skip(&line, want))
            return arena_cstr(k->arena, address_local(line));
    fail_msg("no %s in the mail", field);
    return NULL;
}

static void nobody_is_added_before_he_confirms(void **state)
{
    struct kit *k = *state;
    assert_int_equal(asked(k, "subscribe"), 0);
    assert_false(kit_has(k, "", "ann@far.test"));
    assert_text(k->sent[0].to, "ann@far.test");
    const char *back = way_back(k, "Reply-To");
    assert_int_equal(asked(k, back), 0);
    assert_true(kit_has(k, "", "ann@far.test"));
    assert_in(k->sent[1].message, "WELCOME to club@lists.test");
}

static void a_wrong_or_old_cookie_only_leads_to_a_new_question(void **state)
{
    struct kit *k = *state;
    assert_int_equal(asked(k, "subscribe-bob=near.test"), 0);
    const char *back = way_back(k, "Reply-To");
    assert_text(k->sent[0].to, "bob@near.test");
    k->run.now += 1'000'001;
    assert_int_equal(asked(k, back), 0);
    assert_int_equal(asked(k, "sc.1000000000.aaaaaaaaaaaaaaaaaaaa-bob=near.test"), 0);
    assert_int_equal(asked(k, "sc.9000000000.aaaaaaaaaaaaaaaaaaaa-bob=near.test"), 0);
    assert_int_equal(k->n_sent, 4);
    assert_false(kit_has(k, "", "bob@near.test"));
    assert_int_equal(asked(k, "sc.nonsense"), 100);
    assert_int_equal(asked(k, "subscribe-nobody"), 100);
}

static void a_cookie_of_the_list_is_none_of_its_digest(void **state)
{
    struct kit *k = *state;
    assert_int_equal(asked(k, "subscribe"), 0);
    const char *back = way_back(k, "Reply-To");
    assert_int_equal(asked(k, arena_printf(k->arena, "digest-%s", back).p), 0);
    assert_true(kit_read(k, "digest/subscribers/t").p == NULL);
    assert_int_equal(asked(k, "digest-subscribe"), 0);
    back = way_back(k, "Reply-To");
    assert_true(str_starts(str_from(back), S("digest-sc.")));
    assert_int_equal(asked(k, back), 0);
    assert_true(kit_has(k, "digest", "ann@far.test"));
    assert_false(kit_has(k, "", "ann@far.test"));
}

static void moderators_decide_who_comes_in_when_the_list_says_so(void **state)
{
    struct kit *k = *state;
    kit_file(k, "flags", "aps\n");
    kit_open(k);
    kit_add(k, "mod", "mo@mod.test");
    assert_int_equal(asked(k, "subscribe"), 0);
    assert_int_equal(asked(k, way_back(k, "Reply-To")), 0);
    assert_false(kit_has(k, "", "ann@far.test"));
    assert_text(k->sent[1].to, "mo@mod.test");
    const char *back = way_back(k, "Reply-To");
    k->run.sender = S("mo@mod.test");
    assert_int_equal(asked(k, back), 0);
    assert_true(kit_has(k, "", "ann@far.test"));
    assert_in(kit_read(k, "Log"), " +mod ann@far.test\n");
}

static void what_no_list_answers_is_refused(void **state)
{
    struct kit *k = *state;
    k->run.sender = S("");
    assert_int_equal(asked(k, "help"), 100);
    k->run.sender = S("nohost");
    assert_int_equal(asked(k, "help"), 100);
    k->run.sender = S("ann@far.test");
    k->run.address_rest = S("help");
    k->run.message = S("Mailing-List: x\n\n");
    assert_int_equal(list_manage(&k->run, &usual).code, 100);
    k->run.message = S("Delivered-To: responder for club@lists.test\n\n");
    assert_int_equal(list_manage(&k->run, &usual).code, 100);
    assert_int_equal(k->n_sent, 0);
    assert_int_equal(asked(k, "no such command"), 0);
    assert_int_equal(k->n_sent, 1);
    kit_file(k, "flags", "aP\n");
    kit_open(k);
    assert_int_equal(asked(k, "subscribe"), 100);
    assert_int_equal(asked(k, "help"), 0);
    assert_int_equal(asked(k, "list"), 100);
    assert_int_equal(asked(k, "deny-subscribe"), 100);
}

static void a_text_is_changed_only_by_who_got_it(void **state)
{
    struct kit *k = *state;
    kit_file(k, "flags", "aprn\n");
    kit_open(k);
    kit_add(k, "mod", "ann@far.test");
    assert_int_equal(asked(k, "edit.info"), 0);
    const char *back = way_back(k, "Reply-To");
    k->run.address_rest = str_from(back);
    k->run.message = S("Subject: x\n\n> %%% START OF TEXT FILE\n> new words\n> %%% END\n");
    assert_int_equal(list_manage(&k->run, &usual).code, 0);
    assert_text(kit_read(k, "text/info"), "new words\n");
    assert_int_equal(list_manage(&k->run, &usual).code, 100); /* it has changed since */
    k->run.address_rest = S("ed.1000000000.../../key.aaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(list_manage(&k->run, &usual).code, 100);
}

static void a_held_post_is_decided_once(void **state)
{
    struct kit *k = *state;
    struct store_rules rules = {0};
    kit_file(k, "flags", "apm\n");
    kit_open(k);
    kit_add(k, "mod", "mo@mod.test");
    kit_add(k, "", "bob@far.test");
    k->run.message = S("Subject: held\n\nwords\n");
    assert_int_equal(list_store(&k->run, &rules).code, 0);
    assert_text(k->sent[0].to, "mo@mod.test");
    const char *accept = way_back(k, "Reply-To"), *reject = way_back(k, "From");
    k->run.message = S("Subject: Re\n\n");
    k->run.sender = S("mo@mod.test");
    k->run.address_rest = S("accept-1000000000.77.aaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(list_moderate(&k->run).code, 100);
    k->run.address_rest = str_from(accept);
    assert_int_equal(list_moderate(&k->run).code, 0);
    assert_int_equal(k->n_sent, 2);
    assert_in(k->sent[1].message, "held");
    assert_int_equal(list_moderate(&k->run).code, 0);
    assert_int_equal(k->n_sent, 2);
    k->run.address_rest = str_from(reject);
    assert_int_equal(list_moderate(&k->run).code, 100);
    /* the verb may stand in LOCAL alone */
    k->run.local = S("club-accept-1000000000.77.x");
    k->run.address_rest = S("1000000000.77.x");
    assert_int_equal(list_moderate(&k->run).code, 100);
}

static void what_nobody_decided_goes_back(void **state)
{
    struct kit *k = *state;
    struct store_rules rules = {0};
    kit_file(k, "flags", "apm\n");
    kit_open(k);
    kit_add(k, "mod", "mo@mod.test");
    k->run.message = S("Subject: held\n\nwords\n");
    assert_int_equal(list_store(&k->run, &rules).code, 0);
    k->run.now += 119 * 3600;
    assert_int_equal(list_clean(&k->run, true).code, 0);
    assert_int_equal(k->n_sent, 1);
    k->run.now += 2 * 3600;
    assert_int_equal(list_clean(&k->run, true).code, 0);
    assert_int_equal(k->n_sent, 2);
    assert_text(k->sent[1].to, "ann@far.test");
    assert_true(kit_read(k, "mod/pending/1000000000.77").p == NULL);
}

static void the_archive_is_open_to_whom_the_list_says(void **state)
{
    struct kit *k = *state;
    k->run.message = S("From: Ann <ann@far.test>\nSubject: first\nDate: 2 Nov 2026 00:00:00 "
                       "-0000\n\none\n");
    assert_int_equal(list_post(&k->run).code, 0);
    k->run.message = S("From: Bob <bob@far.test>\nSubject: Re: first\n\ntwo\n");
    assert_int_equal(list_post(&k->run).code, 0);
    k->run.message = S("Subject: x\n\n");
    k->run.address_rest = S("get.1_2");
    assert_int_equal(list_get(&k->run).code, 99);
    assert_in(k->sent[0].message, "\none\n");
    assert_in(k->sent[0].message, "\ntwo\n");
    k->run.address_rest = S("thread.2");
    assert_int_equal(list_get(&k->run).code, 99);
    assert_in(k->sent[1].message, "\none\n");
    k->run.address_rest = S("get.99999999999999999999_1");
    assert_int_equal(list_get(&k->run).code, 99);
    k->run.address_rest = S("index.18446744073709551615");
    assert_int_equal(list_get(&k->run).code, 99);
    assert_in(k->sent[3].message, "1: first\n");
    k->run.address_rest = S("subscribe");
    assert_int_equal(list_get(&k->run).code, 0);
    kit_file(k, "flags", "apg\n");
    kit_open(k);
    k->run.address_rest = S("get.1");
    assert_int_equal(list_get(&k->run).code, 100);
    kit_add(k, "", "ann@far.test");
    assert_int_equal(list_get(&k->run).code, 99);
    assert_false(failed(list_reindex(&k->run)));
    assert_in(kit_read(k, "archive/threads/202611"), "1:");
    assert_in(kit_read(k, "archive/threads/202611"), " [1] first\n");
}

static void too_many_posts_make_a_list_moderated(void **state)
{
    struct kit *k = *state;
    struct limit_rules rules = {.posts = 2, .seconds = 3600};
    assert_int_equal(list_limit(&k->run, &rules).code, 0);
    kit_file(k, "num", "2:0\n");
    assert_int_equal(list_limit(&k->run, &rules).code, 0);
    assert_true(list_has(&k->list, "modpost"));
    rules.defer = true;
    assert_int_equal(list_limit(&k->run, &rules).code, 111);
    k->run.now += 3601;
    assert_int_equal(list_limit(&k->run, &rules).code, 0);
}

static void an_mbox_becomes_an_archive_and_nobody_gets_it(void **state)
{
    struct kit *k = *state;
    uint64_t n;
    kit_add(k, "", "bob@far.test");
    assert_false(failed(list_import(
        &k->run, S("From a Mon\nSubject: a\n\none\n\nFrom b Mon\nSubject: b\n\ntwo\n"), &n)));
    assert_int_equal(n, 2);
    assert_int_equal(k->n_sent, 0);
    assert_text(kit_read(k, "archive/0/02"), "Subject: b\n\ntwo\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kit_test(nobody_is_added_before_he_confirms),
        kit_test(a_wrong_or_old_cookie_only_leads_to_a_new_question),
        kit_test(a_cookie_of_the_list_is_none_of_its_digest),
        kit_test(moderators_decide_who_comes_in_when_the_list_says_so),
        kit_test(what_no_list_answers_is_refused),
        kit_test(a_text_is_changed_only_by_who_got_it),
        kit_test(a_held_post_is_decided_once),
        kit_test(what_nobody_decided_goes_back),
        kit_test(the_archive_is_open_to_whom_the_list_says),
        kit_test(too_many_posts_make_a_list_moderated),
        kit_test(an_mbox_becomes_an_archive_and_nobody_gets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
