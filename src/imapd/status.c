/* SPDX-License-Identifier: ISC */
#include "imapd/status.h"

#include "imapd/names.h"
#include "imapd/shared.h"

uint64_t append_limit(void)
{
    return (uint64_t)STATUS_APPEND_MAX_MB << 20;
}

static void item(struct buf *b, unsigned wanted, enum imap_status_item which, const char *name,
                 uint64_t value)
{
    if (!(wanted & which))
        return;
    if (b->p[b->n - 1] != '(')
        buf_addc(b, ' ');
    buf_addf(b, "%s %llu", name, (unsigned long long)value);
}

err status_say(struct session *s, str name, unsigned items)
{
    struct store_status st;
    struct place at;
    err e = shared_place(s, name, &at);
    if (!failed(e))
        e = store_status(at.store, at.name, &st);
    if (failed(e))
        return e;
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    buf_add(&b, S("* STATUS "));
    names_write(s, &b, name);
    buf_add(&b, S(" ("));
    item(&b, items, IMAP_STATUS_MESSAGES, "MESSAGES", st.messages);
    item(&b, items, IMAP_STATUS_RECENT, "RECENT", st.recent);
    item(&b, items, IMAP_STATUS_UIDNEXT, "UIDNEXT", st.uidnext);
    item(&b, items, IMAP_STATUS_UIDVALIDITY, "UIDVALIDITY", st.uidvalidity);
    item(&b, items, IMAP_STATUS_UNSEEN, "UNSEEN", st.unseen);
    item(&b, items, IMAP_STATUS_DELETED, "DELETED", st.deleted);
    item(&b, items, IMAP_STATUS_SIZE, "SIZE", st.size);
    item(&b, items, IMAP_STATUS_DELETED_STORAGE, "DELETED-STORAGE",
         (st.deleted_size + 1023) / 1024);
    item(&b, items, IMAP_STATUS_HIGHESTMODSEQ, "HIGHESTMODSEQ", st.highestmodseq);
    if ((items & IMAP_STATUS_MAILBOXID) && st.id[0] != '\0')
        buf_addf(&b, "%sMAILBOXID (%s)", b.p[b.n - 1] != '(' ? " " : "", st.id);
    item(&b, items, IMAP_STATUS_APPENDLIMIT, "APPENDLIMIT", append_limit());
    buf_add(&b, S(")\r\n"));
    say_bytes(s, buf_str(&b));
    return OK_ERR;
}
