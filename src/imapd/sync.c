/* SPDX-License-Identifier: ISC */
#include "imapd/sync.h"

#include <assert.h>

#include "wire/imap_write.h"

static_assert((int)IMAP_SEEN == STORE_SEEN && (int)IMAP_ANSWERED == STORE_ANSWERED &&
                  (int)IMAP_FLAGGED == STORE_FLAGGED && (int)IMAP_DELETED == STORE_DELETED &&
                  (int)IMAP_DRAFT == STORE_DRAFT && (int)IMAP_RECENT == STORE_RECENT,
              "wire and store number the system flags alike");

void sync_write_flags(const struct store_box *box, uint32_t flags, struct buf *b)
{
    str words[STORE_KEYWORDS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < box->n_keywords; i++)
        if ((flags & STORE_KEYWORD(i)) && box->keywords[i].n > 0)
            words[n++] = box->keywords[i];
    imap_write_flags(b, flags & STORE_SYSTEM_FLAGS, words, n);
}

static void write_known(const struct store_box *box, struct buf *b, bool may_add)
{
    str words[STORE_KEYWORDS_MAX + 1];
    size_t n = 0, used = 0;
    for (size_t i = 0; i < box->n_keywords; i++) {
        used += box->keywords[i].n > 0;
        if (box->keywords[i].n > 0)
            words[n++] = box->keywords[i];
    }
    if (may_add && used < STORE_KEYWORDS_MAX)
        words[n++] = S("\\*");
    imap_write_flags(b, STORE_SYSTEM_FLAGS & ~(unsigned)STORE_RECENT, words, n);
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

static void write_fetch(const struct store_box *box, size_t index, unsigned flags, struct buf *b)
{
    const struct store_message *m = &box->messages[index];
    buf_addf(b, "* %zu FETCH (", index + 1);
    if (flags & SYNC_WITH_UID)
        buf_addf(b, "UID %u ", m->uid);
    buf_add(b, S("FLAGS "));
    sync_write_flags(box, m->flags, b);
    buf_add(b, S(")\r\n"));
}

void sync_say_flags(struct session *s, size_t index, unsigned flags)
{
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    write_fetch(store_box(s->store), index, flags, &b);
    say_bytes(s, buf_str(&b));
}

static size_t count_recent(const struct store_box *box)
{
    size_t n = 0;
    for (size_t i = 0; i < box->n; i++)
        n += (box->messages[i].flags & STORE_RECENT) != 0;
    return n;
}

static void say_changes(struct session *s, const struct store_changes *c, unsigned flags)
{
    const struct store_box *box = store_box(s->store);
    for (size_t i = 0; i < c->n_gone; i++)
        say(s, "* %u EXPUNGE\r\n", c->gone[i].seq);
    if (c->n_new > 0) {
        say(s, "* %zu EXISTS\r\n", box->n);
        say(s, "* %zu RECENT\r\n", count_recent(box));
    }
    if (c->keywords_changed)
        sync_say_known_flags(s);
    auto_buf struct buf b;
    buf_init(&b, 16 * 1024);
    for (size_t i = 0; i < c->n_flags; i++) {
        if (c->flags[i].own && (flags & SYNC_HIDE_OWN))
            continue;
        write_fetch(box, c->flags[i].index, flags, &b);
        say_bytes(s, buf_str(&b));
        buf_reset(&b);
    }
}

void sync_say(struct session *s, enum store_sync_mode mode, unsigned flags)
{
    if (store_box(s->store) == NULL)
        return;
    if (!(flags & SYNC_ALWAYS) && !store_has_news(s->store))
        return;
    struct store_changes c = {0};
    err e = store_sync(s->store, mode, &c);
    if (failed(e)) {
        session_bye(s, "The mailbox cannot be read any more");
        return;
    }
    if (c.lost) {
        session_bye(s, "The mailbox was deleted or renamed");
        return;
    }
    say_changes(s, &c, flags);
}
