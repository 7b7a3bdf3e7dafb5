/* SPDX-License-Identifier: ISC */
/* RFC 3501 6.1.1. */
#include "imapd/cmd.h"

/* Before the login also how one may log in. RFC 3501 6.2.3 and 11.2: a password must not cross
 * the network in the clear, so PLAIN and LOGIN appear only under TLS or from this host. */
void capability_write(const struct session *s, struct buf *b)
{
    buf_add(b,
            S("CAPABILITY IMAP4rev1 LITERAL+ SASL-IR ID IDLE NAMESPACE UIDPLUS UNSELECT CHILDREN "
              "MOVE"));
    if (s->phase != PHASE_LOGIN)
        return;
    if (!s->tls && s->can_starttls)
        buf_add(b, S(" STARTTLS"));
    /* RFC 5802 6: auth refuses a client that could bind and was not offered to. */
    if (s->can_bind)
        buf_add(b, S(" AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS"));
    buf_add(b, S(" AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=CRAM-MD5"));
    buf_add(b, s->tls || s->loopback || s->plain_allowed ? S(" AUTH=PLAIN AUTH=LOGIN")
                                                         : S(" LOGINDISABLED"));
}

CMD(capability)
{
    (void)head;
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    auto_buf struct buf b;
    buf_init(&b, 1024);
    buf_add(&b, S("* "));
    capability_write(s, &b);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
    return reply_ok("That is all");
}
