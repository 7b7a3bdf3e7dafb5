/* SPDX-License-Identifier: ISC */
/* SORT and UID SORT, RFC 5256 3; with RETURN, RFC 5267 3. */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/contexts.h"
#include "imapd/search_answer.h"
#include "imapd/sort.h"

CMD(sort)
{
    struct imap_sort_args want;
    err e = imap_sort_args(args, &want);
    if (failed(e))
        return reply_bad(e);
    if (want.search.numbers && (s->enabled & ENABLED_UIDONLY))
        return reply_uid_required();
    e = search_prepare(s, &want.search);
    if (failed(e))
        return search_refused(s, &want.search, e);
    if (want.search.modseq)
        condstore_enable(s);
    struct search_found found;
    e = search_run(s, &want.search, &found);
    struct answer answer = {.word = "SORT",
                            .uid = head->uid,
                            .modseq = want.search.modseq,
                            .at = found.at,
                            .n = found.n,
                            .ret = &want.search.ret};
    if (!failed(e))
        e = sort_found(s, &want, &found);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    if (failed(e))
        return reply_store(s, e, NULL);
    answer_save(s, &answer);
    answer_say(s, &answer);
    if (want.search.ret.options & IMAP_RETURN_UPDATE) /* no CONTEXT=SORT (RFC 5267 4.3.1) */
        contexts_refuse(s);
    return reply_ok("Sorted");
}
