/* SPDX-License-Identifier: ISC */
/* Every parser of IMAP arguments on any octets; what comes out keeps the headers' promises. */
#include <assert.h>

#include "wire/imap_append.h"
#include "wire/imap_fetch_args.h"
#include "wire/imap_list.h"
#include "wire/imap_list_args.h"
#include "wire/imap_metadata.h"
#include "wire/imap_notify.h"
#include "wire/imap_search_args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_set(struct imap_set *set, uint32_t largest)
{
    imap_set_resolve(set, largest);
    for (size_t i = 0; i < set->n; i++) {
        assert(set->at[i].lo > 0 && set->at[i].lo <= set->at[i].hi);
        assert(i == 0 || set->at[i].lo > set->at[i - 1].hi + 1);
        assert(imap_set_has(set, set->at[i].lo) && imap_set_has(set, set->at[i].hi));
    }
}

static void check_tree(const struct imap_search *n, unsigned depth)
{
    assert(depth <= IMAP_DEPTH_MAX + 2);
    for (; n != NULL; n = n->next) {
        assert(n->key != IMAP_KEY_OR || (n->children != NULL && n->children->next != NULL));
        check_tree(n->children, depth + 1);
    }
}

static void few_arguments(struct imap_reader at)
{
    struct imap_reader r = at;
    struct imap_store_args store;
    if (!failed(imap_store_args(&r, &store))) {
        assert(store.flags.n <= IMAP_KEYWORDS_MAX && !(store.flags.system & IMAP_RECENT));
        check_set(&store.set, 7);
    }
    r = at;
    struct imap_status_args status;
    if (!failed(imap_status_args(&r, &status)))
        assert(status.items != 0);
    r = at;
    struct imap_set set;
    str mailbox;
    if (!failed(imap_copy_args(&r, &set, &mailbox)))
        check_set(&set, 0);
    r = at;
    struct imap_id_args id;
    (void)failed(imap_id_args(&r, &id)); /* only must not fault */
}

static void many_arguments(struct imap_reader at)
{
    struct imap_reader r = at;
    struct imap_fetch_args fetch;
    if (!failed(imap_fetch_args(&r, &fetch))) {
        assert(fetch.kinds != 0 && fetch.n <= IMAP_FETCH_ITEMS_MAX);
        for (size_t i = 0; i < fetch.n; i++) {
            assert(fetch.sections[i].path_n <= MIME_DEPTH_MAX && fetch.sections[i].label.n > 0);
            assert(str_find(fetch.sections[i].label, '\n') < 0);
        }
    }
    r = at;
    struct imap_search_args search;
    if (!failed(imap_search_args(&r, &search)))
        check_tree(search.root, 0);
    r = at;
    struct imap_list_args list;
    if (!failed(imap_list_args(&r, &list)))
        (void)imap_list_match(imap_list_pattern(r.arena, list.reference, list.pattern),
                              S("INBOX.a.b"), '.');
}

static void folder_arguments(struct imap_reader at)
{
    struct imap_reader r = at;
    struct imap_list_extended list;
    if (!failed(imap_list_extended(&r, &list)))
        assert(list.n > 0 && list.n <= IMAP_LIST_PATTERNS_MAX);
    r = at;
    struct imap_create_args create;
    (void)failed(imap_create_args(&r, &create)); /* only must not fault */
    r = at;
    struct imap_getmetadata_args get;
    if (!failed(imap_getmetadata_args(&r, &get)))
        assert(get.n > 0 && get.n <= IMAP_METADATA_ENTRIES_MAX);
    r = at;
    struct imap_setmetadata_args set;
    if (!failed(imap_setmetadata_args(&r, &set)))
        for (size_t i = 0; i < set.n; i++)
            if (imap_metadata_name_is_valid(set.pairs[i].entry))
                assert(imap_metadata_matches(set.pairs[i].entry, set.pairs[i].entry, 0));
    r = at;
    struct imap_notify_args notify;
    if (!failed(imap_notify_args(&r, &notify)))
        for (size_t i = 0; i < notify.n; i++)
            assert(notify.groups[i].n <= IMAP_NOTIFY_MAILBOXES_MAX);
    r = at;
    struct imap_append_message m;
    if (!failed(imap_append_message(&r, &m)))
        assert(m.data == IMAP_APPEND_CATENATE || r.rest.n > 0);
    r = at;
    struct imap_catenate_part part;
    if (!failed(imap_catenate_part(&r, &part)))
        assert(part.is_text || part.url.n <= IMAP_URL_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > IMAP_COMMAND_MAX)
        return 0;
    auto_arena struct arena *a = arena_new("fuzz", 64 << 20);
    struct imap_reader r = {.rest = str_of(data, size), .arena = a};
    struct imap_literal l;
    bool found;
    (void)failed(imap_line_literal(r.rest, &l, &found)); /* only must not fault */
    (void)imap_append_at_message(a, r.rest);
    struct imap_head head;
    err e = imap_head_read(&r, &head);
    assert(head.tag.n <= IMAP_TAG_MAX);
    if (failed(e))
        r.rest = str_of(data, size);
    few_arguments(r);
    many_arguments(r);
    folder_arguments(r);
    return 0;
}
