/* SPDX-License-Identifier: ISC */
/* How it works: the file is read whole (mapped) when its stamp changed, under its locks. UIDs and
 * flags stand in header fields that we pad, so that a change of flags overwrites in place;
 * only numbering new mail and expunging move bytes, from the first changed message on, through
 * the journal of mbox.c. Bodies are handed out as sealed copies: the file may change any time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/keeper.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/box.h"
#include "store/mbox_private.h"
#include "wire/crlf.h"
#include "wire/message.h"

enum { LOCK_MS = 5000, RENDER_MAX = 1 << 30, BASE_DIGITS = 10, KEYWORD_ROOM = 24, META_MAX = 8192 };

struct positions {
    char name[256];              /* of the file in b->dir */
    VEC(struct mbox_message) at; /* beside the table; valid while the stamp is */
};

struct look { /* one locked look at the file */
    struct mbox m;
    str text;
    VEC(struct mbox_message) at;
    struct mbox_base base;
};

static struct positions *positions_of(struct box *b)
{
    return b->extra;
}

/* ---- looking ---- */

static void look_done(struct look *l)
{
    fd_unmap(l->text);
    vec_done(&l->at);
    mbox_close(&l->m);
}

static err parse_all(struct box *b, struct look *l)
{
    fd_unmap(l->text);
    l->text = S("");
    l->at.n = 0;
    err e = fd_map(l->m.fd, SIZE_MAX / 2, &l->text);
    if (failed(e))
        return e;
    if (!mbox_starts_well(l->text))
        b->problems++; /* what stands there shows up as a message of its own */
    uint64_t at = 0;
    struct mbox_message one;
    while (mbox_next(l->text, &at, &one)) {
        if (l->at.n == STORE_MESSAGES_MAX)
            return err_new(ERR_LIMIT, "too many messages in an mbox");
        vec_push(&l->at, one);
    }
    l->base = (struct mbox_base){0};
    if (l->at.n)
        l->base = mbox_base_read(l->text, &l->at.at[0]);
    return OK_ERR;
}

static err look_open(struct box *b, struct look *l, enum mbox_open how)
{
    *l = (struct look){.m = {.fd = -1}, .text = S("")};
    return mbox_open(b->dir, positions_of(b)->name, how, deadline_in_ms(LOCK_MS), &l->m);
}

/* ---- our header fields ---- */

static void write_keywords(struct buf *b, const struct box *box, uint32_t flags)
{
    size_t from = b->n;
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++)
        if (flags & STORE_KEYWORD(i) && box->keywords.name[i])
            buf_addf(b, "%s%s", b->n > from ? " " : "", box->keywords.name[i]);
    while (b->n - from < KEYWORD_ROOM)
        buf_addc(b, ' ');
}

static void write_meta(struct buf *b, const struct box *box, uint32_t uid, uint32_t flags)
{
    char status[5] = "    ";
    size_t n = 0;
    static const struct {
        uint32_t flag;
        char letter;
    } extended[] = {
        {STORE_ANSWERED, 'A'}, {STORE_FLAGGED, 'F'}, {STORE_DELETED, 'D'}, {STORE_DRAFT, 'T'}};
    for (size_t i = 0; i < 4; i++)
        if (flags & extended[i].flag)
            status[n++] = extended[i].letter;
    buf_addf(b, "X-UID: %u\nStatus: %s\nX-Status: %s\nX-Keywords: ", uid,
             flags & STORE_SEEN ? "RO" : "O ", status);
    write_keywords(b, box, flags);
    buf_addc(b, '\n');
}

static void write_base(struct buf *b, uint32_t uidvalidity, uint32_t last_uid)
{
    buf_addf(b, "X-IMAPbase: %u %010u\n", uidvalidity, last_uid);
}

/* Message i as it shall stand in the file. */
static void render(struct buf *out, const struct box *b, const struct look *l, size_t i,
                   uint32_t uid, uint32_t flags, bool first)
{
    const struct mbox_message *m = &l->at.at[i];
    buf_add(out, str_slice(l->text, (size_t)m->at, (size_t)m->header));
    mbox_header_write(out, l->text, m);
    if (first)
        write_base(out, b->uidvalidity, b->uidnext - 1);
    write_meta(out, b, uid, flags);
    buf_addc(out, '\n');
    buf_add(out, str_slice(l->text, (size_t)m->body, (size_t)m->end));
    if (!str_ends(buf_str(out), S("\n\n"))) /* the next From_ line needs it */
        buf_add(out, str_ends(buf_str(out), S("\n")) ? S("\n") : S("\n\n"));
}

