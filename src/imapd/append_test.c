/* SPDX-License-Identifier: ISC */
/* What brings messages in: APPEND in all its forms, REPLACE. */
#include "imapd/talk.h"

static void several_messages_are_appended_together_or_not_at_all(void **state)
{
    (void)state;
    expect("a APPEND INBOX {1+}\r\nx (\\Seen) {2+}\r\nyy {3}\r\nzzz\r\n"
           "b APPEND INBOX {1+}\r\nx {0+}\r\n\r\nc APPEND INBOX {1+}\r\nx (\\Nonsense) {15+}\r\n"
           "d LOGOUT\r\nabcde {3+}\r\nxyz\r\ne NOOP\r\n",
           "+ Ready for the message.\r\na OK [APPENDUID 1000 1:3] Appended.\r\n"
           "b NO A message cannot be empty.\r\nc BAD no such system flag.\r\ne OK Done.\r\n");
    assert_int_equal(inbox()->n, 3);
    assert_int_equal(inbox()->at[1].row.flags, STORE_SEEN);
}

static void catenate_joins_what_is_sent_and_what_is_there(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    expect(
        "a APPEND INBOX (\\Draft) CATENATE (URL \"/INBOX;UIDVALIDITY=1000/;UID=1/;SECTION=HEADER\" "
        "TEXT {6+}\r\nmore\r\n URL {34+}\r\n/INBOX/;UID=1/;SECTION=TEXT/;PARTI)\r\n"
        "b APPEND INBOX CATENATE (TEXT {1+}\r\nx URL /INBOX/;UID=1/;PARTIAL=0.5)\r\n"
        "c APPEND INBOX CATENATE (URL /INBOX/;UID=9 TEXT {8+}\r\nd NOOP\r\n)\r\n"
        "e APPEND INBOX CATENATE ()\r\n"
        "f APPEND INBOX CATENATE (URL \"/INBOX/;UID=1/;SECTION=HEADER.FIELDS%20(To)\")\r\n",
        "a NO [BADURL \"/INBOX/;UID=1/;SECTION=TEXT/;PARTI\"] A URL names nothing that is here.\r\n"
        "b OK [APPENDUID 1000 2] Appended.\r\n"
        "c NO [BADURL \"/INBOX/;UID=9\"] A URL names nothing that is here.\r\n"
        "e BAD TEXT or URL is expected.\r\nf OK [APPENDUID 1000 3] Appended.\r\n");
    assert_int_equal(inbox()->n, 3);
    assert_memory_equal(inbox()->at[1].text, "xFrom:", 6);
    assert_memory_equal(inbox()->at[2].text, "To: taro@example.test\n\n", 23);
}

static void binary_parts_are_kept_as_base64(void **state)
{
    (void)state;
    converse(S("a APPEND INBOX ~{40+}\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b\r\n"));
    assert_int_equal(inbox()->n, 1);
    assert_memory_equal(inbox()->at[0].text, "Content-Transfer-Encoding: base64\n\nYQBi\n", 40);
}

static void replace_puts_a_message_in_the_place_of_another(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    expect_selected(
        "b REPLACE 1 INBOX (\\Seen) {3+}\r\nnew\r\nc UID REPLACE 7 INBOX {3+}\r\nabc\r\n",
        "* OK [APPENDUID 1000 2] The new message is there.\r\n"
        "* 1 EXPUNGE\r\n* 1 EXISTS\r\n* 1 RECENT\r\nb OK Replaced.\r\n"
        "c NO There is no such message.\r\n");
}

static void replace_without_a_mailbox_reads_past_its_message(void **state)
{
    (void)state;
    expect("a REPLACE 1 INBOX {10+}\r\nb LOGOUT\r\n\r\nc NOOP\r\n",
           "a BAD No mailbox is selected.\r\nc OK Done.\r\n");
}

static void binary_undoes_the_encoding_of_a_part(void **state)
{
    (void)state;
    fake_add(inbox(),
             S("Content-Type: multipart/mixed; boundary=q\n\n--q\nContent-Transfer-Encoding: "
               "base64\n\nYf9i\n--q\nContent-Transfer-Encoding: quoted-printable\n\nx=3Dy\nz=\n\n"
               "--q\nContent-Transfer-Encoding: x-own\n\nabc\n--q--\n"),
             STORE_SEEN, 0);
    expect_selected("b FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1] BINARY[2] BINARY[2]<1.3>)\r\n"
                    "c FETCH 1 BINARY[3]\r\nd FETCH 1 BINARY.SIZE[9]\r\n",
                    "* 1 FETCH (BINARY[1] {3}\r\na\xff"
                    "b BINARY.SIZE[1] 3 BINARY[2] {6}\r\nx=y\r\nz BINARY[2]<1> {3}\r\n=y\r)\r\n"
                    "b OK Fetched.\r\n* 1 FETCH (BINARY[3] NIL)\r\n"
                    "c NO [UNKNOWN-CTE] A part is encoded in a way that is not known here.\r\n"
                    "* 1 FETCH (BINARY.SIZE[9] 0)\r\nd OK Fetched.\r\n");
}

static void octets_with_nul_come_as_literal8(void **state)
{
    (void)state;
    fake_add(inbox(), S("Content-Transfer-Encoding: base64\n\nYQBi\n"), STORE_SEEN, 0);
    assert_non_null(strstr(selected(S("a SELECT INBOX\r\nb FETCH 1 BINARY[1]\r\n")),
                           "* 1 FETCH (BINARY[1] ~{3}\r\na"));
}

static void previews_are_the_first_words(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), STORE_SEEN, 0);
    expect_selected("b FETCH 1 (PREVIEW (LAZY) UID)\r\n",
                    "* 1 FETCH (UID 1 PREVIEW \"Hello World\")\r\nb OK Fetched.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(several_messages_are_appended_together_or_not_at_all),
        WITH_MAIL(catenate_joins_what_is_sent_and_what_is_there),
        WITH_MAIL(binary_parts_are_kept_as_base64),
        WITH_MAIL(replace_puts_a_message_in_the_place_of_another),
        WITH_MAIL(binary_undoes_the_encoding_of_a_part),
        WITH_MAIL(octets_with_nul_come_as_literal8),
        WITH_MAIL(previews_are_the_first_words),
        WITH_MAIL(replace_without_a_mailbox_reads_past_its_message),
    };
    return RUN_TALKS(tests);
}
