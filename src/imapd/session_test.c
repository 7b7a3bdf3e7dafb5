/* SPDX-License-Identifier: ISC */
/* Whole conversations with a session over a socket pair: what goes in, what must come out. */
#include "imapd/talk.h"

static void select_tells_what_a_client_must_know(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), STORE_SEEN, 0);
    fake_add(inbox(), S(HELLO), 0, 0);
    expect("a SELECT inbox\r\n",
           "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
           "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] These flags "
           "are kept.\r\n"
           "* 2 EXISTS\r\n* 2 RECENT\r\n"
           "* OK [UNSEEN 2] The first unseen message.\r\n"
           "* OK [UIDVALIDITY 1000] UIDs are valid.\r\n"
           "* OK [UIDNEXT 3] The next UID.\r\n"
           "* OK [HIGHESTMODSEQ 3] The highest.\r\n"
           "a OK [READ-WRITE] Selected.\r\n");
}

static void examine_changes_nothing(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    const char *out = converse(S("a EXAMINE INBOX\r\nb FETCH 1 BODY[TEXT]\r\n"
                                 "c STORE 1 +FLAGS (\\Seen)\r\nd EXPUNGE\r\n"));
    assert_non_null(strstr(out, "* OK [PERMANENTFLAGS ()]"));
    assert_non_null(strstr(out, "a OK [READ-ONLY] Examined.\r\n"
                                "* 1 FETCH (BODY[TEXT] {14}\r\nHello\r\nWorld\r\n)\r\n"
                                "b OK Fetched.\r\n"
                                "c NO [READ-ONLY] The mailbox is read-only.\r\n"
                                "d NO [READ-ONLY] The mailbox is read-only.\r\n"));
    assert_int_equal(inbox()->at[0].row.flags, 0);
}

static void a_failed_select_leaves_no_mailbox(void **state)
{
    (void)state;
    const char *out = converse(S("a SELECT INBOX\r\nb SELECT nowhere\r\nc CHECK\r\n"));
    assert_non_null(strstr(out, "b NO [NONEXISTENT] No such folder.\r\n"
                                "c BAD No mailbox is selected.\r\n"));
}

static void fetch_from_the_table_opens_no_message(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), STORE_FLAGGED, 86400);
    expect_selected("b FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)\r\nc UID FETCH 1:* FLAGS\r\n",
                    "* 1 FETCH (FLAGS (\\Flagged \\Recent) INTERNALDATE \" 2-Jan-1970 00:00:00 "
                    "+0000\" RFC822.SIZE 82)\r\n"
                    "b OK Fetched.\r\n"
                    "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))\r\n"
                    "c OK Fetched.\r\n");
    assert_int_equal(opened, 0);
}

static void fetching_a_body_makes_it_seen(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    expect_selected("b FETCH 1 BODY.PEEK[HEADER.FIELDS (subject)]\r\nc FETCH 1 BODY[1]<6.100>\r\n"
                    "d FETCH 1 RFC822.TEXT\r\n",
                    "* 1 FETCH (BODY[HEADER.FIELDS (subject)] {15}\r\nSubject: Hi\r\n\r\n)\r\n"
                    "b OK Fetched.\r\n"
                    "* 1 FETCH (FLAGS (\\Seen \\Recent) BODY[1]<6> {8}\r\n\nWorld\r\n)\r\n"
                    "c OK Fetched.\r\n"
                    "* 1 FETCH (RFC822.TEXT {14}\r\nHello\r\nWorld\r\n)\r\n"
                    "d OK Fetched.\r\n");
    assert_int_equal(inbox()->at[0].row.flags, STORE_SEEN);
}

static void partial_fetches_add_up_to_the_whole(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), STORE_SEEN, 0);
    expect_selected(
        "b FETCH 1 BODY[]<0.1>\r\nc FETCH 1 BODY[]<28.4>\r\nd FETCH 1 BODY[]<2.3>\r\n"
        "e FETCH 1 BODY[]<78.100>\r\nf FETCH 1 BODY[]<82.1>\r\ng FETCH 1 BODY[]<4294967295.1>\r\n",
        "* 1 FETCH (BODY[]<0> {1}\r\nF)\r\nb OK Fetched.\r\n"
        "* 1 FETCH (BODY[]<28> {4}\r\n\r\nTo)\r\nc OK Fetched.\r\n"
        "* 1 FETCH (BODY[]<2> {3}\r\nom:)\r\nd OK Fetched.\r\n"
        "* 1 FETCH (BODY[]<78> {4}\r\nld\r\n)\r\ne OK Fetched.\r\n"
        "* 1 FETCH (BODY[]<82> \"\")\r\nf OK Fetched.\r\n"
        "* 1 FETCH (BODY[]<4294967295> \"\")\r\ng OK Fetched.\r\n");
}

