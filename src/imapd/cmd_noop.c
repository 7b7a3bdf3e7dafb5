/* SPDX-License-Identifier: ISC */
/* NOOP (RFC 3501 6.1.2) and CHECK (6.4.1): both ask the keeper for news. What STORE and the like
 * answered is durable already, so a checkpoint has nothing to do. */
#include "imapd/cmd.h"
#include "imapd/sync.h"

CMD(noop)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    if (s->phase == PHASE_SELECTED)
        sync_say(s, STORE_SYNC_ALL, SYNC_ALWAYS);
    return s->phase == PHASE_END ? reply_lost(s) : reply_ok("Done");
}

CMD(check)
{
    return cmd_noop(s, head, args);
}