/* Where the digits of the last UID stand, if they have their ten places. */
static bool find_base_digits(const struct look *l, uint64_t *ret_at)
{
    const struct mbox_message *m = &l->at.at[0];
    str header = str_slice(l->text, (size_t)m->header, (size_t)m->body), line;
    while (str_line(&header, &line)) {
        str value = line;
        uint64_t validity;
        if (!str_iskip(&value, S("X-IMAPbase: ")) || !str_take_u64(&value, &validity) ||
            !str_skip(&value, S(" ")))
            continue;
        size_t digits = 0;
        while (digits < value.n && char_is_digit(value.p[digits]))
            digits++;
        *ret_at = (uint64_t)(value.p - l->text.p);
        return digits == BASE_DIGITS;
    }
    return false;
}

static err write_base_digits(struct look *l, uint64_t at, uint32_t last_uid)
{
    char digits[BASE_DIGITS + 1];
    (void)snprintf(digits, sizeof digits, "%010u", last_uid); /* always ten */
    return file_pwrite(l->m.fd, str_of(digits, BASE_DIGITS), at);
}

/* ---- numbering ---- */

/* The first message whose X-UID cannot be its UID; from there on all are numbered anew. */
static size_t first_unnumbered(const struct look *l)
{
    uint32_t last = 0;
    for (size_t i = 0; i < l->at.n; i++) {
        uint32_t uid = l->at.at[i].uid;
        if (!l->base.present || uid <= last || uid > l->base.last_uid)
            return i;
        last = uid;
    }
    return l->at.n;
}

static uint32_t flags_of(struct box *b, const struct mbox_message *m)
{
    uint32_t flags = m->flags;
    str rest = m->keywords, word;
    while (rest.n) {
        int letter;
        bool added = false;
        (void)str_cut(rest, ' ', &word, &rest); /* the last has no blank after it */
        if (!word.n)
            continue;
        err e = keywords_need(&b->keywords, word, &letter, &added);
        if (!failed(e)) /* a 27th keyword stays in the file, unseen */
            flags |= STORE_KEYWORD(letter);
        if (added)
            b->keywords_version = box_version(b) + 1;
    }
    return flags;
}

/* Writes UIDs from message `from` on (and a base at the first message). */
static err number_from(struct box *b, struct look *l, size_t from)
{
    uint64_t digits;
    bool base_in_place = l->base.present && from > 0 && find_base_digits(l, &digits);
    uint32_t uid = b->uidnext;
    if (l->at.n - from > UINT32_MAX - 1 - uid)
        return err_new(ERR_LIMIT, "the mailbox has used up its UIDs");
    b->uidnext = uid + (uint32_t)(l->at.n - from);
    size_t start = base_in_place ? from : 0;
    auto_buf struct buf tail;
    buf_init(&tail, SIZE_MAX / 2);
    for (size_t i = start; i < l->at.n; i++) {
        const struct mbox_message *m = &l->at.at[i];
        if (i >= from || i == 0)
            render(&tail, b, l, i, i >= from ? uid + (uint32_t)(i - from) : m->uid, flags_of(b, m),
                   i == 0);
        else
            buf_add(&tail, str_slice(l->text, (size_t)m->at, (size_t)m->end));
    }
    err e = OK_ERR;
    if (base_in_place)
        e = write_base_digits(l, digits, b->uidnext - 1);
    if (!failed(e))
        e = mbox_replace_tail(&l->m, l->at.at[start].at, buf_str(&tail));
    return failed(e) ? e : parse_all(b, l);
}

