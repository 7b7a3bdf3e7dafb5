/* SPDX-License-Identifier: ISC */
/* RFC 4978. */
#include "imapd/cmd.h"
#include "imapd/deflate.h"

CMD(compress)
{
    str name = {0};
    err e = imap_space(args);
    if (!failed(e))
        e = imap_atom(args, &name);
    if (!failed(e))
        e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    if (!str_ieq(name, S("DEFLATE")))
        return reply_no("CANNOT", "That way of compressing is not offered");
    if (s->compressed)
        return reply_no("COMPRESSIONACTIVE", "The connection is compressed already");
    /* The OK is the last that is said in plain text. */
    say_bytes(s, head->tag);
    say(s, " OK Compressed from here on.\r\n");
    e = session_flush(s);
    if (failed(e))
        return reply_lost(s);
    io_set_coding(s->io, deflate_coding());
    s->compressed = true;
    return (struct reply){.kind = REPLY_DONE};
}
