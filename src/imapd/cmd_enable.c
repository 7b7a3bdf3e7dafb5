/* SPDX-License-Identifier: ISC */
/* RFC 5161. What is not known is passed over (3.1); the answer names what was switched on now. */
#include "imapd/cmd.h"
#include "imapd/condstore.h"

static const struct {
    str name;
    unsigned bits;    /* what it switches on */
    unsigned implies; /* and that with it */
} table[] = {
    {S("IMAP4rev2"), ENABLED_REV2, 0},   /* RFC 9051 6.3.1 */
    {S("UTF8=ACCEPT"), ENABLED_UTF8, 0}, /* RFC 9755 3 */
    {S("CONDSTORE"), ENABLED_CONDSTORE, 0},
    {S("QRESYNC"), ENABLED_QRESYNC, ENABLED_CONDSTORE}, /* RFC 7162 3.2.3 */
    {S("UIDONLY"), ENABLED_UIDONLY, 0},                 /* RFC 9586 3.1 */
};

enum { ENABLE_WORDS_MAX = 64 }; /* of one command */

static unsigned enable_word(struct session *s, str name, struct buf *b)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (!str_ieq(name, table[i].name))
            continue;
        if (!(s->enabled & table[i].bits)) {
            buf_addc(b, ' ');
            buf_add(b, table[i].name);
        }
        s->enabled |= table[i].bits;
        return table[i].implies;
    }
    return 0;
}

CMD(enable)
{
    (void)head;
    str words[ENABLE_WORDS_MAX];
    size_t n = 0;
    while (n == 0 || !imap_at_end(args)) {
        if (n == ENABLE_WORDS_MAX)
            return reply_bad(err_new(ERR_LIMIT, "too many capabilities"));
        err e = imap_space(args);
        if (!failed(e))
            e = imap_atom(args, &words[n]);
        if (failed(e))
            return reply_bad(e);
        n++;
    }
    bool had = s->enabled & ENABLED_CONDSTORE;
    unsigned implied = 0;
    auto_buf struct buf b;
    buf_init(&b, 4096);
    buf_add(&b, S("* ENABLED"));
    for (size_t i = 0; i < n; i++)
        implied |= enable_word(s, words[i], &b);
    s->enabled |= implied;
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
    if (!had && (s->enabled & ENABLED_CONDSTORE)) {
        condstore_want(s);
        condstore_say_highest(s);
    }
    if (s->phase == PHASE_END)
        return reply_lost(s);
    return reply_ok("Enabled");
}