static err number(struct box *b, struct look *l)
{
    if (l->base.present && b->uidvalidity && l->base.uidvalidity != b->uidvalidity) {
        b->lost = true;
        return OK_ERR;
    }
    if (!b->uidvalidity)
        b->uidvalidity = l->base.present ? l->base.uidvalidity : (uint32_t)clock_seconds();
    if (l->base.present && l->base.last_uid >= b->uidnext)
        b->uidnext = l->base.last_uid + 1;
    size_t from = first_unnumbered(l);
    if (from == l->at.n)
        return OK_ERR;
    if (!b->first_recent || b->first_recent > b->uidnext)
        b->first_recent = b->uidnext;
    err e = number_from(b, l, from);
    if (failed(e))
        return e;
    return first_unnumbered(l) == l->at.n ? OK_ERR
                                          : err_new(ERR_SYNTAX, "an mbox cannot be numbered");
}

/* ---- the table ---- */

static void measure(struct look *l, const struct mbox_message *m, uint32_t *ret_size)
{
    auto_buf struct buf body;
    buf_init(&body, RENDER_MAX);
    mbox_message_write(&body, l->text, m);
    uint64_t n = crlf_measure(buf_str(&body)).octets;
    *ret_size = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static void compare(struct box *b, struct look *l)
{
    bool *doomed = mem_alloc("marks", b->table.n);
    size_t at = 0;
    for (size_t i = 0; i < b->table.n; i++) {
        while (at < l->at.n && l->at.at[at].uid < b->table.at[i].uid)
            at++;
        doomed[i] = at == l->at.n || l->at.at[at].uid != b->table.at[i].uid;
        if (!doomed[i])
            box_changed(b, i, flags_of(b, &l->at.at[at]), 0);
    }
    box_remove_marked(b, doomed);
    free(doomed);
    for (size_t i = 0; i < l->at.n; i++) {
        const struct mbox_message *m = &l->at.at[i];
        if (i < b->table.n && b->table.at[i].uid == m->uid)
            continue;
        struct store_message row = {
            .uid = m->uid, .flags = flags_of(b, m), .date = m->date < 0 ? 0 : (uint32_t)m->date};
        char name[16];
        int n = snprintf(name, sizeof name, "%u", m->uid); /* the hash wants a name each */
        str base = str_of(name, (size_t)n);
        const struct index_row *known =
            b->n_rows ? box_index_row(b, m->uid, box_name_hash(base)) : NULL;
        struct box_entry entry = box_entry_named(b, base);
        entry.saved = known ? known->saved : row.date;
        entry.known = known != NULL;
        measure(l, m, &row.size);
        box_insert(b, &row, entry);
    }
    struct positions *p = positions_of(b);
    vec_done(&p->at);
    p->at.at = l->at.at;
    p->at.n = l->at.n;
    p->at.cap = l->at.cap;
    l->at.at = NULL;
    l->at.n = l->at.cap = 0;
}

static err look_again(struct box *b, struct look *l)
{
    err e = parse_all(b, l);
    if (!failed(e))
        e = number(b, l);
    if (failed(e) || b->lost)
        return e;
    if (!b->opened)
        box_index_load(b);
    compare(b, l);
    box_stamp(b, positions_of(b)->name);
    b->stale = false;
    return OK_ERR;
}

static err mbox_refresh(struct box *b)
{
    if (b->uidvalidity && !box_stamp_changed(b, positions_of(b)->name))
        return OK_ERR;
    bool first_time = b->uidvalidity == 0;
    struct look l;
    err e = look_open(b, &l, MBOX_CREATE);
    if (failed(e))
        return e;
    e = look_again(b, &l);
    look_done(&l);
    if (failed(e) || !first_time)
        return e;
    b->first_version = b->keywords_version = 1;
    b->changes.n = 0;
    if (!b->first_recent)
        b->first_recent = b->uidnext;
    box_index_settle(b);
    return OK_ERR;
}

/* For a change: the file as the table knows it, locked. */
static err look_for_change(struct box *b, struct look *l)
{
    err e = look_open(b, l, MBOX_EXISTING);
    if (failed(e))
        return e;
    e = parse_all(b, l);
    if (!failed(e) && box_stamp_changed(b, positions_of(b)->name)) {
        b->outdated = true;
        e = err_new(ERR_TEMP, "another program changed the mbox");
    }
    if (failed(e))
        look_done(l);
    return e;
}

/* ---- changes ---- */

static err mbox_take_recent(struct box *b)
{
    (void)b; /* Status: O is written when a message is numbered */
    return OK_ERR;
}

static bool may_carry_base(const struct look *l, size_t i)
{
    return i == 0 && l->base.present;
}

/* From the first message on whose length changes: everything moves. */
static err rewrite_from(struct box *b, struct look *l, const struct box_want *want, size_t n)
{
    auto_buf struct buf tail;
    buf_init(&tail, SIZE_MAX / 2);
    size_t next = 0, start = want[0].index;
    for (size_t i = start; i < l->at.n; i++) {
        const struct mbox_message *m = &l->at.at[i];
        if (next < n && want[next].index == i)
            render(&tail, b, l, i, m->uid, want[next++].flags, may_carry_base(l, i));
        else
            buf_add(&tail, str_slice(l->text, (size_t)m->at, (size_t)m->end));
    }
    return mbox_replace_tail(&l->m, l->at.at[start].at, buf_str(&tail));
}

static err write_flags(struct box *b, struct look *l, const struct box_want *want, size_t n)
{
    auto_buf struct buf one;
    buf_init(&one, RENDER_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct mbox_message *m = &l->at.at[want[i].index];
        buf_reset(&one);
        render(&one, b, l, want[i].index, m->uid, want[i].flags, may_carry_base(l, want[i].index));
        if (one.n != m->end - m->at)
            return rewrite_from(b, l, want + i, n - i);
        /* Same length: only our fields differ, and torn they are at worst an older flag. */
        size_t head = (size_t)(m->body - m->at);
        err e = file_pwrite(l->m.fd, str_slice(buf_str(&one), 0, head), m->at);
        if (failed(e))
            return e;
    }
    return file_datasync(l->m.fd);
}

static err mbox_set_flags(struct box *b, const struct box_want *want, size_t n, uint32_t by)
{
    struct look l;
    err e = look_for_change(b, &l);
    if (failed(e))
        return e;
    e = write_flags(b, &l, want, n);
    for (size_t i = 0; i < n && !failed(e); i++)
        box_changed(b, want[i].index, want[i].flags, by);
    if (!failed(e))
        e = look_again(b, &l);
    look_done(&l);
    return e;
}

static err mbox_expunge(struct box *b, const bool *doomed)
{
    struct look l;
    err e = look_for_change(b, &l);
    if (failed(e))
        return e;
    auto_buf struct buf tail;
    buf_init(&tail, SIZE_MAX / 2);
    size_t start = 0;
    while (start < l.at.n && !doomed[start])
        start++;
    bool first = start == 0; /* then another message must carry the base */
    for (size_t i = start; i < l.at.n; i++) {
        const struct mbox_message *m = &l.at.at[i];
        if (doomed[i])
            continue;
        if (first)
            render(&tail, b, &l, i, m->uid, b->table.at[i].flags, true);
        else
            buf_add(&tail, str_slice(l.text, (size_t)m->at, (size_t)m->end));
        first = false;
    }
    if (start < l.at.n)
        e = mbox_replace_tail(&l.m, l.at.at[start].at, buf_str(&tail));
    if (!failed(e))
        e = look_again(b, &l);
    look_done(&l);
    return e;
}

static err mbox_fetch(struct box *b, size_t at, int *ret_fd)
{
    struct look l;
    err e = look_open(b, &l, MBOX_EXISTING);
    if (failed(e))
        return e;
    auto_buf struct buf body;
    buf_init(&body, RENDER_MAX);
    if (box_stamp_changed(b, positions_of(b)->name))
        e = err_new(ERR_NOTFOUND, "the mbox changed"); /* box_fetch() looks again */
    if (!failed(e))
        e = fd_map(l.m.fd, SIZE_MAX / 2, &l.text);
    if (!failed(e)) {
        mbox_message_write(&body, l.text, &positions_of(b)->at.at[at]);
        e = buf_check(&body, "message");
    }
    if (!failed(e))
        e = fd_sealed("message", buf_str(&body), ret_fd);
    look_done(&l);
    return e;
}

/* As Dovecot's default for mbox: UIDVALIDITY and UID. */
static void mbox_uidl(struct box *b, size_t at, struct buf *out)
{
    buf_addf(out, "%08x%08x", b->table.at[at].uid, b->uidvalidity);
}

/* ---- adding ---- */

static err append_one(struct box *b, struct look *l, const struct box_incoming *in, bool first)
{
    auto_buf struct buf ours, from;
    buf_init(&ours, META_MAX);
    buf_init(&from, 256);
    if (first)
        write_base(&ours, b->uidvalidity, b->uidnext - 1);
    write_meta(&ours, b, in->uid, in->flags);
    from_line_write(&from, S(""), in->date < 0 ? clock_seconds() : in->date);
    err e = buf_check(&ours, "our header fields");
    if (failed(e))
        return e;
    struct mbox_delivery d = {.from_line = buf_str(&from), .ours = buf_str(&ours), .fd = in->fd};
    return mbox_append(&l->m, &d);
}

static err append_all(struct box *b, struct look *l, struct box_incoming *in, size_t n)
{
    uint64_t size, digits;
    err e = fd_size(l->m.fd, &size);
    for (size_t i = 0; i < n; i++)
        in[i].uid = b->uidnext++;
    if (!failed(e) && l->at.n) {
        if (find_base_digits(l, &digits))
            e = write_base_digits(l, digits, b->uidnext - 1);
        else
            e = number_from(b, l, l->at.n); /* writes a base of ours, numbers nothing */
        if (!failed(e))
            e = fd_size(l->m.fd, &size);
    }
    for (size_t i = 0; i < n && !failed(e); i++)
        e = append_one(b, l, &in[i], size == 0 && i == 0);
    if (!failed(e))
        e = mbox_sync(&l->m);
    if (failed(e) && ftruncate(l->m.fd, (off_t)size) < 0)
        return err_sys("truncate back");
    return e;
}

static err mbox_add(struct box *b, struct box *from, enum box_add how, struct box_incoming *in,
                    size_t n)
{
    (void)from;
    (void)how; /* a move is a copy here; box_add() removes the source afterwards */
    err e = mbox_refresh(b);
    if (failed(e))
        return e;
    struct look l;
    e = look_for_change(b, &l);
    if (failed(e))
        return e;
    e = append_all(b, &l, in, n);
    err again = b->lost ? OK_ERR : look_again(b, &l);
    look_done(&l);
    return failed(e) ? e : again;
}

static err mbox_keywords_changed(struct box *b)
{
    (void)b; /* names stand in the messages' own X-Keywords */
    return OK_ERR;
}

static void mbox_free(struct box *b)
{
    struct positions *p = positions_of(b);
    if (!p)
        return;
    vec_done(&p->at);
    free(p);
}

static const struct box_kind mbox_kind = {
    .refresh = mbox_refresh,
    .take_recent = mbox_take_recent,
    .set_flags = mbox_set_flags,
    .expunge = mbox_expunge,
    .fetch = mbox_fetch,
    .uidl = mbox_uidl,
    .add = mbox_add,
    .keywords_changed = mbox_keywords_changed,
    .free = mbox_free,
};

err box_open_mbox(int dir, const char *path, str folder, struct box **ret)
{
    return box_open_mbox_with(dir, path, folder, NULL, ret);
}

err box_open_mbox_with(int dir, const char *path, str folder, struct index *x, struct box **ret)
{
    struct box *b = box_new(&mbox_kind, folder);
    b->index = x;
    struct positions *p = mem_alloc("mbox", sizeof *p);
    b->extra = p;
    str all = str_from(path);
    ptrdiff_t slash = str_rfind(all, '/');
    str name = str_from_at(all, (size_t)(slash + 1));
    char parent[1024] = ".";
    err e = OK_ERR;
    if (!name.n || name.n >= sizeof p->name || slash >= (ptrdiff_t)sizeof parent)
        e = err_new(ERR_LIMIT, "mbox path is too long");
    if (!failed(e)) {
        memcpy(p->name, name.p, name.n);
        if (slash > 0)
            memcpy(parent, path, (size_t)slash);
        e = dir_open(dir, slash == 0 ? "/" : parent, &b->dir);
    }
    if (!failed(e))
        e = box_refresh(b);
    if (failed(e)) {
        box_free(b);
        return e;
    }
    *ret = b;
    return OK_ERR;
}
