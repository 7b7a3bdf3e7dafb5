/* SPDX-License-Identifier: ISC */
/* Conversations about searching, sorting and threading. */
#include "imapd/talk.h"

#include "imapd/dates.h"
#include "os/clock.h"

static int still_clock(void **state)
{
    clock_freeze_for_test(1000000);
    return setup(state);
}

static int running_clock(void **state)
{
    clock_freeze_for_test(-1);
    return teardown(state);
}

static void add(const char *text, uint32_t flags, uint32_t date)
{
    fake_add(fake_find(mail, S("INBOX")), str_from(text), flags, date);
}

static void five_messages(void)
{
    add("Subject: one\n\nx\n", STORE_SEEN, 100);
    add("Subject: two\n\nx\n", 0, 200);
    add("Subject: three\n\nx\n", STORE_FLAGGED, 300);
    add("Subject: four\n\nx\n", STORE_FLAGGED, 400);
    add("Subject: five\n\nx\n", STORE_FLAGGED | STORE_SEEN, 500);
    fake_remove(fake_find(mail, S("INBOX")), 1); /* so that UIDs are not message numbers */
}

/* RFC 4731 3.1. */
static void results_come_as_the_client_wants_them(void **state)
{
    (void)state;
    five_messages();
    expect_selected(
        "b SEARCH RETURN (MIN MAX COUNT ALL) FLAGGED\r\nc UID SEARCH RETURN () FLAGGED\r\n"
        "d SEARCH RETURN (MIN COUNT) DELETED\r\ne UID SEARCH RETURN (MAX) ALL\r\n"
        "f SEARCH RETURN (ALL) DELETED\r\n",
        "* ESEARCH (TAG \"b\") MIN 2 MAX 4 COUNT 3 ALL 2:4\r\nb OK Searched.\r\n"
        "* ESEARCH (TAG \"c\") UID ALL 3:5\r\nc OK Searched.\r\n"
        "* ESEARCH (TAG \"d\") COUNT 0\r\nd OK Searched.\r\n"
        "* ESEARCH (TAG \"e\") UID MAX 5\r\ne OK Searched.\r\n"
        "* ESEARCH (TAG \"f\")\r\nf OK Searched.\r\n");
    assert_int_equal(opened, 0);
}

/* RFC 9394 3.1. */
static void a_page_of_results_is_told_with_its_range(void **state)
{
    (void)state;
    five_messages();
    expect_selected(
        "b UID SEARCH RETURN (PARTIAL 1:2) ALL\r\nc SEARCH RETURN (PARTIAL -1:-2 COUNT) ALL\r\n"
        "d SEARCH RETURN (PARTIAL 5:9) ALL\r\ne SEARCH RETURN (PARTIAL 1:2 ALL) ALL\r\n",
        "* ESEARCH (TAG \"b\") UID PARTIAL (1:2 1,3)\r\nb OK Searched.\r\n"
        "* ESEARCH (TAG \"c\") COUNT 4 PARTIAL (-1:-2 3:4)\r\nc OK Searched.\r\n"
        "* ESEARCH (TAG \"d\") PARTIAL (5:9 NIL)\r\nd OK Searched.\r\n"
        "e BAD ALL and PARTIAL exclude each other.\r\n");
}

/* RFC 5182 2. */
static void a_saved_result_stands_for_its_messages(void **state)
{
    (void)state;
    five_messages();
    expect_selected(
        "b FETCH $ UID\r\nc SEARCH RETURN (SAVE) FLAGGED\r\nd FETCH $ UID\r\n"
        "e SEARCH $ SEEN\r\nf UID SEARCH RETURN (SAVE MIN) $\r\ng UID FETCH $ FLAGS\r\n"
        "h SEARCH NOT $\r\ni STORE $ +FLAGS.SILENT (\\Deleted)\r\nj SEARCH DELETED\r\n"
        "k UID EXPUNGE $\r\nl FETCH $ UID\r\nm SEARCH RETURN (SAVE) CHARSET x-none ALL\r\n",
        "b OK Fetched.\r\nc OK Searched.\r\n"
        "* 2 FETCH (UID 3)\r\n* 3 FETCH (UID 4)\r\n* 4 FETCH (UID 5)\r\nd OK Fetched.\r\n"
        "* SEARCH 4\r\ne OK Searched.\r\n"
        "* ESEARCH (TAG \"f\") UID MIN 3\r\nf OK Searched.\r\n"
        "* 2 FETCH (UID 3 FLAGS (\\Flagged \\Recent))\r\ng OK Fetched.\r\n"
        "* SEARCH 1 3 4\r\nh OK Searched.\r\ni OK Stored.\r\n* SEARCH 2\r\nj OK Searched.\r\n"
        "* 2 EXPUNGE\r\nk OK Expunged.\r\nl OK Fetched.\r\n"
        "m NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1 ISO-2022-JP EUC-JP SHIFT_JIS)] That "
        "charset is not known here.\r\n");
}

