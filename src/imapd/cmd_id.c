/* SPDX-License-Identifier: ISC */
/* RFC 2971. What the client says of itself goes into the log; nothing depends on it. */
#include "imapd/cmd.h"

CMD(id)
{
    (void)head;
    struct imap_id_args id;
    err e = imap_id_args(args, &id);
    if (failed(e))
        return reply_bad(e);
    if (id.name.n > 0)
        log_set(s->log, "client", str_slice(id.name, 0, 64));
    say(s, "* ID (\"name\" \"twinpost\")\r\n");
    return reply_ok("Pleased to meet you");
}
