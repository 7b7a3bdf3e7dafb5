/* SPDX-License-Identifier: ISC */
/* FETCH and UID FETCH, RFC 3501 6.4.5 and 6.4.8. */
#include "imapd/cmd.h"
#include "imapd/condstore.h"
#include "imapd/fetch.h"
#include "imapd/fetch_known.h"
#include "imapd/resync.h"
#include "imapd/saved.h"
#include "imapd/sync.h"
#include "wire/imap_write.h"

/* \Seen is stored for so many messages at a time, just before they are sent: a download that
 * breaks off leaves few of them marked that the client never had. */
enum { SEEN_AT_ONCE = 512 };

static err each_body(void *ctx, const struct body *b)
{
    return fetch_write(ctx, b->index, b);
}

static err fetch_table(struct fetch *f, const struct spans *spans)
{
    size_t span = 0, next = 0, index;
    err e = OK_ERR;
    while (!failed(e) && spans_next(spans, &span, &next, &index))
        e = fetch_write(f, index, NULL);
    return e;
}

static err fetch_from(struct fetch *f, const struct spans *spans, enum fetch_source source)
{
    switch (source) {
    case FETCH_TABLE:
        return fetch_table(f, spans);
    case FETCH_HEADER:
        return bodies_each(f->s, spans, BODY_HEADER, each_body, f);
    case FETCH_WHOLE:
        break;
    }
    return bodies_each(f->s, spans, BODY_WHOLE, each_body, f);
}

static void next_some(struct spans *some, const struct spans *spans, size_t *span, size_t *next)
{
    size_t index;
    some->n = 0;
    for (size_t n = 0; n < FETCH_KNOWN_MAX && spans_next(spans, span, next, &index); n++)
        spans_add(some, index);
}

/* Messages whose digest the keeper does not have must be read for it. */
static err fetch_with_digests(struct fetch *f, const struct spans *spans)
{
    struct spans batches[2];
    size_t span = 0, next = 0, now = 0;
    for (size_t i = 0; i < 2; i++)
        batches[i].at = NEW_N(f->s->arena, struct span, FETCH_KNOWN_MAX);
    next_some(&batches[0], spans, &span, &next);
    err e = OK_ERR;
    while (batches[now].n > 0 && !failed(e) && f->s->phase != PHASE_END) {
        struct spans *these = &batches[now], *then = &batches[1 - now];
        bool all = false;
        e = fetch_know(f, these, &all);
        next_some(then, spans, &span, &next);
        enum fetch_source source =
            fetch_source(&f->args, all ? FETCH_WITH_DIGEST : FETCH_WITHOUT_DIGEST);
        if (!all)
            source = FETCH_WHOLE;
        if (!failed(e) && source == FETCH_TABLE) /* reading would throw the answer away */
            e = fetch_know_next(f, then);
        if (!failed(e))
            e = fetch_from(f, these, source);
        now = 1 - now;
    }
    return e;
}

static err fetch_spans(struct fetch *f, const struct spans *spans)
{
    /* Again after each change of the table: the dates lie beside it. */
    if (f->args.kinds & IMAP_FETCH_SAVEDATE) {
        err e = store_savedates(f->s->store, &f->savedates);
        if (failed(e))
            return e;
    }
    return fetch_needs_digest(&f->args)
               ? fetch_with_digests(f, spans)
               : fetch_from(f, spans, fetch_source(&f->args, FETCH_WITHOUT_DIGEST));
}

/* RFC 3501 6.4.5: a body fetched without PEEK becomes \Seen, and the change belongs into the
 * answer: so it is stored first, and FLAGS is told with those it happens to. */
static err mark_seen(struct fetch *f, const struct spans *spans, bool *ret_marked)
{
    struct session *s = f->s;
    const struct store_box *box = store_box(s->store);
    struct spans unseen = {.at = NEW_N(s->arena, struct span, SEEN_AT_ONCE)};
    size_t span = 0, next = 0, index;
    while (spans_next(spans, &span, &next, &index))
        if (!(box->messages[index].flags & STORE_SEEN))
            spans_add(&unseen, index);
    *ret_marked = unseen.n > 0;
    if (unseen.n == 0)
        return OK_ERR;
    err e = store_flags(s->store, spans_ranges(s->arena, box, &unseen), unseen.n, STORE_FLAGS_ADD,
                        STORE_SEEN, NULL, 0);
    if (failed(e))
        return e;
    sync_say(s, STORE_SYNC_KEEP_GONE, SYNC_ALWAYS | SYNC_HIDE_OWN | (f->uid ? SYNC_WITH_UID : 0u));
    return OK_ERR;
}

