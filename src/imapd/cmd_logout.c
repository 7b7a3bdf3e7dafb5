/* SPDX-License-Identifier: ISC */
/* RFC 3501 6.1.3: BYE first, then OK, then the end. */
#include "imapd/cmd.h"

CMD(logout)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    say(s, "* BYE Until next time.\r\n");
    struct reply r = reply_ok("Logged out");
    r.closing = true;
    return r;
}
