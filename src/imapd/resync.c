/* SPDX-License-Identifier: ISC */
#include "imapd/resync.h"

#include <string.h>

#include "imapd/condstore.h"
#include "imapd/saved.h"
#include "imapd/sync.h"

struct imap_set resync_wide_set(struct session *s, const struct imap_set *set)
{
    if (set->saved)
        return saved_as_set(s, s->arena);
    struct imap_set wide = {.at = NEW_N(s->arena, struct imap_range, set->n + 1), .n = set->n};
    memcpy(wide.at, set->at, set->n * sizeof *set->at);
    imap_set_resolve(&wide, store_box(s->store)->uidnext - 1);
    return wide;
}

err resync_say_vanished(struct session *s, uint64_t since, const struct imap_set *uids)
{
    struct store_range *known = NEW_N(s->arena, struct store_range, uids->n + 1), *gone = NULL;
    size_t n = 0;
    if (uids->n == 0)
        return OK_ERR;
    for (size_t i = 0; i < uids->n; i++)
        known[i] = (struct store_range){uids->at[i].lo, uids->at[i].hi};
    err e = store_vanished_since(s->store, since, known, uids->n, s->arena, &gone, &n);
    if (failed(e))
        return e;
    struct vanished v;
    vanished_begin(&v, s, "* VANISHED (EARLIER) ");
    for (size_t i = 0; i < n; i++)
        vanished_add(&v, gone[i].from, gone[i].to);
    vanished_end(&v);
    return OK_ERR;
}

/* RFC 7162 3.2.5.2: where a message has the number that the client remembers, nothing before it is
 * missing: there can be no more messages below than there were, so they are the same ones. The
 * highest such UID; 0: none. */
static uint32_t still_matching(const struct store_box *box, const struct imap_select_params *p)
{
    uint32_t last = 0;
    size_t r = 0;
    uint32_t uid = 0;
    for (size_t i = 0; i < p->seqs.n; i++) {
        for (uint32_t seq = p->seqs.at[i].lo; seq <= p->seqs.at[i].hi && seq <= box->n; seq++) {
            if (uid != 0 && uid == p->uids.at[r].hi) {
                r++;
                uid = 0;
            }
            if (r == p->uids.n)
                return last;
            uid = uid == 0 ? p->uids.at[r].lo : uid + 1;
            if (box->messages[seq - 1].uid == uid)
                last = uid;
        }
    }
    return last;
}

/* The UIDs that the client knows, or all that there can be. */
static struct imap_set known_uids(struct session *s, const struct imap_select_params *p)
{
    const struct store_box *box = store_box(s->store);
    if (p->known.n > 0)
        return p->known;
    struct imap_set all = {.at = NEW_N(s->arena, struct imap_range, 1)};
    if (box->uidnext > 1)
        all.at[all.n++] = (struct imap_range){1, box->uidnext - 1};
    return all;
}

static struct imap_set above(struct session *s, const struct imap_set *set, uint32_t uid)
{
    struct imap_set rest = {.at = NEW_N(s->arena, struct imap_range, set->n + 1)};
    for (size_t i = 0; i < set->n; i++)
        if (set->at[i].hi > uid)
            rest.at[rest.n++] =
                (struct imap_range){set->at[i].lo > uid ? set->at[i].lo : uid + 1, set->at[i].hi};
    return rest;
}

static err say_changed(struct session *s, uint64_t since, const struct imap_set *known)
{
    const struct store_box *box = store_box(s->store);
    uint32_t *changed = NULL;
    size_t n = 0, k = 0;
    err e = store_changed_since(s->store, since, s->arena, &changed, &n);
    if (failed(e))
        return e;
    for (size_t i = 0; i < n && s->phase != PHASE_END; i++) {
        uint32_t uid = box->messages[changed[i]].uid;
        while (k < known->n && known->at[k].hi < uid)
            k++;
        if (k < known->n && known->at[k].lo <= uid)
            sync_say_flags(s, changed[i], SYNC_WITH_UID);
    }
    return OK_ERR;
}

err resync_say(struct session *s, const struct imap_select_params *p)
{
    const struct store_box *box = store_box(s->store);
    if (p->uidvalidity != box->uidvalidity) /* 3.2.5.1: then nothing that the client has is right */
        return OK_ERR;
    struct imap_set known = known_uids(s, p);
    struct imap_set doubtful = above(s, &known, still_matching(box, p));
    err e = resync_say_vanished(s, p->modseq, &doubtful);
    return failed(e) ? e : say_changed(s, p->modseq, &known);
}