/* RFC 5032 3: the clock of these tests stands at 1,000,000. */
static void age_counts_from_now(void **state)
{
    (void)state;
    add("\nx\n", 0, 1000000 - 60);
    add("\nx\n", 0, 1000000 - 61);
    add("\nx\n", 0, 1000000 - 59);
    expect_selected("b SEARCH OLDER 60\r\nc SEARCH YOUNGER 60\r\nd SEARCH OLDER 0\r\n",
                    "* SEARCH 1 2\r\nb OK Searched.\r\n* SEARCH 1 3\r\nc OK Searched.\r\n"
                    "d BAD a number must not be zero.\r\n");
    assert_int_equal(opened, 0);
}

static void cheap_keys_are_asked_first(void **state)
{
    (void)state;
    five_messages();
    expect_selected("b SEARCH TEXT x NOT FLAGGED\r\nc SEARCH OR BODY x ALL\r\n",
                    "* SEARCH 1\r\nb OK Searched.\r\n* SEARCH 1 2 3 4\r\nc OK Searched.\r\n");
    assert_int_equal(opened, 1);
}

static void sets_of_any_shape_are_searched(void **state)
{
    (void)state;
    five_messages();
    expect_selected("b SEARCH NOT 4,1,2:3 UNDELETED\r\nc SEARCH *:3,1\r\nd SEARCH NOT UID 3:4,1\r\n"
                    "e SEARCH UIDAFTER 3\r\nf SEARCH UIDBEFORE 4 2:*\r\ng SEARCH 5\r\n",
                    "* SEARCH\r\nb OK Searched.\r\n* SEARCH 1 3 4\r\nc OK Searched.\r\n"
                    "* SEARCH 4\r\nd OK Searched.\r\n* SEARCH 3 4\r\ne OK Searched.\r\n"
                    "* SEARCH 2\r\nf OK Searched.\r\ng BAD no such message.\r\n");
}

/* ---- SORT, RFC 5256 ---- */

static void messages_come_in_the_order_asked_for(void **state)
{
    (void)state;
    add("Subject: Re: [list] pear\nFrom: zoe@a\nDate: Thu, 1 Jan 1970 05:00:00 +0000\n\nx\n", 0,
        300);
    add("Subject: apple\nFrom: Bob <bob@a>\nDate: Thu, 1 Jan 1970 05:30:00 +0900\n\nlonger\n", 0,
        100);
    add("Subject: PEAR (fwd)\nFrom: =?utf-8?q?=C3=84nne?= <anne@a>\n\nx\n", 0, 200);
    expect_selected("b SORT (ARRIVAL) UTF-8 ALL\r\nc SORT (REVERSE ARRIVAL) UTF-8 ALL\r\n"
                    "d SORT (SUBJECT ARRIVAL) UTF-8 ALL\r\ne SORT (REVERSE SUBJECT) UTF-8 ALL\r\n"
                    "f SORT (FROM) US-ASCII ALL\r\ng SORT (DATE) UTF-8 ALL\r\n"
                    "h UID SORT (REVERSE SIZE) UTF-8 2:3\r\ni SORT (DISPLAYFROM) UTF-8 ALL\r\n",
                    "* SORT 2 3 1\r\nb OK Sorted.\r\n* SORT 1 3 2\r\nc OK Sorted.\r\n"
                    "* SORT 2 3 1\r\nd OK Sorted.\r\n* SORT 1 3 2\r\ne OK Sorted.\r\n"
                    "* SORT 3 2 1\r\nf OK Sorted.\r\n* SORT 2 3 1\r\ng OK Sorted.\r\n"
                    "* SORT 2 3\r\nh OK Sorted.\r\n* SORT 3 2 1\r\ni OK Sorted.\r\n");
}