static void envelope_and_structure_of_a_plain_message(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), STORE_SEEN, 0);
    expect_selected(
        "b FETCH 1 (ENVELOPE BODY)\r\n",
        "* 1 FETCH (ENVELOPE (NIL \"Hi\" ((\"Ann\" NIL \"ann\" \"example.test\")) ((\"Ann\" NIL "
        "\"ann\" \"example.test\")) ((\"Ann\" NIL \"ann\" \"example.test\")) ((NIL NIL \"taro\" "
        "\"example.test\")) NIL NIL NIL NIL) BODY (\"text\" \"plain\" (\"charset\" \"us-ascii\") "
        "NIL NIL \"7bit\" 14 2))\r\nb OK Fetched.\r\n");
}

#define NESTED                                                                                     \
    "Subject: a \"quote\"\nMIME-Version: 1.0\n"                                                    \
    "Content-Type: multipart/mixed; boundary=\"x\"\n\npreamble\n"                                  \
    "--x\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\nPGI+\n"     \
    "--x\nContent-Type: message/rfc822\n\nSubject: inner\n\nbody\n"                                \
    "--x--\nepilogue\n"

static void nested_parts_are_reached_by_number(void **state)
{
    (void)state;
    fake_add(inbox(), S(NESTED), STORE_SEEN, 0);
    expect_selected("b FETCH 1 (BODY[1] BODY[1.MIME] BODY[2.HEADER] BODY[2.1] BODY[2.TEXT] "
                    "BODY[3] BODY[1.HEADER])\r\n",
                    "* 1 FETCH (BODY[1] {4}\r\nPGI+ "
                    "BODY[1.MIME] {77}\r\nContent-Type: text/html; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n "
                    "BODY[2.HEADER] {18}\r\nSubject: inner\r\n\r\n "
                    "BODY[2.1] {4}\r\nbody BODY[2.TEXT] {4}\r\nbody BODY[3] NIL BODY[1.HEADER] "
                    "NIL)\r\nb OK Fetched.\r\n");
    expect_selected(
        "b FETCH 1 BODYSTRUCTURE\r\n",
        "* 1 FETCH (BODYSTRUCTURE ((\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"base64\" 4 "
        "0 NIL NIL NIL NIL)(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 22 (NIL \"inner\" NIL NIL "
        "NIL NIL NIL NIL NIL NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" "
        "4 0 NIL NIL NIL NIL) 2 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL "
        "NIL))\r\nb OK Fetched.\r\n");
}

static void eight_bit_and_quotes_in_headers_are_literals_and_escapes(void **state)
{
    (void)state;
    fake_add(inbox(), S("Subject: caf\xc3\xa9\nFrom: \"a \\\"b\\\"\" <x>\n\n"), STORE_SEEN, 0);
    expect_selected(
        "b FETCH 1 ENVELOPE\r\n",
        "* 1 FETCH (ENVELOPE (NIL {5}\r\ncaf\xc3\xa9 ((\"a \\\"b\\\"\" NIL \"x\" "
        "\"MISSING_DOMAIN\")) ((\"a \\\"b\\\"\" NIL \"x\" \"MISSING_DOMAIN\")) ((\"a \\\"b\\\"\" "
        "NIL \"x\" \"MISSING_DOMAIN\")) NIL NIL NIL NIL NIL))\r\nb OK Fetched.\r\n");
}

static void messages_without_header_or_body_are_served(void **state)
{
    (void)state;
    fake_add(inbox(), S("\nonly a body\n"), STORE_SEEN, 0);
    fake_add(inbox(), S("Subject: only a header\n"), STORE_SEEN, 0);
    expect_selected("b FETCH 1:2 (BODY[HEADER] BODY[TEXT])\r\n",
                    "* 1 FETCH (BODY[HEADER] {2}\r\n\r\n BODY[TEXT] {13}\r\nonly a body\r\n)\r\n"
                    "* 2 FETCH (BODY[HEADER] {24}\r\nSubject: only a header\r\n BODY[TEXT] "
                    "\"\")\r\nb OK Fetched.\r\n");
}

