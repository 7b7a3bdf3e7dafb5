/* SPDX-License-Identifier: ISC */
/* Mailbox names, LIST and what IMAP4rev2 changes. */
#include "imapd/talk.h"

static void names_are_utf8_once_it_is_enabled(void **state)
{
    (void)state;
    fake_add_folder(mail, S("&ZeVnLIqe-"))->exists = true;
    expect("a SELECT \"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\"\r\nb ENABLE UTF8=ACCEPT\r\n"
           "c LIST \"\" *\r\nd STATUS \"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\" (MESSAGES)\r\n"
           "e CREATE \"\xe6\x97\"\r\nf CREATE \"\xe6\x97\xa5.A&B\"\r\ng LIST \"\" "
           "\"\xe6\x97\xa5.%\"\r\n",
           "a NO [NONEXISTENT] No such folder.\r\n* ENABLED UTF8=ACCEPT\r\nb OK Enabled.\r\n"
           "* LIST (\\HasNoChildren) \".\" INBOX\r\n"
           "* LIST (\\HasNoChildren) \".\" \"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\"\r\nc OK "
           "Listed.\r\n"
           "* STATUS \"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\" (MESSAGES 0)\r\nd OK Done.\r\n"
           "e BAD the mailbox name is not UTF-8.\r\nf OK Created.\r\n"
           "* LIST (\\HasNoChildren) \".\" \"\xe6\x97\xa5.A&B\"\r\ng OK Listed.\r\n");
    assert_non_null(fake_find(mail, S("&ZeU-.A&-B")));
}

static void rev2_says_no_more_of_recent(void **state)
{
    (void)state;
    fake_add(inbox(), S(HELLO), 0, 0);
    expect("a ENABLE IMAP4rev2\r\nb SELECT INBOX\r\nc FETCH 1 FLAGS\r\nd EXAMINE INBOX\r\n",
           "* ENABLED IMAP4rev2\r\na OK Enabled.\r\n"
           "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
           "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] These flags "
           "are kept.\r\n* 1 EXISTS\r\n"
           "* OK [UIDVALIDITY 1000] UIDs are valid.\r\n* LIST () \".\" INBOX\r\n"
           "* OK [UIDNEXT 2] The next UID.\r\nb OK [READ-WRITE] Selected.\r\n"
           "* 1 FETCH (FLAGS ())\r\nc OK Fetched.\r\n"
           "* OK [CLOSED] The previous mailbox is closed.\r\n"
           "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
           "* OK [PERMANENTFLAGS ()] These flags are kept.\r\n* 1 EXISTS\r\n"
           "* OK [UIDVALIDITY 1000] UIDs are valid.\r\n* LIST () \".\" INBOX\r\n"
           "* OK [UIDNEXT 2] The next UID.\r\nd OK [READ-ONLY] Examined.\r\n");
}

static void list_extended_selects_and_tells_more(void **state)
{
    (void)state;
    fake_add_folder(mail, S("a"))->exists = true;
    fake_add_folder(mail, S("a.b"))->subscribed = true;
    fake_add_folder(mail, S("Sent"))->exists = true;
    fake_find(mail, S("Sent"))->uses = STORE_USE_SENT;
    fake_add_folder(mail, S("x.y"))->subscribed = true;
    expect("a LIST (SUBSCRIBED) \"\" *\r\nb LIST (RECURSIVEMATCH SUBSCRIBED) \"\" %\r\n"
           "c LIST \"\" (a Sent) RETURN (STATUS (MESSAGES SIZE))\r\nd LIST (SPECIAL-USE) \"\" *\r\n"
           "e LIST (SUBSCRIBED) \"\" a RETURN (SUBSCRIBED)\r\n",
           "* LIST (\\NonExistent \\Subscribed) \".\" a.b\r\n"
           "* LIST (\\NonExistent \\Subscribed) \".\" x.y\r\na OK Listed.\r\n"
           "* LIST (\\HasNoChildren) \".\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
           "* LIST (\\NonExistent) \".\" x (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\nb OK Listed.\r\n"
           "* LIST (\\HasNoChildren) \".\" a\r\n* STATUS a (MESSAGES 0 SIZE 0)\r\n"
           "* LIST (\\HasNoChildren \\Sent) \".\" Sent\r\n* STATUS Sent (MESSAGES 0 SIZE 0)\r\n"
           "c OK Listed.\r\n* LIST (\\HasNoChildren \\Sent) \".\" Sent\r\nd OK Listed.\r\n"
           "e OK Listed.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(names_are_utf8_once_it_is_enabled),
        WITH_MAIL(rev2_says_no_more_of_recent),
        WITH_MAIL(list_extended_selects_and_tells_more),
    };
    return RUN_TALKS(tests);
}
