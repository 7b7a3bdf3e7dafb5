/* SPDX-License-Identifier: ISC */
#include "list/post.h"

#include "list/archive.h"
#include "list/list_kit.h"
#include "list/subject.h"

#define MAIL                                                                                       \
    "Received: by b; 2 Nov 2026 00:00:00 -0000\nReceived: by a; 1 Nov 2026 00:00:00 -0000\n"       \
    "From: Ann <ann@far.test>\nTo: club@lists.test\nSubject: Re: hello\nPrecedence: first\n\n"     \
    "words\n"

static void a_post_goes_to_all_members_with_verp_and_into_the_archive(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "bob@far.test");
    kit_add(k, "", "cy@near.test");
    kit_file(k, "prefix", "[club:#]\n");
    kit_file(k, "headeradd", "List-Post: <mailto:<#L#>@<#H#>>\nX-Number: <#n#>\n");
    k->run.message = S(MAIL);
    struct verdict v = list_post(&k->run);
    assert_int_equal(v.code, 0);
    assert_int_equal(k->n_sent, 1);
    assert_int_equal(k->sent[0].n, 2);
    assert_text(k->sent[0].sender, "club-return-1-@lists.test-@[]");
    assert_text(k->sent[0].message, "Mailing-List: contact club-help@lists.test; run by ezmlm\n"
                                    "List-Post: <mailto:club@lists.test>\nX-Number: 1\n"
                                    "Delivered-To: mailing list club@lists.test\n"
                                    "Received: by b; 2 Nov 2026 00:00:00 -0000\n"
                                    "From: Ann <ann@far.test>\nTo: club@lists.test\n"
                                    "Subject: [club:1] Re: hello\n\nwords\n\n"
                                    "To unsubscribe: club-unsubscribe@lists.test\n");
    assert_text(kit_read(k, "num"), "1:0\n");
    assert_text(kit_read(k, "archive/0/01"), "Return-Path: <ann@far.test>\n" MAIL);
    struct stat st;
    assert_false(failed(file_stat(k->list.dir, "archive/0/01", &st)));
    assert_int_equal(st.st_mode & 0777, 0744);
    str index = kit_read(k, "archive/0/index");
    struct index_entry e;
    assert_true(index_next(&index, &e));
    assert_int_equal(e.number, 1);
    assert_true(e.reply);
    assert_text(e.subject, "hello");
    assert_text(e.date, "2 Nov 2026 00:00:00 -0000");
    assert_text(e.author, "Ann");
}

static void a_number_goes_back_when_the_queue_refuses(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "bob@far.test");
    k->run.message = S(MAIL);
    k->refuse = true;
    assert_int_equal(list_post(&k->run).code, 111);
    assert_text(kit_read(k, "num"), "0:0\n");
    k->refuse = false;
    assert_int_equal(list_post(&k->run).code, 0);
    assert_text(kit_read(k, "num"), "1:0\n");
    str index = kit_read(k, "archive/0/index");
    struct index_entry e;
    assert_true(index_next(&index, &e));
    assert_false(index_next(&index, &e));
}

static void what_no_list_takes_is_refused(void **state)
{
    struct kit *k = *state;
    k->run.message = S(MAIL);
    k->run.sender = S("");
    assert_int_equal(list_post(&k->run).code, 100);
    k->run.sender = S("#@[]");
    assert_int_equal(list_post(&k->run).code, 100);
    k->run.sender = S("ann@far.test");
    k->run.message = S("Mailing-List: x\n\n.\n");
    assert_int_equal(list_post(&k->run).code, 100);
    k->run.message = S("Delivered-To: mailing list club@lists.test\n\n.\n");
    assert_int_equal(list_post(&k->run).code, 100);
    assert_int_equal(k->n_sent, 0);
    assert_true(kit_read(k, "num").p == NULL);
}

static void a_sublist_takes_only_what_its_parent_sends(void **state)
{
    struct kit *k = *state;
    kit_file(k, "sublist", "main@top.test\n");
    kit_add(k, "", "bob@far.test");
    k->run.message = S("Mailing-List: x\nSubject: y\n\n.\n");
    assert_int_equal(list_post(&k->run).code, 100);
    k->run.sender = S("main-return-7-club=lists.test@top.test");
    assert_int_equal(list_post(&k->run).code, 0);
    k->run.message = S("Subject: y\n\n.\n");
    assert_int_equal(list_post(&k->run).code, 100);
}

static void parts_of_unwanted_types_stay_behind(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "bob@far.test");
    kit_file(k, "mimeremove", "image\ntext/html\n");
    k->run.message = S("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain"
                       "\n\nstays\n--b\nContent-Type: image/png\n\ngoes\n--b--\n");
    assert_int_equal(list_post(&k->run).code, 0);
    assert_in(k->sent[0].message, "stays");
    assert_not_in(k->sent[0].message, "goes");
    assert_in(k->sent[0].message, "\nTo unsubscribe");
    assert_in(k->sent[0].message, "\n--b--\n");
    k->run.message = S("Content-Type: text/html\n\nx\n");
    assert_int_equal(list_post(&k->run).code, 100);
}

