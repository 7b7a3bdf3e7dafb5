/* SPDX-License-Identifier: ISC */
#include "imapd/sync.h"

#include <assert.h>

#include "imapd/condstore.h"
#include "imapd/contexts.h"
#include "wire/imap_write.h"

static_assert((int)IMAP_SEEN == STORE_SEEN && (int)IMAP_ANSWERED == STORE_ANSWERED &&
                  (int)IMAP_FLAGGED == STORE_FLAGGED && (int)IMAP_DELETED == STORE_DELETED &&
                  (int)IMAP_DRAFT == STORE_DRAFT && (int)IMAP_RECENT == STORE_RECENT,
              "wire and store number the system flags alike");

void sync_write_flags(const struct session *s, uint32_t flags, struct buf *b)
{
    const struct store_box *box = store_box(s->store);
    if (s->enabled & ENABLED_REV2) /* RFC 9051 A: there is no \Recent any more */
        flags &= ~(uint32_t)STORE_RECENT;
    str words[STORE_KEYWORDS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < box->n_keywords; i++)
        if ((flags & STORE_KEYWORD(i)) && box->keywords[i].n > 0)
            words[n++] = box->keywords[i];
    imap_write_flags(b, flags & STORE_SYSTEM_FLAGS, words, n);
}

/* RFC 4314 5.1: \Seen, \Deleted and all others have a right each. */
static unsigned kept_flags(const struct store_box *box)
{
    unsigned all = STORE_SYSTEM_FLAGS & ~(unsigned)STORE_RECENT;
    unsigned kept = (box->rights & ACL_SEEN ? STORE_SEEN : 0u) |
                    (box->rights & ACL_DELETED ? STORE_DELETED : 0u);
    return box->rights & ACL_WRITE ? kept | (all & ~(unsigned)(STORE_SEEN | STORE_DELETED)) : kept;
}

static void write_known(const struct store_box *box, struct buf *b, bool kept)
{
    str words[STORE_KEYWORDS_MAX + 1];
    size_t n = 0, used = 0;
    bool words_too = !kept || (box->rights & ACL_WRITE);
    for (size_t i = 0; i < box->n_keywords && words_too; i++) {
        used += box->keywords[i].n > 0;
        if (box->keywords[i].n > 0)
            words[n++] = box->keywords[i];
    }
    if (kept && words_too && used < STORE_KEYWORDS_MAX)
        words[n++] = S("\\*");
    unsigned flags = STORE_SYSTEM_FLAGS & ~(unsigned)STORE_RECENT;
    imap_write_flags(b, kept ? kept_flags(box) : flags, words, n);
}

void sync_say_known_flags(struct session *s)
{
    const struct store_box *box = store_box(s->store);
    auto_buf struct buf b;
    buf_init(&b, 64 * 1024);
    buf_add(&b, S("* FLAGS "));
    write_known(box, &b, false);
    buf_add(&b, S("\r\n* OK [PERMANENTFLAGS "));
    if (box->writable)
        write_known(box, &b, true);
    else
        buf_add(&b, S("()"));
    buf_add(&b, S("] These flags are kept.\r\n"));
    say_bytes(s, buf_str(&b));
}

void sync_begin_fetch(const struct session *s, size_t index, struct buf *b)
{
    if (s->enabled & ENABLED_UIDONLY)
        buf_addf(b, "* %u UIDFETCH (", store_box(s->store)->messages[index].uid);
    else
        buf_addf(b, "* %zu FETCH (", index + 1);
}

/* RFC 7162 3.2: with QRESYNC each change names its UID; 3.1: with CONDSTORE its mod-sequence. */
static void write_fetch(const struct session *s, size_t index, unsigned flags, struct buf *b)
{
    const struct store_message *m = &store_box(s->store)->messages[index];
    sync_begin_fetch(s, index, b);
    if (((flags & SYNC_WITH_UID) || (s->enabled & ENABLED_QRESYNC)) &&
        !(s->enabled & ENABLED_UIDONLY))
        buf_addf(b, "UID %u ", m->uid);
    if (!(flags & SYNC_NO_FLAGS)) {
        buf_add(b, S("FLAGS "));
        sync_write_flags(s, m->flags, b);
    }
    if (condstore_is_on(s))
        buf_addf(b, "%sMODSEQ (%llu)", flags & SYNC_NO_FLAGS ? "" : " ",
                 (unsigned long long)condstore_modseq(s, index));
    buf_add(b, S(")\r\n"));
}

void sync_say_flags(struct session *s, size_t index, unsigned flags)
{
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    write_fetch(s, index, flags, &b);
    say_bytes(s, buf_str(&b));
}

static size_t count_recent(const struct store_box *box)
{
    size_t n = 0;
    for (size_t i = 0; i < box->n; i++)
        n += (box->messages[i].flags & STORE_RECENT) != 0;
    return n;
}

