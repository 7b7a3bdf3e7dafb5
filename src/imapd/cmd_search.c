/* SPDX-License-Identifier: ISC */
/* SEARCH and UID SEARCH, RFC 3501 6.4.4 and 6.4.8, with the return options of RFC 4731, 5182, 5267
 * and 9394. */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/contexts.h"
#include "imapd/search.h"
#include "imapd/search_answer.h"

CMD(search)
{
    struct imap_search_args want;
    struct imap_reader start = *args;
    err e = imap_search_args(args, &want);
    if (failed(e))
        return reply_bad(e);
    if ((want.ret.options & IMAP_RETURN_UPDATE) && contexts_has(s, s->tag))
        return reply_bad(err_new(ERR_SYNTAX, "a search of that tag is kept up to date already"));
    if (want.charset.n > 0 && (s->enabled & ENABLED_UTF8)) /* RFC 9755 3 */
        return reply_bad(err_new(ERR_SYNTAX, "with UTF8=ACCEPT no charset is named"));
    if (want.numbers && (s->enabled & ENABLED_UIDONLY))
        return reply_uid_required();
    e = search_prepare(s, &want);
    if (failed(e))
        return search_refused(s, &want, e);
    if (want.modseq)
        condstore_enable(s);
    struct search_found found;
    e = search_run(s, &want, &found);
    if (failed(e))
        return reply_store(s, e, NULL);
    struct answer answer = {.word = "SEARCH",
                            .uid = head->uid,
                            .modseq = want.modseq,
                            .at = found.at,
                            .n = found.n,
                            .ret = &want.ret};
    answer_save(s, &answer);
    answer_say(s, &answer);
    if (want.ret.options & IMAP_RETURN_UPDATE)
        contexts_begin(s, start, head->uid, &found);
    return reply_ok("Searched");
}
