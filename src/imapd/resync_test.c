/* SPDX-License-Identifier: ISC */
/* Conversations about mod-sequences: CONDSTORE and QRESYNC, RFC 7162. In the store of these tests
 * each message that is added, changed or removed takes the next number, from 2. */
#include "imapd/talk.h"

static void three_messages(void)
{
    fake_add(inbox(), S(HELLO), 0, 0);
    fake_add(inbox(), S(HELLO), STORE_FLAGGED, 0);
    fake_add(inbox(), S(HELLO), STORE_SEEN, 0);
}

/* 3.1.5, 3.1.4.1. */
static void fetch_tells_mod_sequences_and_what_changed(void **state)
{
    (void)state;
    three_messages();
    expect_selected("b FETCH 1 (UID MODSEQ)\r\nc FETCH 1:* (FLAGS) (CHANGEDSINCE 3)\r\n"
                    "d UID FETCH 1:* (FLAGS) (CHANGEDSINCE 4)\r\n",
                    "* OK [HIGHESTMODSEQ 4] The highest.\r\n"
                    "* 1 FETCH (UID 1 MODSEQ (2))\r\nb OK Fetched.\r\n"
                    "* 3 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (4))\r\nc OK Fetched.\r\n"
                    "d OK Fetched.\r\n");
}

/* 3.1.3: the second STORE is of somebody who has not seen the first. */
static void a_conditional_store_leaves_alone_what_others_changed(void **state)
{
    (void)state;
    three_messages();
    expect_selected("b STORE 2 +FLAGS.SILENT (\\Answered)\r\n"
                    "c STORE 1:2 (UNCHANGEDSINCE 4) +FLAGS (\\Deleted)\r\n"
                    "d UID STORE 1:3 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\Draft)\r\n"
                    "e STORE 3 (UNCHANGEDSINCE 0) FLAGS ()\r\n",
                    "b OK Stored.\r\n"
                    "* OK [HIGHESTMODSEQ 5] The highest.\r\n"
                    "* 1 FETCH (FLAGS (\\Deleted \\Recent) MODSEQ (6))\r\n"
                    "c OK [MODIFIED 2] Some were changed by others meanwhile.\r\n"
                    "* 2 FETCH (UID 2 MODSEQ (7))\r\n* 3 FETCH (UID 3 MODSEQ (8))\r\n"
                    "d OK [MODIFIED 1] Some were changed by others meanwhile.\r\n"
                    "e OK [MODIFIED 3] Some were changed by others meanwhile.\r\n");
    assert_int_equal(inbox()->at[1].row.flags, STORE_FLAGGED | STORE_ANSWERED | STORE_DRAFT);
}

/* 3.1: from any of the enabling commands on. */
static void changes_carry_their_mod_sequence_once_it_was_asked_for(void **state)
{
    (void)state;
    three_messages();
    expect_selected("b STORE 1 +FLAGS (\\Seen)\r\nc SEARCH MODSEQ 4\r\n"
                    "d STORE 1 -FLAGS (\\Seen)\r\ne FETCH 1 BODY[TEXT]\r\n",
                    "* 1 FETCH (FLAGS (\\Seen \\Recent))\r\nb OK Stored.\r\n"
                    "* OK [HIGHESTMODSEQ 5] The highest.\r\n"
                    "* SEARCH 1 3 (MODSEQ 5)\r\nc OK Searched.\r\n"
                    "* 1 FETCH (FLAGS (\\Recent) MODSEQ (6))\r\nd OK Stored.\r\n"
                    "* 1 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (7) BODY[TEXT] {14}\r\n"
                    "Hello\r\nWorld\r\n)\r\ne OK Fetched.\r\n");
}

/* 3.1.5, 3.1.6, 3.1.10. */
static void searches_by_mod_sequence_tell_the_highest_one(void **state)
{
    (void)state;
    three_messages();
    expect_selected("b ENABLE CONDSTORE\r\nc SEARCH MODSEQ \"/flags/\\\\draft\" all 3\r\n"
                    "d SEARCH MODSEQ 9\r\ne SEARCH RETURN (MIN) MODSEQ 3\r\n"
                    "f UID SEARCH RETURN (ALL COUNT) MODSEQ 3\r\ng SORT (REVERSE ARRIVAL) UTF-8 "
                    "MODSEQ 3\r\nh SEARCH MODSEQ \"/comment\" all 1\r\n",
                    "* ENABLED CONDSTORE\r\n* OK [HIGHESTMODSEQ 4] The highest.\r\n"
                    "b OK Enabled.\r\n* SEARCH 2 3 (MODSEQ 4)\r\nc OK Searched.\r\n"
                    "* SEARCH\r\nd OK Searched.\r\n"
                    "* ESEARCH (TAG \"e\") MIN 2 MODSEQ 3\r\ne OK Searched.\r\n"
                    "* ESEARCH (TAG \"f\") UID COUNT 2 ALL 2:3 MODSEQ 4\r\nf OK Searched.\r\n"
                    "* SORT 2 3 (MODSEQ 4)\r\ng OK Sorted.\r\nh BAD bad metadata entry.\r\n");
}

