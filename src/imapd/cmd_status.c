/* SPDX-License-Identifier: ISC */
/* STATUS: RFC 9051 6.3.11, RFC 8438 (SIZE), RFC 7889 (APPENDLIMIT). */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/names.h"
#include "imapd/status.h"

CMD(status)
{
    (void)head;
    struct imap_status_args want;
    err e = imap_status_args(args, &want);
    if (!failed(e))
        e = names_in(s, &want.mailbox);
    if (failed(e))
        return reply_bad(e);
    if (want.items & IMAP_STATUS_HIGHESTMODSEQ) /* RFC 7162 3.1.8 */
        condstore_enable(s);
    e = status_say(s, want.mailbox, want.items);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Done");
}
