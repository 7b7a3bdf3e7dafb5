/* SPDX-License-Identifier: ISC */
/* SORT, THREAD and the parameters of CONDSTORE and QRESYNC on any octets. */
#include <assert.h>

#include "wire/imap_resync.h"
#include "wire/imap_sort.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_partial(const struct imap_partial *p)
{
    assert(p->lo > 0 && p->lo <= p->hi && p->as_sent.n >= 3);
    for (size_t n = 0; n < 5; n++) {
        size_t from, to;
        imap_partial_of(p, n, &from, &to);
        assert(from <= to && to <= n);
    }
}

static void check_return(const struct imap_return *ret)
{
    unsigned all = IMAP_RETURN_ALL | IMAP_RETURN_PARTIAL;
    assert(ret->given || ret->options == 0);
    assert((ret->options & all) != all);
    if (ret->options & IMAP_RETURN_PARTIAL)
        check_partial(&ret->partial);
}

static void with_parameters(struct imap_reader at)
{
    struct imap_reader r = at;
    struct imap_select_params select;
    if (!failed(imap_select_params(&r, &select)) && select.qresync) {
        assert(select.uidvalidity > 0 && select.modseq > 0);
        for (size_t i = 1; i < select.known.n; i++)
            assert(select.known.at[i].lo > select.known.at[i - 1].hi);
    }
    r = at;
    struct imap_fetch_modifiers m;
    if (!failed(imap_fetch_modifiers(&r, &m)) && m.has_partial)
        check_partial(&m.partial);
    r = at;
    bool given = false;
    uint64_t since = 0;
    if (!failed(imap_store_modifiers(&r, &given, &since)))
        assert(given || since == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > IMAP_COMMAND_MAX)
        return 0;
    auto_arena struct arena *a = arena_new("fuzz", 64 << 20);
    struct imap_reader at = {.rest = str_of(data, size), .arena = a};
    with_parameters(at);
    struct imap_reader r = at;
    struct imap_search_args search;
    if (!failed(imap_search_args(&r, &search)))
        check_return(&search.ret);
    r = at;
    struct imap_sort_args sort;
    if (!failed(imap_sort_args(&r, &sort))) {
        check_return(&sort.search.ret);
        assert(sort.n > 0 && sort.n <= IMAP_SORT_KEYS_MAX && sort.search.charset.n > 0);
    }
    r = at;
    struct imap_thread_args thread;
    if (!failed(imap_thread_args(&r, &thread)))
        assert(thread.search.root != NULL);
    return 0;
}