/* 3.2.5: all that a client needs to be up to date, with SELECT. */
static void a_client_that_comes_back_is_told_what_it_missed(void **state)
{
    (void)state;
    three_messages();
    fake_add(inbox(), S(HELLO), 0, 0);
    fake_remove(inbox(), 1);
    const char *out = strstr(converse(S("x ENABLE QRESYNC\r\na SELECT INBOX (QRESYNC (1000 3))\r\n"
                                        "b SELECT INBOX (QRESYNC (1000 3 1:3))\r\n"
                                        "c SELECT INBOX (QRESYNC (999 3))\r\n")),
                             "* OK [HIGHESTMODSEQ");
    assert_non_null(out);
    assert_true(str_starts(str_from(out),
                           S("* OK [HIGHESTMODSEQ 6] The highest.\r\n* VANISHED (EARLIER) 2\r\n"
                             "* 2 FETCH (UID 3 FLAGS (\\Seen \\Recent) MODSEQ (4))\r\n"
                             "* 3 FETCH (UID 4 FLAGS (\\Recent) MODSEQ (5))\r\na OK [")));
    out = strstr(out, "* OK [CLOSED]");
    assert_non_null(out);
    out = strstr(out, "* OK [HIGHESTMODSEQ");
    assert_true(str_starts(str_from(out),
                           S("* OK [HIGHESTMODSEQ 6] The highest.\r\n* VANISHED (EARLIER) 2\r\n"
                             "* 2 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (4))\r\nb OK [")));
    out = strstr(out + 1, "* OK [HIGHESTMODSEQ");
    assert_true(str_starts(str_from(out), S("* OK [HIGHESTMODSEQ 6] The highest.\r\nc OK [")));
}

/* 3.2.5.2: number 1 is still UID 1, so nothing below it needs to be told; number 2 is not. */
static void what_the_client_proves_to_know_is_not_told(void **state)
{
    (void)state;
    three_messages();
    fake_add(inbox(), S(HELLO), 0, 0);
    fake_remove(inbox(), 0);
    fake_remove(inbox(), 1);
    const char *out = converse(S("x ENABLE QRESYNC\r\n"
                                 "a SELECT INBOX (QRESYNC (1000 1 1:4 (1:2 2,4)))\r\n"
                                 "b SELECT INBOX (QRESYNC (1000 1 1:4 (1,2 2:3)))\r\n"));
    const char *second = strstr(out, "a OK"), *gone = strstr(out, "VANISHED");
    assert_non_null(second);
    assert_non_null(gone);
    assert_true(gone > second && str_starts(str_from(gone), S("VANISHED (EARLIER) 3\r\n")));
    assert_non_null(strstr(out, "* 1 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ (3))\r\n"));
}

static void qresync_must_be_enabled_first(void **state)
{
    (void)state;
    expect("a SELECT INBOX (QRESYNC (1 1))\r\nb ENABLE QRESYNC CONDSTORE\r\n",
           "a BAD QRESYNC is not enabled.\r\n* ENABLED QRESYNC CONDSTORE\r\nb OK Enabled.\r\n");
}

/* 3.2.10, 3.2.7, 3.2.6. */
static void with_qresync_messages_vanish_by_uid(void **state)
{
    (void)state;
    three_messages();
    fake_add(inbox(), S(HELLO), STORE_DELETED, 0);
    inbox()->at[0].row.flags = inbox()->at[1].row.flags = STORE_DELETED;
    expect_selected("b UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)\r\nc ENABLE QRESYNC\r\n"
                    "d EXPUNGE\r\ne UID FETCH 1:2,3:* (UID) (VANISHED CHANGEDSINCE 5)\r\n"
                    "f FETCH 1 (UID) (CHANGEDSINCE 5 VANISHED)\r\ng EXPUNGE\r\n",
                    "b BAD VANISHED is for UID FETCH with QRESYNC.\r\n* ENABLED QRESYNC\r\n"
                    "* OK [HIGHESTMODSEQ 5] The highest.\r\nc OK Enabled.\r\n"
                    "* VANISHED 1:2,4\r\nd OK [HIGHESTMODSEQ 8] Expunged.\r\n"
                    "* VANISHED (EARLIER) 1:2,4\r\ne OK Fetched.\r\n"
                    "f BAD VANISHED is for UID FETCH with QRESYNC.\r\ng OK Expunged.\r\n");
}

/* RFC 9394 3.3. */
static void a_page_of_messages_can_be_fetched(void **state)
{
    (void)state;
    three_messages();
    expect_selected("b UID FETCH 1:* (UID) (PARTIAL -1:-2)\r\nc UID FETCH 2:* UID (PARTIAL 2:9)\r\n"
                    "d FETCH 1:* UID (PARTIAL 1:1)\r\ne UID FETCH 1:* UID (PARTIAL 9:10)\r\n",
                    "* 2 FETCH (UID 2)\r\n* 3 FETCH (UID 3)\r\nb OK Fetched.\r\n"
                    "* 3 FETCH (UID 3)\r\nc OK Fetched.\r\nd BAD PARTIAL is for UID FETCH.\r\n"
                    "e OK Fetched.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(fetch_tells_mod_sequences_and_what_changed),
        WITH_MAIL(a_conditional_store_leaves_alone_what_others_changed),
        WITH_MAIL(changes_carry_their_mod_sequence_once_it_was_asked_for),
        WITH_MAIL(searches_by_mod_sequence_tell_the_highest_one),
        WITH_MAIL(a_client_that_comes_back_is_told_what_it_missed),
        WITH_MAIL(what_the_client_proves_to_know_is_not_told),
        WITH_MAIL(qresync_must_be_enabled_first),
        WITH_MAIL(with_qresync_messages_vanish_by_uid),
        WITH_MAIL(a_page_of_messages_can_be_fetched),
    };
    return RUN_TALKS(tests);
}