static void numbers_that_are_not_there_are_bad(void **state)
{
    (void)state;
    expect_selected("b FETCH 1 FLAGS\r\nc FETCH * FLAGS\r\nd UID FETCH 1:* FLAGS\r\n"
                    "e SEARCH 1\r\nf UID SEARCH UID 1:*\r\n",
                    "b BAD no such message.\r\nc BAD no such message.\r\nd OK Fetched.\r\n"
                    "e BAD no such message.\r\n* SEARCH\r\nf OK Searched.\r\n");
}

static void store_answers_with_the_new_flags_unless_silent(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    fake_add(inbox(), S(HELLO), STORE_SEEN, 0);
    expect_selected(
        "b STORE 1:2 +FLAGS (\\Seen)\r\nc UID STORE 2 FLAGS.SILENT (\\Deleted)\r\n"
        "d STORE 2 -FLAGS \\Deleted\r\ne STORE 1 FLAGS (work)\r\n",
        "* 1 FETCH (FLAGS (\\Seen \\Recent))\r\n* 2 FETCH (FLAGS (\\Seen \\Recent))\r\n"
        "b OK Stored.\r\nc OK Stored.\r\n* 2 FETCH (FLAGS (\\Recent))\r\nd OK Stored.\r\n"
        "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work)\r\n"
        "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work \\*)] These "
        "flags are kept.\r\n"
        "* 1 FETCH (FLAGS (\\Recent work))\r\ne OK Stored.\r\n");
}

static void silence_holds_when_the_keeper_tells_all_again(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        fake_add(inbox(), S(HELLO), 0, 0);
    mail->tells_all = true;
    expect_selected("b STORE 1,3:4 +FLAGS.SILENT (\\Seen work)\r\nc STORE 3 FLAGS.SILENT ()\r\n",
                    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work)\r\n"
                    "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft work "
                    "\\*)] These flags are kept.\r\nb OK Stored.\r\nc OK Stored.\r\n");
}

static void expunge_counts_down(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        fake_add(inbox(), S(HELLO), i == 1 ? 0 : STORE_DELETED, 0);
    expect_selected("b UID EXPUNGE 4\r\nc EXPUNGE\r\nd FETCH 1:* UID\r\n",
                    "* 4 EXPUNGE\r\nb OK Expunged.\r\n* 3 EXPUNGE\r\n* 1 EXPUNGE\r\nc OK "
                    "Expunged.\r\n* 1 FETCH (UID 2)\r\nd OK Fetched.\r\n");
}

static void close_removes_silently_and_unselect_does_not(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), STORE_DELETED, 0);
    expect_selected("b UNSELECT\r\n", "b OK No mailbox is selected now.\r\n");
    assert_int_equal(inbox()->n, 1);
    expect_selected("b CLOSE\r\nc FETCH 1 UID\r\n", "b OK No mailbox is selected now.\r\n"
                                                    "c BAD No mailbox is selected.\r\n");
    assert_int_equal(inbox()->n, 0);
}

static void copy_and_move_tell_the_new_uids(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        fake_add(inbox(), S(HELLO), 0, 0);
    expect_selected("b COPY 1 Trash\r\nc CREATE Trash\r\nd COPY 1,3 Trash\r\n"
                    "e UID MOVE 2:3 Trash\r\nf UID COPY 99 Trash\r\n",
                    "b NO [TRYCREATE] No such folder.\r\nc OK Created.\r\n"
                    "d OK [COPYUID 1001 1,3 1:2] Copied.\r\n"
                    "* OK [COPYUID 1001 2:3 3:4] Moved.\r\n* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n"
                    "e OK Moved.\r\nf OK No message has such a UID.\r\n");
}

static void append_stores_with_lf_line_ends(void **state)
{
    (void)state;
    expect("a APPEND INBOX (\\Seen Kw) \" 2-Jan-1970 00:00:00 +0000\" {14}\r\n"
           "A: b\r\n\r\nx\r\rz\n\r\r\n"
           "b APPEND nowhere {1+}\r\nx\r\nc APPEND INBOX {0}\r\nd NOOP\r\n",
           "+ Ready for the message.\r\na OK [APPENDUID 1000 1] Appended.\r\n"
           "b NO [TRYCREATE] No such folder.\r\nc NO A message cannot be empty.\r\nd OK Done.\r\n");
    const struct fake_message *m = &inbox()->at[0];
    assert_true(str_eq(str_of(m->text, m->n), S("A: b\n\nx\r\rz\n\r")));
    assert_int_equal(m->row.flags, STORE_SEEN | STORE_KEYWORD(0));
    assert_int_equal(m->row.date, 86400);
}

