/* SPDX-License-Identifier: ISC */
#include "imapd/search_answer.h"

#include "imapd/condstore.h"
#include "imapd/saved.h"

enum { ANSWER_PIECE = 32 * 1024, ANSWER_MAX = 64 * 1024 };

static uint32_t number_of(const struct store_box *box, uint32_t index, bool uid)
{
    return uid ? box->messages[index].uid : index + 1;
}

static void flush_piece(struct session *s, struct buf *b)
{
    if (b->n < ANSWER_PIECE)
        return;
    say_bytes(s, buf_str(b));
    buf_reset(b);
}

void answer_write_set(struct session *s, struct buf *b, const uint32_t *at, size_t n, bool uid)
{
    const struct store_box *box = store_box(s->store);
    for (size_t i = 0; i < n;) {
        uint32_t from = number_of(box, at[i], uid), to = from;
        size_t k = i + 1;
        while (k < n && number_of(box, at[k], uid) == to + 1) {
            to++;
            k++;
        }
        buf_addf(b, to > from ? "%s%u:%u" : "%s%u", i > 0 ? "," : "", from, to);
        i = k;
        flush_piece(s, b);
    }
}

static uint64_t highest(struct session *s, const uint32_t *at, size_t n)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t m = condstore_modseq(s, at[i]);
        highest = m > highest ? m : highest;
    }
    return highest;
}

static void say_plain(struct session *s, const struct answer *a)
{
    const struct store_box *box = store_box(s->store);
    auto_buf struct buf b;
    buf_init(&b, ANSWER_MAX);
    buf_addf(&b, "* %s", a->word);
    for (size_t i = 0; i < a->n; i++) {
        buf_addf(&b, " %u", number_of(box, a->at[i], a->uid));
        flush_piece(s, &b);
    }
    if (a->modseq && a->n > 0)
        buf_addf(&b, " (MODSEQ %llu)", (unsigned long long)highest(s, a->at, a->n));
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

static void write_partial(struct session *s, struct buf *b, const struct answer *a)
{
    size_t from, to;
    imap_partial_of(&a->ret->partial, a->n, &from, &to);
    buf_add(b, S(" PARTIAL ("));
    buf_add(b, a->ret->partial.as_sent);
    buf_addc(b, ' ');
    if (from == to)
        buf_add(b, S("NIL"));
    else
        answer_write_set(s, b, a->at + from, to - from, a->uid);
    buf_addc(b, ')');
}

/* RFC 7162 3.1.10: of the messages that were told; of all that were found where all count. */
static void write_modseq(struct session *s, struct buf *b, const struct answer *a, unsigned options)
{
    uint64_t modseq = 0;
    if (options & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT | IMAP_RETURN_PARTIAL)) {
        modseq = highest(s, a->at, a->n);
    } else {
        uint64_t first = options & IMAP_RETURN_MIN ? highest(s, a->at, 1) : 0;
        uint64_t last = options & IMAP_RETURN_MAX ? highest(s, a->at + a->n - 1, 1) : 0;
        modseq = first > last ? first : last;
    }
    if (modseq > 0)
        buf_addf(b, " MODSEQ %llu", (unsigned long long)modseq);
}

static void say_extended(struct session *s, const struct answer *a, unsigned options)
{
    const struct store_box *box = store_box(s->store);
    auto_buf struct buf b;
    buf_init(&b, ANSWER_MAX);
    buf_add(&b, S("* ESEARCH (TAG \""));
    buf_add(&b, s->tag);
    buf_add(&b, a->uid ? S("\") UID") : S("\")"));
    if (a->n > 0 && (options & IMAP_RETURN_MIN))
        buf_addf(&b, " MIN %u", number_of(box, a->at[0], a->uid));
    if (a->n > 0 && (options & IMAP_RETURN_MAX))
        buf_addf(&b, " MAX %u", number_of(box, a->at[a->n - 1], a->uid));
    if (options & IMAP_RETURN_COUNT)
        buf_addf(&b, " COUNT %zu", a->n);
    if (a->n > 0 && (options & IMAP_RETURN_ALL)) {
        buf_add(&b, S(" ALL "));
        answer_write_set(s, &b, a->at, a->n, a->uid);
    }
    if (options & IMAP_RETURN_PARTIAL)
        write_partial(s, &b, a);
    if (a->modseq && a->n > 0)
        write_modseq(s, &b, a, options);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
}

void answer_say(struct session *s, const struct answer *a)
{
    unsigned options = a->ret->options;
    bool extended = a->ret->given;
    /* RFC 9051 6.4.4: IMAP4rev2 has no other answer than ESEARCH. */
    if (!extended && (s->enabled & ENABLED_REV2) && str_eq(str_from(a->word), S("SEARCH"))) {
        extended = true;
        options = IMAP_RETURN_ALL;
    }
    const unsigned results = IMAP_RETURN_MIN | IMAP_RETURN_MAX | IMAP_RETURN_ALL |
                             IMAP_RETURN_COUNT | IMAP_RETURN_PARTIAL;
    if (!extended)
        say_plain(s, a);
    else if (options & results) /* RFC 5182 2.1: SAVE alone is answered by OK alone */
        say_extended(s, a, options);
}

static void keep_some(struct session *s, const struct answer *a)
{
    unsigned options = a->ret->options;
    size_t from = 0, to = 0, n = 0;
    if (options & IMAP_RETURN_PARTIAL)
        imap_partial_of(&a->ret->partial, a->n, &from, &to);
    uint32_t *some = NEW_N(s->arena, uint32_t, to - from + 2);
    if ((options & IMAP_RETURN_MIN) && (from > 0 || from == to))
        some[n++] = a->at[0];
    for (size_t i = from; i < to; i++)
        some[n++] = a->at[i];
    if ((options & IMAP_RETURN_MAX) && (n == 0 || some[n - 1] != a->at[a->n - 1]))
        some[n++] = a->at[a->n - 1];
    saved_keep(s, some, n);
}

void answer_save(struct session *s, const struct answer *a)
{
    unsigned options = a->ret->options;
    if (!(options & IMAP_RETURN_SAVE))
        return;
    const unsigned some = IMAP_RETURN_MIN | IMAP_RETURN_MAX | IMAP_RETURN_PARTIAL;
    bool all = options & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT);
    if (all || !(options & some) || a->n == 0)
        saved_keep(s, a->at, a->n);
    else
        keep_some(s, a);
}