/* RFC 5267 3: MIN and MAX are the ends of the order. */
static void a_sort_can_return_what_a_search_can(void **state)
{
    (void)state;
    five_messages();
    expect_selected(
        "b UID SORT RETURN (MIN MAX COUNT ALL) (REVERSE ARRIVAL) UTF-8 ALL\r\n"
        "c SORT RETURN (PARTIAL 2:3) (REVERSE ARRIVAL) UTF-8 ALL\r\n"
        "d SORT (ARRIVAL) x-none ALL\r\ne SORT (ARRIVAL) UTF-8 DELETED\r\n"
        "f UID SORT RETURN (SAVE) (REVERSE ARRIVAL) UTF-8 FLAGGED\r\ng FETCH $ UID\r\n",
        "* ESEARCH (TAG \"b\") UID MIN 5 MAX 1 COUNT 4 ALL 5,4,3,1\r\nb OK Sorted.\r\n"
        "* ESEARCH (TAG \"c\") PARTIAL (2:3 3,2)\r\nc OK Sorted.\r\n"
        "d NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1 ISO-2022-JP EUC-JP SHIFT_JIS)] That "
        "charset is not known here.\r\n* SORT\r\ne OK Sorted.\r\nf OK Sorted.\r\n"
        "* 2 FETCH (UID 3)\r\n* 3 FETCH (UID 4)\r\n* 4 FETCH (UID 5)\r\ng OK Fetched.\r\n");
}

static void threads_are_made_from_headers(void **state)
{
    (void)state;
    add("Subject: Hi\nMessage-ID: <a@x>\n\nx\n", 0, 100);
    add("Subject: Re: Hi\nMessage-ID: <b@x>\nIn-Reply-To: <a@x>\n\nx\n", 0, 200);
    add("Subject: other\nMessage-ID: <c@x>\nReferences: <\"a\"@x>\n <b@x>\n\nx\n", 0, 300);
    add("Subject: alone\n\nx\n", 0, 50);
    fake_remove(fake_find(mail, S("INBOX")), 1);
    expect_selected(
        "b THREAD REFERENCES UTF-8 ALL\r\nc UID THREAD ORDEREDSUBJECT UTF-8 ALL\r\n"
        "d THREAD REFERENCES UTF-8 DELETED\r\n",
        "* THREAD (3)(1 2)\r\nb OK Threaded.\r\n* THREAD (4)(1)(3)\r\nc OK Threaded.\r\n"
        "* THREAD\r\nd OK Threaded.\r\n");
}

/* RFC 9755 3; RFC 9051 6.4.4: IMAP4rev2 answers with ESEARCH, whatever was asked. */
static void newer_protocols_change_search(void **state)
{
    (void)state;
    add("Subject: caf\xc3\xa9\n\nx\n", 0, 0);
    expect_selected("b ENABLE UTF8=ACCEPT\r\nc SEARCH CHARSET UTF-8 ALL\r\n"
                    "d SEARCH SUBJECT \"CAF\xc3\x89\"\r\ne ENABLE IMAP4rev2\r\n"
                    "f UID SEARCH SUBJECT \"caf\xc3\xa9\"\r\ng SEARCH SEEN\r\n"
                    "h SORT (ARRIVAL) UTF-8 ALL\r\n",
                    "* ENABLED UTF8=ACCEPT\r\nb OK Enabled.\r\n"
                    "c BAD with UTF8=ACCEPT no charset is named.\r\n"
                    "* SEARCH 1\r\nd OK Searched.\r\n* ENABLED IMAP4rev2\r\ne OK Enabled.\r\n"
                    "* ESEARCH (TAG \"f\") UID ALL 1\r\nf OK Searched.\r\n"
                    "* ESEARCH (TAG \"g\")\r\ng OK Searched.\r\n* SORT 1\r\nh OK Sorted.\r\n");
}

