/* SPDX-License-Identifier: ISC */
#include "imapd/saved.h"

#include <stdlib.h>
#include <string.h>

void saved_forget(struct session *s)
{
    free(s->saved);
    s->saved = NULL;
    s->n_saved = 0;
}

void saved_keep(struct session *s, const uint32_t *indices, size_t n)
{
    const struct store_message *m = store_box(s->store)->messages;
    saved_forget(s);
    VEC(struct store_range) ranges = {0};
    for (size_t i = 0; i < n; i++) {
        uint32_t uid = m[indices[i]].uid;
        if (i > 0 && indices[i] == indices[i - 1] + 1)
            ranges.at[ranges.n - 1].to = uid;
        else
            vec_push(&ranges, ((struct store_range){uid, uid}));
    }
    s->saved = ranges.at;
    s->n_saved = ranges.n;
}

struct imap_set saved_as_set(const struct session *s, struct arena *a)
{
    struct imap_set set = {.at = NEW_N(a, struct imap_range, s->n_saved + 1), .n = s->n_saved};
    for (size_t i = 0; i < s->n_saved; i++)
        set.at[i] = (struct imap_range){s->saved[i].from, s->saved[i].to};
    imap_set_resolve(&set, UINT32_MAX); /* SORT saves too, in its own order */
    return set;
}

err saved_spans(struct session *s, struct imap_set *set, bool uid, struct spans *ret)
{
    if (set->saved) {
        struct imap_set saved = saved_as_set(s, s->arena);
        return spans_from_set(s->arena, store_box(s->store), &saved, true, ret);
    }
    return spans_from_set(s->arena, store_box(s->store), set, uid, ret);
}
