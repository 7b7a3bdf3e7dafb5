/* SPDX-License-Identifier: ISC */
/* SEARCH and UID SEARCH, RFC 3501 6.4.4 and 6.4.8. */
#include "imapd/cmd.h"
#include "imapd/search.h"

static void say_result(struct session *s, const struct spans *found, bool uid)
{
    const struct store_box *box = store_box(s->store);
    auto_buf struct buf b;
    buf_init(&b, 64 * 1024);
    buf_add(&b, S("* SEARCH"));
    size_t span = 0, next = 0, index;
    while (spans_next(found, &span, &next, &index)) {
        buf_addf(&b, " %u", uid ? box->messages[index].uid : (uint32_t)index + 1);
        if (b.n > 32 * 1024) {
            say_bytes(s, buf_str(&b));
            buf_reset(&b);
        }
    }
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

CMD(search)
{
    struct imap_search_args want;
    err e = imap_search_args(args, &want);
    if (failed(e))
        return reply_bad(e);
    e = search_prepare(s, &want);
    if (e.kind == ERR_NOTFOUND)
        return reply_no("BADCHARSET (UTF-8 US-ASCII ISO-8859-1 ISO-2022-JP EUC-JP SHIFT_JIS)",
                        "That charset is not known here");
    if (failed(e))
        return reply_bad(e);
    struct spans found;
    e = search_run(s, &want, &found);
    if (failed(e))
        return reply_store(s, e, NULL);
    say_result(s, &found, head->uid);
    return reply_ok("Searched");
}