/* ---- UIDONLY, RFC 9586 ---- */

static void message_numbers_can_be_switched_off(void **state)
{
    (void)state;
    five_messages();
    expect_selected("b ENABLE UIDONLY X-NONE\r\nc FETCH 1 FLAGS\r\nd UID FETCH 1 FLAGS\r\n"
                    "e UID SEARCH 1:2\r\nf UID SEARCH ALL\r\ng UID STORE 3 +FLAGS (\\Deleted)\r\n"
                    "h EXPUNGE\r\ni UID FETCH 4 (UID FLAGS)\r\n",
                    "* ENABLED UIDONLY\r\nb OK Enabled.\r\n"
                    "c BAD [UIDREQUIRED] Message numbers are not used in this session.\r\n"
                    "* 1 UIDFETCH (FLAGS (\\Seen \\Recent))\r\nd OK Fetched.\r\n"
                    "e BAD [UIDREQUIRED] Message numbers are not used in this session.\r\n"
                    "* SEARCH 1 3 4 5\r\nf OK Searched.\r\n"
                    "* 3 UIDFETCH (FLAGS (\\Flagged \\Deleted \\Recent))\r\ng OK Stored.\r\n"
                    "* VANISHED 3\r\nh OK Expunged.\r\n"
                    "* 4 UIDFETCH (UID 4 FLAGS (\\Flagged \\Recent))\r\ni OK Fetched.\r\n");
}

/* ---- CONTEXT=SEARCH, RFC 5267 4 ---- */

static void a_search_is_kept_up_to_date(void **state)
{
    (void)state;
    five_messages();
    expect_selected("b UID SEARCH RETURN (COUNT UPDATE) FLAGGED SUBJECT f\r\n"
                    "c SEARCH RETURN (ALL UPDATE) OR SEEN UID 4:*\r\n"
                    "d STORE 1 +FLAGS.SILENT (\\Flagged)\r\ne STORE 3 FLAGS (\\Deleted)\r\n"
                    "f EXPUNGE\r\ng STORE 3 FLAGS (\\Seen)\r\nh CANCELUPDATE \"b\"\r\n"
                    "i APPEND INBOX (\\Flagged) {14+}\r\nSubject: f\r\n\r\n\r\n",
                    "* ESEARCH (TAG \"b\") UID COUNT 2\r\nb OK Searched.\r\n"
                    "* ESEARCH (TAG \"c\") ALL 1,3:4\r\nc OK Searched.\r\n"
                    "d OK Stored.\r\n"
                    "* ESEARCH (TAG \"b\") UID REMOVEFROM (0 4)\r\n"
                    "* 3 FETCH (FLAGS (\\Deleted \\Recent))\r\ne OK Stored.\r\n"
                    "* ESEARCH (TAG \"c\") REMOVEFROM (0 3)\r\n* 3 EXPUNGE\r\nf OK Expunged.\r\n"
                    "* ESEARCH (TAG \"b\") UID REMOVEFROM (0 5)\r\n"
                    "* 3 FETCH (FLAGS (\\Seen \\Recent))\r\ng OK Stored.\r\n"
                    "h OK Cancelled.\r\n"
                    "* 4 EXISTS\r\n* 4 RECENT\r\n* ESEARCH (TAG \"c\") ADDTO (0 4)\r\n"
                    "i OK [APPENDUID 1000 6] Appended.\r\n");
}