static void append_of_a_large_message_goes_through_a_spool(void **state)
{
    (void)state;
    enum { LINES = 10000 };
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    buf_addf(&b, "a APPEND INBOX {%d+}\r\n", LINES * 12);
    for (int i = 0; i < LINES; i++)
        buf_add(&b, S("0123456789\r\n"));
    buf_add(&b, S("\r\n"));
    assert_string_equal(converse(buf_str(&b)), "a OK [APPENDUID 1000 1] Appended.\r\n");
    assert_int_equal(inbox()->at[0].n, LINES * 11);
}

static void append_in_a_selected_mailbox_shows_at_once(void **state)
{
    (void)state;
    expect_selected("b APPEND INBOX {1+}\r\nx\r\n",
                    "* 1 EXISTS\r\n* 1 RECENT\r\nb OK [APPENDUID 1000 1] Appended.\r\n");
}

static void refused_literals_are_not_taken_for_commands(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    buf_addf(&b, "a CREATE {%d+}\r\n", IMAP_LITERAL_MAX + 1);
    for (int i = 0; i < IMAP_LITERAL_MAX + 1; i++)
        buf_addc(&b, i % 16 ? 'x' : '\n');
    buf_add(&b, S("\r\nb CREATE {100000}\r\nc NOOP\r\n"));
    assert_string_equal(converse(buf_str(&b)), "a BAD The literal is too large.\r\n"
                                               "b BAD The literal is too large.\r\n"
                                               "c OK Done.\r\n");
}

static void long_lines_are_refused_with_their_tag(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 20);
    buf_add(&b, S("a1 CREATE "));
    for (int i = 0; i < IMAP_LINE_MAX; i++)
        buf_addc(&b, 'x');
    buf_add(&b, S("\r\nb NOOP\r\n"));
    assert_string_equal(converse(buf_str(&b)), "a1 BAD The line is too long.\r\nb OK Done.\r\n");
}

static void folders_are_listed_by_pattern(void **state)
{
    (void)state;
    expect("a CREATE Work.2026.\r\nb CREATE &ZeVnLIqe-\r\nc LIST \"\" *\r\nd LIST \"\" %\r\n"
           "e LIST Work. %\r\nf LIST \"\" \"\"\r\ng CREATE &bad\r\nh CREATE INBOX\r\n",
           "a OK Created.\r\nb OK Created.\r\n"
           "* LIST (\\HasNoChildren) \".\" INBOX\r\n"
           "* LIST (\\HasNoChildren) \".\" Work.2026\r\n"
           "* LIST (\\HasNoChildren) \".\" &ZeVnLIqe-\r\nc OK Listed.\r\n"
           "* LIST (\\HasNoChildren) \".\" INBOX\r\n"
           "* LIST (\\HasNoChildren) \".\" &ZeVnLIqe-\r\nd OK Listed.\r\n"
           "* LIST (\\HasNoChildren) \".\" Work.2026\r\ne OK Listed.\r\n"
           "* LIST (\\Noselect) \".\" \"\"\r\nf OK Listed.\r\n"
           "g NO [CANNOT] A mailbox cannot have that name.\r\n"
           "h NO [ALREADYEXISTS] The folder exists already.\r\n");
}

static void the_selected_mailbox_may_be_deleted_or_renamed(void **state)
{
    (void)state;
    const char *out = converse(S("a CREATE x\r\nb SELECT x\r\nc RENAME x y\r\nd NOOP\r\n"
                                 "e DELETE y\r\nf CHECK\r\n"));
    assert_non_null(strstr(out, "c OK Renamed.\r\nd OK Done.\r\n"
                                "e OK Deleted, and no mailbox is selected now.\r\n"
                                "f BAD No mailbox is selected.\r\n"));
}

static void lsub_shows_parents_of_subscribed_folders(void **state)
{
    (void)state;
    expect("a SUBSCRIBE Work.2026\r\nb LSUB \"\" *\r\nc LSUB \"\" %\r\nd UNSUBSCRIBE Work.2026\r\n"
           "e LSUB \"\" *\r\n",
           "a OK Done.\r\n* LSUB () \".\" Work.2026\r\nb OK Listed.\r\n"
           "* LSUB (\\Noselect) \".\" Work\r\nc OK Listed.\r\nd OK Done.\r\ne OK Listed.\r\n");
}