static err fetch_and_mark(struct fetch *f, const struct spans *spans)
{
    unsigned kinds = f->args.kinds;
    struct spans some = {.at = NEW_N(f->s->arena, struct span, SEEN_AT_ONCE)};
    size_t span = 0, next = 0, index;
    bool more = true;
    err e = OK_ERR;
    while (more && !failed(e) && f->s->phase != PHASE_END) {
        some.n = 0;
        for (size_t n = 0; n < SEEN_AT_ONCE && more; n++) {
            more = spans_next(spans, &span, &next, &index);
            if (more)
                spans_add(&some, index);
        }
        bool marked = false;
        e = mark_seen(f, &some, &marked);
        f->args.kinds = kinds | (marked ? IMAP_FETCH_FLAGS : 0u);
        f->tells_modseq = marked && condstore_is_on(f->s); /* RFC 7162 3.1.4 */
        if (!failed(e))
            e = fetch_spans(f, &some);
    }
    return e;
}

static err run(struct fetch *f, const struct spans *spans)
{
    f->arena = arena_new("message structure", SESSION_ARENA_MAX);
    f->scratch = arena_new("envelope", SESSION_ARENA_MAX);
    buf_init(&f->out, IMAP_ANSWER_MAX);
    bool marks = f->args.sets_seen && store_box(f->s->store)->writable &&
                 (store_box(f->s->store)->rights & ACL_SEEN);
    err e = marks ? fetch_and_mark(f, spans) : fetch_spans(f, spans);
    fetch_known_done(f);
    buf_done(&f->out);
    arena_free(f->arena);
    arena_free(f->scratch);
    return e;
}

/* RFC 7162 3.1.4.1: those that changed, with their mod-sequence. */
static err keep_changed(struct fetch *f, struct spans *spans)
{
    struct session *s = f->s;
    uint32_t *changed = NULL;
    size_t n = 0, kept = 0, span = 0, next = 0, index, k = 0;
    err e = store_changed_since(s->store, f->args.modifiers.changedsince, s->arena, &changed, &n);
    if (failed(e))
        return e;
    while (spans_next(spans, &span, &next, &index)) {
        while (k < n && changed[k] < index)
            k++;
        if (k < n && changed[k] == index)
            changed[kept++] = changed[k]; /* kept <= k */
    }
    *spans = spans_of_indices(s->arena, changed, kept);
    f->args.kinds |= IMAP_FETCH_MODSEQ;
    return OK_ERR;
}

/* RFC 9394 3.3: a page of the messages named. */
static void keep_partial(struct fetch *f, struct spans *spans)
{
    size_t from, to, span = 0, next = 0, index, place = 0, n = 0;
    imap_partial_of(&f->args.modifiers.partial, spans_count(spans), &from, &to);
    uint32_t *kept = NEW_N(f->s->arena, uint32_t, to - from + 1);
    while (place < to && spans_next(spans, &span, &next, &index))
        if (place++ >= from)
            kept[n++] = (uint32_t)index;
    *spans = spans_of_indices(f->s->arena, kept, n);
}

static err apply_modifiers(struct fetch *f, const struct imap_set *uids, struct spans *spans)
{
    const struct imap_fetch_modifiers *m = &f->args.modifiers;
    err e = OK_ERR;
    if (m->vanished)
        e = resync_say_vanished(f->s, m->changedsince, uids);
    if (!failed(e) && m->changed)
        e = keep_changed(f, spans);
    if (!failed(e) && m->has_partial)
        keep_partial(f, spans);
    return e;
}

CMD(fetch)
{
    struct fetch f = {.s = s, .uid = head->uid};
    err e = imap_fetch_args(args, &f.args);
    if (failed(e))
        return reply_bad(e);
    const struct imap_fetch_modifiers *m = &f.args.modifiers;
    if (m->vanished && !(head->uid && (s->enabled & ENABLED_QRESYNC))) /* RFC 7162 3.2.6 */
        return reply_bad(err_new(ERR_SYNTAX, "VANISHED is for UID FETCH with QRESYNC"));
    if (m->has_partial && !head->uid) /* RFC 9394 3.3 */
        return reply_bad(err_new(ERR_SYNTAX, "PARTIAL is for UID FETCH"));
    struct imap_set uids = resync_wide_set(s, &f.args.set);
    struct spans spans;
    e = saved_spans(s, &f.args.set, head->uid, &spans);
    if (failed(e))
        return reply_bad(e);
    if (m->changed || (f.args.kinds & IMAP_FETCH_MODSEQ))
        condstore_enable(s);
    if (s->phase != PHASE_END)
        e = apply_modifiers(&f, &uids, &spans);
    if (!failed(e) && s->phase != PHASE_END)
        e = run(&f, &spans);
    if (s->phase == PHASE_END)
        return reply_lost(s);
    if (failed(e))
        return reply_store(s, e, NULL);
    if (f.unknown_encoding)
        return reply_no("UNKNOWN-CTE", "A part is encoded in a way that is not known here");
    /* RFC 2180 4.1.3, RFC 5530. */
    if (f.missing)
        return reply_no("EXPUNGEISSUED", "Some of the messages are gone");
    return reply_ok("Fetched");
}
