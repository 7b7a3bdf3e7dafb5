/* SPDX-License-Identifier: ISC */
/* RFC 2342. */
#include "imapd/cmd.h"
#include "imapd/shared.h"

CMD(namespace)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    str others = shared_prefix(s);
    if (others.n > 0)
        say(s, "* NAMESPACE ((\"\" \".\")) ((\"%.*s.\" \".\")) NIL\r\n", STR_ARG(others));
    else
        say(s, "* NAMESPACE ((\"\" \".\")) NIL NIL\r\n");
    return reply_ok(others.n > 0 ? "Told" : "Your own mail is all there is");
}
