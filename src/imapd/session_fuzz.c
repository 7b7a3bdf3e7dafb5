/* SPDX-License-Identifier: ISC */
/* A whole session on any octets, over a mailbox with ugly messages: it ends by itself, whatever
 * is said. */
#include "imapd/session.h"

#include "imapd/fake_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_mail(struct store *s)
{
    struct fake_folder *f = fake_find(s, S("INBOX"));
    fake_add(f, S("Subject: =?utf-8?q?x?=\nFrom: a@b, g: c@d;\n\nHello\n"), STORE_SEEN, 0);
    fake_add(f,
             S("Content-Type: multipart/mixed; boundary=x\n\n--x\n\npart\n--x\n"
               "Content-Type: message/rfc822\n\nSubject: in\n\nbody\n--x--\n"),
             0, 86400);
    fake_add(f, S(""), STORE_DELETED, 1);
    fake_add(f,
             S("Subject: Re: [x] =?utf-8?q?x?=\nMessage-ID: <b@c>\nReferences: <a@b> <b@c> <a@b>\n"
               "Date: Wed, 4 Nov 2026 01:00:00 +0900\nTo: =?utf-8?q?\xc3?= <d@e>\n\nx\n"),
             STORE_FLAGGED, 5);
    fake_add(f, S("In-Reply-To: <b@c>\nSubject: x (fwd)\nDate: never\n\n"), 0, 4000000000);
    fake_remove(f, 1);
}

/* The first octet says from where the conversation goes on: few random texts would get there. */
static const char *const beginnings[] = {
    "",
    "a SELECT INBOX\r\n",
    "a ENABLE QRESYNC\r\nb SELECT INBOX\r\n",
    "a ENABLE QRESYNC\r\nb SELECT INBOX (QRESYNC (1000 1",
    "a ENABLE IMAP4rev2 CONDSTORE\r\nb SELECT INBOX\r\n",
    "a ENABLE UIDONLY\r\nb SELECT INBOX\r\n",
    "a SELECT INBOX\r\nb SEARCH RETURN (SAVE UPDATE ALL) OR TEXT x SEEN\r\n",
    "a SELECT INBOX\r\nb UID SEARCH RETURN (",
    "a SELECT INBOX\r\nb SORT (SUBJECT REVERSE DATE) UTF-8 ",
    "a SELECT INBOX\r\nb THREAD REFERENCES UTF-8 ",
    "a SELECT INBOX\r\nb UID FETCH 1:* (FLAGS) (",
    "a SELECT INBOX\r\nb STORE 1:* (UNCHANGEDSINCE ",
    "a SETACL INBOX ",
    "a SETACL INBOX fred lrs\r\nb GETACL INBOX\r\nc LISTRIGHTS INBOX ",
    "a LIST (SUBSCRIBED) \"\" (* %) RETURN (MYRIGHTS ",
    "a LIST (SPECIAL-USE RECURSIVEMATCH) \"\" (INBOX \"*\") RETURN (STATUS (",
    "a LIST \"\" \"*\" RETURN (SUBSCRIBED METADATA (",
    "a STATUS INBOX (",
    "a GETMETADATA (DEPTH infinity MAXSIZE ",
    "a SETMETADATA INBOX (/private/comment ",
    "a CREATE new (USE (",
    "a APPEND INBOX (\\Seen) {3+}\r\nx\r\n {5+}\r\n",
    "a APPEND INBOX CATENATE (URL ",
    "a APPEND INBOX CATENATE (TEXT {2+}\r\nx\n",
    "a SELECT INBOX\r\nb REPLACE 1 INBOX ",
    "a ENABLE UTF8=ACCEPT\r\nb APPEND INBOX UTF8 (~{4+}\r\n",
    "a SELECT INBOX\r\nb FETCH 2 (BINARY.PEEK[",
    "a SELECT INBOX\r\nb UID FETCH 1:* (PREVIEW (LAZY) SAVEDATE EMAILID THREADID BODY.PEEK[",
    "a SELECT INBOX\r\nb FETCH 1:* (FLAGS) (CHANGEDSINCE ",
    "a NOTIFY SET STATUS (",
    "a SELECT INBOX\r\nb NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge FlagChange)) (",
    "a GETQUOTAROOT ",
    "a SELECT INBOX\r\nb MOVE ",
    "a SELECT INBOX\r\nb UID EXPUNGE ",
    "a SELECT INBOX (QRESYNC (1000 1 1:5 (",
    "a RENAME INBOX ",
    "a IDLE\r\n",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int nowhere = -1;
    if (nowhere < 0) {
        nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        log_open("imapd", nowhere);
    }
    if (size == 0 || size > 1 << 16)
        return 0;
    auto_buf struct buf said;
    buf_init(&said, 1 << 17);
    buf_add(&said, str_from(beginnings[data[0] % (sizeof beginnings / sizeof beginnings[0])]));
    buf_add(&said, str_of(data + 1, size - 1));
    int in = -1;
    if (failed(fd_sealed("input", buf_str(&said), &in)))
        return 0;
    struct session *s = session_new(io_new(in, dup(nowhere)), NULL);
    s->store = fake_new();
    s->phase = PHASE_AUTHENTICATED;
    add_mail(s->store);
    session_run(s);
    session_free(s);
    return 0;
}
