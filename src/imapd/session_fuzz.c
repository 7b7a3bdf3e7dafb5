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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int nowhere = -1;
    if (nowhere < 0) {
        nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        log_open("imapd", nowhere);
    }
    if (size > 1 << 16)
        return 0;
    int in = -1;
    if (failed(fd_sealed("input", str_of(data, size), &in)))
        return 0;
    struct session *s = session_new(io_new(in, dup(nowhere)), NULL);
    s->store = fake_new();
    s->phase = PHASE_AUTHENTICATED;
    add_mail(s->store);
    session_run(s);
    session_free(s);
    return 0;
}
