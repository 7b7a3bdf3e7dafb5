/* SPDX-License-Identifier: ISC */
/* RFC 5267 4.4: ends searches that are kept up to date, named by their tags. */
#include "imapd/cmd.h"
#include "imapd/contexts.h"

CMD(cancelupdate)
{
    (void)head;
    str tags[CONTEXTS_MAX];
    size_t n = 0;
    do {
        if (n == CONTEXTS_MAX)
            return reply_bad(err_new(ERR_LIMIT, "there are not so many searches"));
        err e = imap_space(args);
        if (!failed(e))
            e = imap_string(args, &tags[n]);
        if (failed(e))
            return reply_bad(e);
    } while (++n > 0 && !imap_at_end(args));
    for (size_t i = 0; i < n; i++)
        if (!contexts_has(s, tags[i]))
            return reply_bad(err_new(ERR_NOTFOUND, "no search of that tag is kept up to date"));
    for (size_t i = 0; i < n; i++)
        (void)contexts_cancel(s, tags[i]); /* one may be named twice */
    return reply_ok("Cancelled");
}
