/* SPDX-License-Identifier: ISC */
/* Files that any program of the user may have written: names, UID lists, keywords, mbox. */
#include <assert.h>
#include <string.h>

#include "store/keywords.h"
#include "store/maildir_name.h"
#include "store/mbox.h"
#include "store/uidlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_name(str in)
{
    char scratch[16], scratch2[16];
    struct maildir_name n = maildir_name_parse(in, scratch);
    struct buf b;
    buf_init(&b, in.n + 128);
    maildir_name_write(&b, &n, n.flags);
    if (str_find(in, 0) < 0) { /* a file name has none; then what is written reads the same */
        struct maildir_name again = maildir_name_parse(buf_str(&b), scratch2);
        assert(again.flags == n.flags);
        assert(str_eq(again.base, n.base));
        assert(again.size == n.size && again.wire_size == n.wire_size);
    }
    buf_done(&b);
}

static void fuzz_uidlist(str in)
{
    struct uidlist l = uidlist_header(&in);
    struct uidlist_record r;
    while (uidlist_next(&l, &in, &r)) {
        assert(r.uid && r.base.n);
        assert(r.uid < l.nextuid);
    }
}

static void fuzz_mbox(str in)
{
    uint64_t at = 0, last = 0;
    struct mbox_message m;
    struct buf b;
    buf_init(&b, in.n + 16);
    while (mbox_next(in, &at, &m)) {
        assert(m.at == last && m.at <= m.header && m.header <= m.body && m.body <= m.body_end);
        assert(m.body_end <= m.end && m.end == at && at > last);
        last = at;
        (void)mbox_base_read(in, &m); /* must only stay in bounds */
        buf_reset(&b);
        mbox_message_write(&b, in, &m);
        assert(!b.over);
    }
    assert(last == in.n);
    (void)mbox_starts_well(in); /* as above */
    buf_done(&b);
}

static void fuzz_keywords(str in)
{
    struct keywords k = {0};
    keywords_parse(&k, in);
    struct buf b;
    buf_init(&b, 8192);
    keywords_write(&k, &b);
    assert(!b.over);
    struct keywords again = {0};
    keywords_parse(&again, buf_str(&b));
    assert(!again.damaged);
    keywords_done(&k);
    keywords_done(&again);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    str in = str_of(data + 1, size - 1);
    switch (data[0] & 3) {
    case 0:
        fuzz_name(in);
        break;
    case 1:
        fuzz_uidlist(in);
        break;
    case 2:
        fuzz_mbox(in);
        break;
    default:
        fuzz_keywords(in);
    }
    return 0;
}