static uint32_t keyword_bits(const struct store_box *box, const struct imap_flags *flags)
{
    uint32_t bits = 0;
    for (size_t k = 0; k < flags->n; k++)
        for (size_t i = 0; i < box->n_keywords; i++)
            if (box->keywords[i].n > 0 && str_ieq(box->keywords[i], flags->keywords[k]))
                bits |= STORE_KEYWORD(i);
    return bits;
}

/* `span` and `place` walk along with ascending indices: *place is of the span's first message. */
struct own_walk {
    size_t span, place;
};

static bool is_own(const struct sync_own *own, struct own_walk *w, uint32_t bits, size_t index,
                   uint32_t now)
{
    if (own == NULL)
        return false;
    const struct spans *spans = own->spans;
    while (w->span < spans->n && spans->at[w->span].to <= index) {
        w->place += spans->at[w->span].to - spans->at[w->span].from;
        w->span++;
    }
    if (w->span == spans->n || spans->at[w->span].from > index)
        return false;
    uint32_t was = own->before[w->place + index - spans->at[w->span].from];
    uint32_t want = own->op == STORE_FLAGS_ADD      ? was | bits
                    : own->op == STORE_FLAGS_REMOVE ? was & ~bits
                                                    : bits;
    return ((want ^ now) & ~(uint32_t)STORE_RECENT) == 0;
}

static void say_flag_changes(struct session *s, const struct store_changes *c, unsigned flags,
                             const struct sync_own *own)
{
    const struct store_box *box = store_box(s->store);
    uint32_t bits = own != NULL ? own->flags->system | keyword_bits(box, own->flags) : 0;
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    struct own_walk walk = {0};
    for (size_t i = 0; i < c->n_flags; i++) {
        size_t index = c->flags[i].index;
        bool ours = is_own(own, &walk, bits, index, box->messages[index].flags);
        if ((ours || c->flags[i].own) && (flags & SYNC_HIDE_OWN))
            continue;
        write_fetch(s, index, flags, &b);
        say_bytes(s, buf_str(&b));
        buf_reset(&b);
    }
}

static void say_vanished(struct session *s, const struct store_changes *c)
{
    struct vanished v;
    vanished_begin(&v, s, "* VANISHED ");
    for (size_t i = c->n_gone; i-- > 0;) /* the lowest is the last */
        vanished_add(&v, c->gone[i].uid, c->gone[i].uid);
    vanished_end(&v);
}

static void say_changes(struct session *s, const struct store_changes *c, unsigned flags,
                        const struct sync_own *own)
{
    const struct store_box *box = store_box(s->store);
    contexts_say_gone(s, c); /* while the numbers still mean what the client thinks */
    if (s->enabled & (ENABLED_QRESYNC | ENABLED_UIDONLY)) /* RFC 7162 3.2.10, RFC 9586 3.3 */
        say_vanished(s, c);
    else
        for (size_t i = 0; i < c->n_gone; i++)
            say(s, "* %u EXPUNGE\r\n", c->gone[i].seq);
    if (c->n_new > 0) {
        say(s, "* %zu EXISTS\r\n", box->n);
        if (!(s->enabled & ENABLED_REV2))
            say(s, "* %zu RECENT\r\n", count_recent(box));
    }
    if (c->keywords_changed)
        sync_say_known_flags(s);
    say_flag_changes(s, c, flags, own);
    contexts_say_changed(s, c);
}

static void sync_and_say(struct session *s, enum store_sync_mode mode, unsigned flags,
                         const struct sync_own *own)
{
    struct store_changes c = {0};
    err e = store_sync(s->store, mode, &c);
    if (failed(e))
        session_bye(s, "The mailbox cannot be read any more");
    else if (c.lost)
        session_bye(s, "The mailbox was deleted or renamed, or is not yours to read any more");
    else
        say_changes(s, &c, flags, own);
}

void sync_say(struct session *s, enum store_sync_mode mode, unsigned flags)
{
    if (store_box(s->store) != NULL && ((flags & SYNC_ALWAYS) || store_has_news(s->store)))
        sync_and_say(s, mode, flags, NULL);
}

struct sync_own sync_remember(struct session *s, const struct spans *spans, enum store_flags_op op,
                              const struct imap_flags *flags)
{
    const struct store_box *box = store_box(s->store);
    uint32_t *before = NEW_N(s->arena, uint32_t, spans_count(spans) + 1);
    size_t span = 0, next = 0, index, n = 0;
    while (spans_next(spans, &span, &next, &index))
        before[n++] = box->messages[index].flags;
    return (struct sync_own){spans, before, op, flags};
}

void sync_say_but_own(struct session *s, unsigned flags, const struct sync_own *own)
{
    sync_and_say(s, STORE_SYNC_KEEP_GONE, flags | SYNC_HIDE_OWN, own);
}
