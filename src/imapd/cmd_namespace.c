/* SPDX-License-Identifier: ISC */
/* RFC 2342. */
#include "imapd/cmd.h"

CMD(namespace)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    say(s, "* NAMESPACE ((\"\" \".\")) NIL NIL\r\n");
    return reply_ok("Your own mail is all there is");
}