static void a_rewritten_from_names_the_list_and_keeps_the_author(void **state)
{
    struct kit *k = *state;
    kit_add(k, "", "bob@far.test");
    kit_file(k, "rewritefrom", "");
    k->run.message = S(MAIL);
    assert_int_equal(list_post(&k->run).code, 0);
    assert_in(k->sent[0].message, "\nFrom: \"Ann via club\" <club@lists.test>\n");
    assert_in(k->sent[0].message, "\nReply-To: Ann <ann@far.test>\n");
}

static void subjects_lose_their_marks_and_the_prefix(void **state)
{
    struct kit *k = *state;
    bool reply;
    static const struct {
        str in, want;
        bool reply;
    } t[] = {
        {S(" hi"), S("hi"), false},
        {S(" Re: hi"), S("hi"), true},
        {S(" Aw: Re[2]: [list:12] Re: hi"), S("hi"), true},
        {S(" hi -Reply"), S("hi"), true},
        {S(" Note: hi"), S("hi"), true},
        {S(" A: hi"), S("A: hi"), false},
        {S(" Question: hi"), S("Question: hi"), false},
        {S(" =?iso-2022-jp?B?GyRCJCIbKEI=?="), S("\033$B$\"\033(B"), false},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        str got = subject_of(k->arena, t[i].in, S("[list:#]"), &reply);
        assert_text(got, arena_cstr(k->arena, t[i].want));
        assert_int_equal(reply, t[i].reply);
    }
    assert_text(author_key(k->arena, S("Joe <joe-list@h>")), "<joe@h");
}

static void rules_about_posts_have_their_codes(void **state)
{
    struct kit *k = *state;
    struct post_rules all = {true, true, true, false, false, true, true};
    static const struct {
        str message;
        int code;
    } t[] = {
        {S("To: club@lists.test\nSubject: hello\n\n.\n"), 0},
        {S("To: other@lists.test\nSubject: hello\n\n.\n"), 100},
        {S("To: club@lists.test\nSubject: \n\n.\n"), 100},
        {S("To: club@lists.test\nSubject: (No Subject)\n\n.\n"), 100},
        {S("To: club@lists.test\nSubject: unsubscribe\n\n.\n"), 100},
        {S("To: club@lists.test\nSubject: x\nPrecedence: junk\n\n.\n"), 99},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        k->run.message = t[i].message;
        assert_int_equal(list_reject(&k->run, &all).code, t[i].code);
    }
    k->run.message = t[0].message;
    kit_file(k, "msgsize", "100:5\n");
    assert_int_equal(list_reject(&k->run, &all).code, 100);
    kit_file(k, "msgsize", "1:0\n");
    assert_int_equal(list_reject(&k->run, &all).code, 100);
    kit_file(k, "msgsize", "100:1\n");
    assert_int_equal(list_reject(&k->run, &all).code, 0);
    all.quiet = true;
    k->run.message = t[1].message;
    assert_int_equal(list_reject(&k->run, &all).code, 99);
    all.forward = true;
    k->run.message = t[4].message;
    assert_int_equal(list_reject(&k->run, &all).code, 99);
    assert_text(k->sent[0].to, "club-request@lists.test");
}

static void flags_in_letters_override_files(void **state)
{
    struct kit *k = *state;
    kit_file(k, "modpostonly", "");
    assert_false(list_flag(&k->list, FLAG_MODPOSTONLY));
    assert_true(list_flag(&k->list, FLAG_PUBLIC));
    assert_false(failed(file_unlink(k->list.dir, "flags")));
    kit_file(k, "config", "F:-aOP\nX:/x\n");
    kit_open(k);
    assert_int_equal(k->list.generation, LIST_CONFIG);
    assert_false(list_flag(&k->list, FLAG_PUBLIC));
    assert_true(list_flag(&k->list, FLAG_ARCHIVED));
    assert_false(failed(file_unlink(k->list.dir, "config")));
    kit_open(k);
    assert_true(list_flag(&k->list, FLAG_MODPOSTONLY));
    assert_int_equal(k->list.generation, LIST_053);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kit_test(a_post_goes_to_all_members_with_verp_and_into_the_archive),
        kit_test(a_number_goes_back_when_the_queue_refuses),
        kit_test(what_no_list_takes_is_refused),
        kit_test(a_sublist_takes_only_what_its_parent_sends),
        kit_test(parts_of_unwanted_types_stay_behind),
        kit_test(a_rewritten_from_names_the_list_and_keeps_the_author),
        kit_test(subjects_lose_their_marks_and_the_prefix),
        kit_test(rules_about_posts_have_their_codes),
        kit_test(flags_in_letters_override_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