static void status_answers_what_was_asked(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    expect("a STATUS INBOX (UNSEEN MESSAGES UIDNEXT)\r\nb STATUS nowhere (MESSAGES)\r\n",
           "* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UNSEEN 1)\r\na OK Done.\r\n"
           "b NO [NONEXISTENT] No such folder.\r\n");
}

static void searches_find_what_a_reader_sees(void **state)
{
    (void)state;
    fake_add(inbox(),
             S("Subject: =?iso-8859-1?q?Caf=E9?=\nDate: Wed, 4 Nov 2026 01:00:00 +0900\n"
               "Content-Type: text/plain; charset=utf-8\n"
               "Content-Transfer-Encoding: base64\n\nR3LDnMOfZQ==\n"),
             STORE_SEEN, 86400);
    fake_add(inbox(), S(HELLO), STORE_FLAGGED, 3 * 86400);
    fake_add(inbox(), S(NESTED), 0, 5 * 86400);
    expect_selected("b SEARCH CHARSET UTF-8 SUBJECT {5}\r\nCAF\xc3\x89\r\n"
                    "c SEARCH CHARSET ISO-8859-1 SUBJECT {4}\r\ncaf\xe9\r\n"
                    "d SEARCH BODY \"gr\xc3\xbc\"\r\ne SEARCH TEXT inner\r\nf SEARCH BODY <b>\r\n"
                    "g SEARCH OR FLAGGED SEEN\r\nh SEARCH NOT (OR FLAGGED SEEN)\r\n"
                    "i SEARCH SINCE 2-Jan-1970 BEFORE 4-Jan-1970\r\nj SEARCH SENTON 4-Nov-2026\r\n"
                    "k SEARCH CHARSET x-none ALL\r\nl UID SEARCH FROM ann LARGER 10\r\n"
                    "m SEARCH HEADER Subject \"\"\r\nn SEARCH UNKEYWORD x 2:3\r\n"
                    "o SEARCH BODY inner\r\n",
                    "+ Ready for the literal.\r\n* SEARCH 1\r\nb OK Searched.\r\n"
                    "+ Ready for the literal.\r\n* SEARCH 1\r\nc OK Searched.\r\n"
                    "* SEARCH 1\r\nd OK Searched.\r\n* SEARCH 3\r\ne OK Searched.\r\n"
                    "* SEARCH\r\nf OK Searched.\r\n* SEARCH 1 2\r\ng OK Searched.\r\n"
                    "* SEARCH 3\r\nh OK Searched.\r\n* SEARCH 1\r\ni OK Searched.\r\n"
                    "* SEARCH 1\r\nj OK Searched.\r\n"
                    "k NO [BADCHARSET (UTF-8 US-ASCII ISO-8859-1 ISO-2022-JP EUC-JP SHIFT_JIS)] "
                    "That charset is not known here.\r\n"
                    "* SEARCH 2\r\nl OK Searched.\r\n* SEARCH 1 2 3\r\nm OK Searched.\r\n"
                    "* SEARCH 2 3\r\nn OK Searched.\r\n* SEARCH 3\r\no OK Searched.\r\n");
}

static void searches_of_flags_open_no_message(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    expect_selected("b SEARCH UNSEEN NOT DELETED\r\nc SEARCH SEEN BODY hello\r\n",
                    "* SEARCH 1\r\nb OK Searched.\r\n* SEARCH\r\nc OK Searched.\r\n");
    assert_int_equal(opened, 0);
}

static void idle_ends_with_done(void **state)
{
    (void)state;
    expect_selected("b IDLE\r\nDONE\r\nc IDLE\r\nc NOOP\r\n",
                    "+ idling\r\nb OK Idle is over.\r\n+ idling\r\nc BAD DONE is expected.\r\n");
}