static void what_cannot_be_kept_up_to_date_is_said(void **state)
{
    (void)state;
    five_messages();
    expect_selected(
        "b SEARCH RETURN (COUNT UPDATE) 1:2\r\nc SEARCH RETURN (COUNT UPDATE) OLDER 5\r\n"
        "d SORT RETURN (COUNT UPDATE) (DATE) UTF-8 ALL\r\ne CANCELUPDATE \"b\"\r\n"
        "f SEARCH RETURN (UPDATE COUNT) ALL\r\nf SEARCH RETURN (UPDATE) ALL\r\n"
        "g CANCELUPDATE\r\n",
        "* ESEARCH (TAG \"b\") COUNT 2\r\n"
        "* NO [NOUPDATE \"b\"] This result is not kept up to date.\r\nb OK Searched.\r\n"
        "* ESEARCH (TAG \"c\") COUNT 4\r\n"
        "* NO [NOUPDATE \"c\"] This result is not kept up to date.\r\nc OK Searched.\r\n"
        "* ESEARCH (TAG \"d\") COUNT 4\r\n"
        "* NO [NOUPDATE \"d\"] This result is not kept up to date.\r\nd OK Sorted.\r\n"
        "e BAD no search of that tag is kept up to date.\r\n"
        "* ESEARCH (TAG \"f\") COUNT 4\r\nf OK Searched.\r\n"
        "f BAD a search of that tag is kept up to date already.\r\n"
        "g BAD an argument is missing.\r\n");
}

/* RFC 3501 6.4.4 disregards the zone; the day is the one that INTERNALDATE shows. */
static void days_are_those_of_this_servers_clocks(void **state)
{
    (void)state;
    static const char japan[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                                "\0\0\176\220\0\0JST";
    dates_zone_for_test(str_of(japan, sizeof japan));
    add("\nx\n", 0, 86400 + 15 * 3600 - 1);
    add("\nx\n", 0, 86400 + 15 * 3600);
    expect_selected("b SEARCH ON 2-Jan-1970\r\nc SEARCH SINCE 3-Jan-1970\r\n"
                    "d FETCH 2 INTERNALDATE\r\ne SEARCH SAVEDON 4-Jan-1970\r\n",
                    "* SEARCH 1\r\nb OK Searched.\r\n* SEARCH 2\r\nc OK Searched.\r\n"
                    "* 2 FETCH (INTERNALDATE \" 3-Jan-1970 00:00:00 +0900\")\r\nd OK Fetched.\r\n"
                    "* SEARCH 2\r\ne OK Searched.\r\n");
    dates_zone_for_test(S(""));
}

static void messages_are_found_by_what_they_are(void **state)
{
    (void)state;
    add("Subject: a\n\nx\n", 0, 0);
    add("Subject: b\n\nx\n", 0, 0);
    struct digest_id id = store_emailid(S("Subject: b\n\nx\n"));
    auto_buf struct buf b;
    buf_init(&b, 1024);
    buf_add(&b, S("a SELECT INBOX\r\nb SEARCH EMAILID "));
    digest_id_write(&b, &id);
    buf_add(&b, S("\r\nc SEARCH NOT EMAILID x THREADID y\r\nd SEARCH EMAILID a.b\r\n"
                  "e SEARCH SAVEDATESUPPORTED\r\n"));
    assert_string_equal(selected(buf_str(&b)),
                        "* SEARCH 2\r\nb OK Searched.\r\n* SEARCH\r\nc OK Searched.\r\n"
                        "d BAD bad object identifier.\r\n* SEARCH 1 2\r\ne OK Searched.\r\n");
}

#define WITH_CLOCK(test) cmocka_unit_test_setup_teardown(test, still_clock, running_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(results_come_as_the_client_wants_them),
        WITH_MAIL(a_page_of_results_is_told_with_its_range),
        WITH_MAIL(a_saved_result_stands_for_its_messages),
        WITH_CLOCK(age_counts_from_now),
        WITH_MAIL(cheap_keys_are_asked_first),
        WITH_MAIL(sets_of_any_shape_are_searched),
        WITH_MAIL(messages_come_in_the_order_asked_for),
        WITH_MAIL(a_sort_can_return_what_a_search_can),
        WITH_MAIL(threads_are_made_from_headers),
        WITH_MAIL(a_search_is_kept_up_to_date),
        WITH_MAIL(what_cannot_be_kept_up_to_date_is_said),
        WITH_MAIL(days_are_those_of_this_servers_clocks),
        WITH_MAIL(messages_are_found_by_what_they_are),
        WITH_MAIL(newer_protocols_change_search),
        WITH_MAIL(message_numbers_can_be_switched_off),
    };
    return RUN_TALKS(tests);
}
