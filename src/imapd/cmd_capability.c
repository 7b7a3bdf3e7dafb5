/* SPDX-License-Identifier: ISC */
/* RFC 9051 6.1.1. */
#include <assert.h>

#include "imapd/cmd.h"

enum when { BEFORE = 1, AFTER = 2, BOTH = 3 }; /* the login */

/* One word a row; it stands here when it works, not before. RFC 7888 5: LITERAL+ and LITERAL- shut
 * each other out, so the one with the limit is for strangers. */
static const struct {
    str word;
    enum when when;
} words[] = {
    /* clang-format off */
    {S("IMAP4rev1"), BOTH},
    {S("IMAP4rev2"), BOTH},
    {S("LITERAL-"), BEFORE},
    {S("LITERAL+"), AFTER},
    {S("SASL-IR"), BEFORE},
    {S("ID"), BOTH},
    {S("IDLE"), BOTH},
    {S("NAMESPACE"), AFTER},
    {S("UIDPLUS"), AFTER},
    {S("ENABLE"), BOTH},
    {S("CONDSTORE"), AFTER},
    {S("QRESYNC"), AFTER},
    {S("MESSAGELIMIT=10000000"), AFTER}, /* RFC 9738: no mailbox has more (STORE_MESSAGES_MAX) */
    {S("ESEARCH"), AFTER},
    {S("SEARCHRES"), AFTER},
    {S("WITHIN"), AFTER},
    {S("PARTIAL"), AFTER},
    {S("CONTEXT=SEARCH"), AFTER},
    {S("SORT"), AFTER},
    {S("SORT=DISPLAY"), AFTER},
    {S("ESORT"), AFTER},
    {S("THREAD=ORDEREDSUBJECT"), AFTER},
    {S("THREAD=REFERENCES"), AFTER},
    {S("UIDONLY"), AFTER},
    {S("INPROGRESS"), AFTER},
    {S("UNSELECT"), AFTER},
    {S("CHILDREN"), AFTER},
    {S("MOVE"), AFTER},
    {S("COMPRESS=DEFLATE"), AFTER},
    {S("LIST-EXTENDED"), AFTER},
    {S("LIST-STATUS"), AFTER},
    {S("LIST-METADATA"), AFTER},
    {S("SPECIAL-USE"), AFTER},
    {S("CREATE-SPECIAL-USE"), AFTER},
    {S("STATUS=SIZE"), AFTER},
    {S("METADATA"), AFTER},
    {S("MULTIAPPEND"), AFTER},
    {S("CATENATE"), AFTER},
    {S("REPLACE"), AFTER},
    {S("BINARY"), AFTER},
    {S("PREVIEW"), AFTER},
    {S("APPENDLIMIT=1073741824"), AFTER},
    {S("UTF8=ACCEPT"), AFTER},
    {S("OBJECTID"), AFTER},
    {S("SAVEDATE"), AFTER},
    {S("QUOTA"), AFTER},
    {S("QUOTA=RES-STORAGE"), AFTER},
    {S("QUOTA=RES-MESSAGE"), AFTER},
    {S("NOTIFY"), AFTER},
    {S("ACL"), AFTER},
    {S("RIGHTS=texk"), AFTER}, /* RFC 4314 2.2 */
    {S("LIST-MYRIGHTS"), AFTER},
    /* clang-format on */
};

static_assert(STORE_MESSAGES_MAX == 10000000, "MESSAGELIMIT says so");

/* Before the login also how one may log in. RFC 3501 6.2.3 and 11.2: a password must not cross
 * the network in the clear, so PLAIN and LOGIN appear only under TLS or from this host. */
void capability_write(const struct session *s, struct buf *b)
{
    enum when now = s->phase == PHASE_LOGIN ? BEFORE : AFTER;
    buf_add(b, S("CAPABILITY"));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].when & now) {
            buf_addc(b, ' ');
            buf_add(b, words[i].word);
        }
    if (s->phase != PHASE_LOGIN)
        return;
    if (!s->tls && s->can_starttls)
        buf_add(b, S(" STARTTLS"));
    /* RFC 5802 6: auth refuses a client that could bind and was not offered to. */
    if (s->can_bind)
        buf_add(b, S(" AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS"));
    buf_add(b, S(" AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=CRAM-MD5"));
    if (s->has_certificate)
        buf_add(b, S(" AUTH=EXTERNAL"));
    if (s->tokens && (s->tls || s->loopback || s->plain_allowed))
        buf_add(b, S(" AUTH=OAUTHBEARER AUTH=XOAUTH2"));
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
    buf_init(&b, 4096);
    buf_add(&b, S("* "));
    capability_write(s, &b);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
    return reply_ok("That is all");
}