static void commands_out_of_phase_or_unknown_are_bad(void **state)
{
    (void)state;
    expect("a LOGIN x y\r\nb NONSENSE\r\nc\r\nd UID NOOP\r\n* NOOP\r\ne NOOP x\r\nf ID NIL\r\n"
           "g NAMESPACE\r\nh CAPABILITY x\r\n",
           "a BAD You are logged in.\r\nb BAD Unknown command.\r\n"
           "* BAD a tag and a command are expected.\r\nd BAD Unknown command.\r\n"
           "* BAD a tag and a command are expected.\r\ne BAD too many arguments.\r\n"
           "* ID (\"name\" \"twinpost\")\r\nf OK Pleased to meet you.\r\n"
           "* NAMESPACE ((\"\" \".\")) NIL NIL\r\ng OK Your own mail is all there is.\r\n"
           "h BAD too many arguments.\r\n");
}

static void too_many_bad_commands_end_the_session(void **state)
{
    (void)state;
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < SESSION_BAD_MAX + 5; i++)
        buf_add(&b, S("a NONSENSE\r\n"));
    const char *out = converse(buf_str(&b));
    assert_non_null(strstr(out, "* BYE Too many bad commands.\r\n"));
}

static void passwords_do_not_cross_the_network_in_the_clear(void **state)
{
    (void)state;
    first_phase = PHASE_LOGIN; /* and the peer is neither local nor behind TLS */
    const char *out = converse(S("a CAPABILITY\r\nb LOGIN ann secret\r\n"
                                 "c AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=\r\nd SELECT INBOX\r\n"
                                 "e STARTTLS\r\n"));
    first_phase = PHASE_AUTHENTICATED;
    assert_non_null(strstr(out, " LOGINDISABLED\r\na OK"));
    assert_null(strstr(out, "AUTH=PLAIN"));
    assert_non_null(strstr(out,
                           "\r\nb NO [PRIVACYREQUIRED] A password must not travel in the clear: "
                           "use STARTTLS first, or AUTHENTICATE with SCRAM-SHA-256"));
    assert_non_null(strstr(out, "\r\nc NO [PRIVACYREQUIRED]"));
    assert_non_null(strstr(out, "\r\nd BAD Please log in first.\r\n"
                                "e NO [CANNOT] TLS is not to be had here.\r\n"));
}

static void logout_says_bye_first(void **state)
{
    (void)state;
    expect("a LOGOUT\r\nb NOOP\r\n", "* BYE Until next time.\r\na OK Logged out.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(select_tells_what_a_client_must_know),
        WITH_MAIL(examine_changes_nothing),
        WITH_MAIL(a_failed_select_leaves_no_mailbox),
        WITH_MAIL(fetch_from_the_table_opens_no_message),
        WITH_MAIL(fetching_a_body_makes_it_seen),
        WITH_MAIL(partial_fetches_add_up_to_the_whole),
        WITH_MAIL(envelope_and_structure_of_a_plain_message),
        WITH_MAIL(nested_parts_are_reached_by_number),
        WITH_MAIL(eight_bit_and_quotes_in_headers_are_literals_and_escapes),
        WITH_MAIL(messages_without_header_or_body_are_served),
        WITH_MAIL(numbers_that_are_not_there_are_bad),
        WITH_MAIL(store_answers_with_the_new_flags_unless_silent),
        WITH_MAIL(silence_holds_when_the_keeper_tells_all_again),
        WITH_MAIL(expunge_counts_down),
        WITH_MAIL(close_removes_silently_and_unselect_does_not),
        WITH_MAIL(copy_and_move_tell_the_new_uids),
        WITH_MAIL(append_stores_with_lf_line_ends),
        WITH_MAIL(append_of_a_large_message_goes_through_a_spool),
        WITH_MAIL(append_in_a_selected_mailbox_shows_at_once),
        WITH_MAIL(refused_literals_are_not_taken_for_commands),
        WITH_MAIL(long_lines_are_refused_with_their_tag),
        WITH_MAIL(folders_are_listed_by_pattern),
        WITH_MAIL(the_selected_mailbox_may_be_deleted_or_renamed),
        WITH_MAIL(lsub_shows_parents_of_subscribed_folders),
        WITH_MAIL(status_answers_what_was_asked),
        WITH_MAIL(searches_find_what_a_reader_sees),
        WITH_MAIL(searches_of_flags_open_no_message),
        WITH_MAIL(idle_ends_with_done),
        WITH_MAIL(commands_out_of_phase_or_unknown_are_bad),
        WITH_MAIL(too_many_bad_commands_end_the_session),
        WITH_MAIL(passwords_do_not_cross_the_network_in_the_clear),
        WITH_MAIL(logout_says_bye_first),
    };
    return RUN_TALKS(tests);
}
