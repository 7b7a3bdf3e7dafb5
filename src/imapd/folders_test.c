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
    const char *out = converse(
        S("a ENABLE IMAP4rev2\r\nb SELECT INBOX\r\nc FETCH 1 FLAGS\r\nd EXAMINE INBOX\r\n"));
    assert_non_null(strstr(out, "* ENABLED IMAP4rev2\r\n"));
    assert_null(strstr(out, "RECENT"));
    assert_null(strstr(out, "\\Recent"));
    assert_null(strstr(out, "[UNSEEN"));
    assert_non_null(strstr(out, "* LIST () \".\" INBOX\r\n"));
    assert_non_null(strstr(out, "* 1 FETCH (FLAGS ())\r\nc OK Fetched.\r\n"
                                "* OK [CLOSED] The previous mailbox is closed.\r\n"));
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

static void metadata_is_set_told_and_removed(void **state)
{
    (void)state;
    expect("a SETMETADATA INBOX (/shared/comment \"hello\" /private/x {2+}\r\nab)\r\n"
           "b GETMETADATA INBOX (/shared/comment /private/none)\r\n"
           "c GETMETADATA (DEPTH 1 MAXSIZE 3) INBOX (/shared /private)\r\n"
           "d SETMETADATA INBOX (/private/x NIL)\r\ne GETMETADATA INBOX /private/x\r\n"
           "f SETMETADATA INBOX (/other/x \"y\")\r\ng GETMETADATA nowhere /shared/x\r\n"
           "h SETMETADATA INBOX (/private/specialuse \"\\\\Sent\")\r\n",
           "a OK Stored.\r\n* METADATA INBOX (/shared/comment \"hello\" /private/none NIL)\r\nb OK "
           "Told.\r\n"
           "* METADATA INBOX (/private/x \"ab\")\r\nc OK [METADATA LONGENTRIES 5] Told.\r\n"
           "d OK Stored.\r\n* METADATA INBOX (/private/x NIL)\r\ne OK Told.\r\n"
           "f BAD not a name of an entry.\r\ng NO [NONEXISTENT] No such folder.\r\n"
           "h NO [USEATTR] The mailbox cannot be used for that.\r\n");
}

static void create_says_what_a_mailbox_is_for(void **state)
{
    (void)state;
    expect("a CREATE Mine (USE (\\Sent \\Drafts))\r\nb GETMETADATA Mine /private/specialuse\r\n"
           "c CREATE x (USE (\\All))\r\nd CREATE x (USE (\\Nonsense))\r\n"
           "e LIST \"\" Mine RETURN (METADATA (/private/specialuse))\r\n",
           "a OK Created.\r\n* METADATA Mine (/private/specialuse \"\\\\Drafts \\\\Sent\")\r\nb OK "
           "Told.\r\n"
           "c NO [USEATTR] No mailbox can be used for that.\r\n"
           "d NO [USEATTR] No mailbox can be used for that.\r\n"
           "* LIST (\\HasNoChildren) \".\" Mine\r\n"
           "* METADATA Mine (/private/specialuse \"\\\\Drafts \\\\Sent\")\r\ne OK Listed.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MAIL(names_are_utf8_once_it_is_enabled),
        WITH_MAIL(rev2_says_no_more_of_recent),
        WITH_MAIL(list_extended_selects_and_tells_more),
        WITH_MAIL(metadata_is_set_told_and_removed),
        WITH_MAIL(create_says_what_a_mailbox_is_for),
    };
    return RUN_TALKS(tests);
}
