/* SPDX-License-Identifier: ISC */
/* THREAD and UID THREAD, RFC 5256 3. */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/headings.h"
#include "imapd/search.h"
#include "os/random.h"
#include "wire/imap_sort.h"

/* What a mailbox of STORE_MESSAGES_MAX messages may take; past it the answer is NO. */
enum { THREAD_BYTES_EACH = 512, THREAD_ARENA_MAX = 1 << 30 };

struct threading {
    struct session *s;
    struct arena *arena;
    uint64_t key;
    const struct search_found *found;
    struct thread_item *items;
    bool uid, full;
};

static void take_heading(void *ctx, size_t place, const struct heading *h)
{
    struct threading *q = ctx;
    uint32_t index = q->found->at[place];
    struct thread_item *item = &q->items[place];
    *item = (struct thread_item){.refwd = h->refwd, .sent = h->sent};
    item->number = q->uid ? store_box(q->s->store)->messages[index].uid : index + 1;
    if (h->subject.n > 0)
        item->subject = thread_id_of(h->subject, ~q->key);
    if (h->message_id.n > 0)
        item->id = thread_id_of(h->message_id, q->key);
    /* Trees take about 60 octets for each reference, and so do the references. */
    q->full = q->full || arena_used(q->arena) > THREAD_ARENA_MAX / 8;
    if (h->n_refs == 0 || q->full)
        return;
    struct thread_id *refs = NEW_N(q->arena, struct thread_id, h->n_refs);
    for (size_t i = 0; i < h->n_refs; i++)
        refs[i] = h->refs[i];
    item->refs = refs;
    item->n_refs = h->n_refs;
}

static void say_piece(void *ctx, str piece)
{
    say_bytes(ctx, piece);
}

static err thread_found(struct session *s, struct threading *q, enum imap_thread how)
{
    unsigned wants = HEADING_DATE | HEADING_SUBJECT;
    if (how == IMAP_THREAD_REFERENCES)
        wants |= HEADING_REFERENCES;
    size_t n = q->found->n;
    err e = headings_each(s, q->found->at, n, wants, q->key, take_heading, q);
    if (!failed(e) && q->full)
        e = err_new(ERR_LIMIT, "too many references to thread");
    if (failed(e))
        return e;
    struct thread_tree *t = how == IMAP_THREAD_REFERENCES
                                ? thread_by_references(q->arena, q->items, n)
                                : thread_by_subject(q->arena, q->items, n);
    say(s, "* THREAD");
    thread_write(t, q->arena, say_piece, s);
    say(s, "\r\n");
    return OK_ERR;
}

CMD(thread)
{
    struct imap_thread_args want;
    err e = imap_thread_args(args, &want);
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
    if (failed(e))
        return reply_store(s, e, NULL);
    struct threading q = {.s = s, .found = &found, .uid = head->uid};
    random_bytes(&q.key, sizeof q.key);
    q.arena = arena_new("threads", THREAD_ARENA_MAX + found.n * THREAD_BYTES_EACH);
    q.items = NEW_N(q.arena, struct thread_item, found.n + 1);
    e = thread_found(s, &q, want.how);
    arena_free(q.arena);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    return failed(e) ? reply_store(s, e, NULL) : reply_ok("Threaded");
}
