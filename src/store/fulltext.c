/* SPDX-License-Identifier: ISC */
/* How it works: text and entries are gathered in memory; a commit writes the text, syncs it, and
 * then writes the entries, so that an entry on the disk always has its text there. Both files
 * begin with the same random number; a pair of which only one was replaced does not match and
 * counts as none. */
#include "store/fulltext.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"
#include "os/random.h"

enum { HEAD_BYTES = 64, MARKS = 3, NAME_BYTES = STORE_NAME_MAX + 64 };
static_assert(sizeof(struct fulltext_entry) == 32, "entries lie side by side on the disk");

struct head {
    char magic[16];
    uint64_t make; /* the same in both files */
    uint32_t version, uidvalidity;
    char rest[HEAD_BYTES - 32];
};
static_assert(sizeof(struct head) == HEAD_BYTES, "see above");

static const char magic[16] = "twinpost words\n";

struct fulltext {
    int dir, text_fd, index_fd;
    char text_name[NAME_BYTES], index_name[NAME_BYTES];
    struct head head;
    uint64_t entries, end; /* on disk: how many, and where the text ends */
    uint32_t upto;
    struct buf text;
    VEC(struct fulltext_entry) added;
};

static uint32_t entry_sum(const struct fulltext_entry *e)
{
    struct fulltext_entry copy = *e;
    uint64_t words[sizeof copy / 8], h = UINT64_C(0x9e3779b97f4a7c15);
    copy.sum = 0;
    memcpy(words, &copy, sizeof copy);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        h = (h ^ words[i]) * UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

static uint64_t entry_bytes(const struct fulltext_entry *e)
{
    return (uint64_t)e->head + e->parts + e->body + MARKS;
}

/* How many entries from the front are whole and in order, within `end` octets of text. */
static size_t good_entries(const struct fulltext_entry *at, size_t n, uint64_t end)
{
    uint64_t expected = HEAD_BYTES;
    uint32_t uid = 0;
    for (size_t i = 0; i < n; i++) {
        const struct fulltext_entry *e = &at[i];
        if (e->uid <= uid || e->at != expected || entry_bytes(e) > end - expected ||
            e->sum != entry_sum(e))
            return i;
        uid = e->uid;
        expected += entry_bytes(e);
    }
    return n;
}

static bool head_is_good(str file, uint32_t uidvalidity, struct head *ret)
{
    if (file.n < HEAD_BYTES)
        return false;
    memcpy(ret, file.p, HEAD_BYTES);
    return !memcmp(ret->magic, magic, sizeof magic) && ret->version == FULLTEXT_VERSION &&
           ret->uidvalidity == uidvalidity;
}

static void index_name(const struct fulltext_place *p, char name[NAME_BYTES])
{
    (void)snprintf(name, NAME_BYTES, "%s-index", p->name);
}

/* ---- reading ---- */

err fulltext_files(const struct fulltext_place *p, int *ret_index, int *ret_text)
{
    char name[NAME_BYTES];
    auto_fd int index = -1, text = -1;
    index_name(p, name);
    err e = file_open(p->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &index);
    if (!failed(e))
        e = file_open(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &text);
    if (failed(e))
        return e;
    *ret_index = fd_take(&index);
    *ret_text = fd_take(&text);
    return OK_ERR;
}

uint32_t fulltext_known(const struct fulltext_place *p, uint32_t uidvalidity)
{
    char name[NAME_BYTES], space[HEAD_BYTES];
    auto_fd int fd = -1;
    struct head head;
    struct fulltext_entry last;
    uint64_t size;
    index_name(p, name);
    err e = file_open(p->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (!failed(e))
        e = fd_size(fd, &size);
    if (failed(e) || size < HEAD_BYTES + sizeof last || (size - HEAD_BYTES) % sizeof last != 0)
        return 0;
    if (pread(fd, space, sizeof space, 0) != HEAD_BYTES ||
        !head_is_good(str_of(space, sizeof space), uidvalidity, &head) ||
        pread(fd, &last, sizeof last, (off_t)(size - sizeof last)) != sizeof last ||
        last.sum != entry_sum(&last))
        return 0;
    return last.uid;
}

err fulltext_view_open(int index, int text, uint32_t uidvalidity, struct fulltext_view *ret)
{
    struct fulltext_view v = {0};
    struct head a, b;
    err e = fd_map(index, SIZE_MAX / 2, &v.index);
    if (!failed(e))
        e = fd_map(text, SIZE_MAX / 2, &v.text);
    if (!failed(e) && !(head_is_good(v.index, uidvalidity, &a) &&
                        head_is_good(v.text, uidvalidity, &b) && a.make == b.make))
        e = err_new(ERR_NOTFOUND, "no index of these messages");
    if (failed(e)) {
        fulltext_view_done(&v);
        return e;
    }
    v.at = (const void *)(v.index.p + HEAD_BYTES); /* pages and HEAD_BYTES are aligned */
    v.n = good_entries(v.at, (v.index.n - HEAD_BYTES) / sizeof *v.at, v.text.n);
    *ret = v;
    return OK_ERR;
}

void fulltext_view_done(struct fulltext_view *v)
{
    fd_unmap(v->index);
    fd_unmap(v->text);
    *v = (struct fulltext_view){0};
}

/* ---- writing ---- */

/* New files, since a reader may have the old ones mapped. */
static err make_files(struct fulltext *f, int more)
{
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | more;
    err e = file_open(f->dir, f->index_name, flags, 0600, &f->index_fd);
    if (!failed(e))
        e = file_lock(f->index_fd, true, (deadline){0});
    return failed(e) ? e : file_open(f->dir, f->text_name, flags, 0600, &f->text_fd);
}

static err unlink_old(int dir, const char *name)
{
    err e = file_unlink(dir, name);
    return e.kind == ERR_NOTFOUND ? OK_ERR : e;
}

err fulltext_drop(const struct fulltext_place *p)
{
    char name[NAME_BYTES];
    index_name(p, name);
    err e = unlink_old(p->dir, name);
    return failed(e) ? e : unlink_old(p->dir, p->name);
}

static err begin_anew(struct fulltext *f, uint32_t uidvalidity)
{
    f->head = (struct head){.version = FULLTEXT_VERSION, .uidvalidity = uidvalidity};
    memcpy(f->head.magic, magic, sizeof magic);
    random_bytes(&f->head.make, sizeof f->head.make);
    f->entries = 0;
    f->upto = 0;
    f->end = HEAD_BYTES;
    fd_closep(&f->index_fd);
    fd_closep(&f->text_fd);
    str head = str_of(&f->head, sizeof f->head);
    err e = unlink_old(f->dir, f->index_name);
    if (!failed(e))
        e = unlink_old(f->dir, f->text_name);
    if (!failed(e))
        e = make_files(f, O_EXCL);
    if (!failed(e))
        e = file_pwrite(f->text_fd, head, 0);
    return failed(e) ? e : file_pwrite(f->index_fd, head, 0);
}

static err take_stock(struct fulltext *f, uint32_t uidvalidity)
{
    struct fulltext_view v;
    err e = fulltext_view_open(f->index_fd, f->text_fd, uidvalidity, &v);
    if (e.kind == ERR_NOTFOUND || (!failed(e) && v.n == 0)) {
        if (!failed(e))
            fulltext_view_done(&v);
        return begin_anew(f, uidvalidity);
    }
    if (failed(e))
        return e;
    memcpy(&f->head, v.index.p, HEAD_BYTES);
    f->entries = v.n;
    f->upto = v.at[v.n - 1].uid;
    f->end = v.at[v.n - 1].at + entry_bytes(&v.at[v.n - 1]);
    bool torn = v.index.n != HEAD_BYTES + v.n * sizeof *v.at;
    fulltext_view_done(&v);
    return torn ? file_truncate(f->index_fd, HEAD_BYTES + f->entries * sizeof *v.at) : OK_ERR;
}

err fulltext_open(const struct fulltext_place *p, uint32_t uidvalidity, struct fulltext **ret)
{
    struct fulltext *f = mem_alloc("index", sizeof *f);
    *f = (struct fulltext){.dir = p->dir, .text_fd = -1, .index_fd = -1};
    (void)snprintf(f->text_name, sizeof f->text_name, "%s", p->name);
    index_name(p, f->index_name);
    buf_init(&f->text, FULLTEXT_PENDING_MAX);
    err e = make_files(f, 0);
    if (!failed(e))
        e = take_stock(f, uidvalidity);
    if (failed(e))
        fulltext_close(f);
    else
        *ret = f;
    return e;
}

void fulltext_close(struct fulltext *f)
{
    if (!f)
        return;
    fd_close(f->index_fd);
    fd_close(f->text_fd);
    buf_done(&f->text);
    vec_done(&f->added);
    free(f);
}

uint32_t fulltext_upto(const struct fulltext *f)
{
    return f->added.n ? f->added.at[f->added.n - 1].uid : f->upto;
}

uint64_t fulltext_bytes(const struct fulltext *f)
{
    return f->end + f->text.n;
}

size_t fulltext_pending(const struct fulltext *f)
{
    return f->text.n;
}

static uint32_t add_piece(struct buf *to, const struct buf *piece)
{
    buf_add(to, buf_str(piece));
    buf_addc(to, '\xff');
    return (uint32_t)piece->n;
}

err fulltext_add(struct fulltext *f, uint32_t uid, const struct mail_text *t)
{
    static const struct buf nothing = {0};
    if (uid <= fulltext_upto(f))
        return err_new(ERR_SYNTAX, "messages come in the order of their UIDs");
    if (fulltext_bytes(f) > FULLTEXT_BYTES_MAX)
        return err_new(ERR_LIMIT, "the mailbox has too much text to index");
    struct fulltext_entry e = {.at = fulltext_bytes(f), .uid = uid};
    e.flags = !t || t->cut ? FULLTEXT_ASK : 0;
    size_t before = f->text.n;
    e.head = add_piece(&f->text, t ? &t->head : &nothing);
    e.parts = add_piece(&f->text, t ? &t->parts : &nothing);
    e.body = add_piece(&f->text, t ? &t->body : &nothing);
    if (f->text.over) {
        f->text.over = false;
        f->text.n = before;
        return err_new(ERR_TEMP, "commit first");
    }
    e.sum = entry_sum(&e);
    vec_push(&f->added, e);
    return OK_ERR;
}

err fulltext_commit(struct fulltext *f)
{
    if (!f->added.n)
        return OK_ERR;
    size_t entry = sizeof *f->added.at;
    err e = file_pwrite(f->text_fd, buf_str(&f->text), f->end);
    if (!failed(e))
        e = file_datasync(f->text_fd);
    if (!failed(e))
        e = file_pwrite(f->index_fd, str_of(f->added.at, f->added.n * entry),
                        HEAD_BYTES + f->entries * entry);
    if (failed(e))
        return e;
    f->end += f->text.n;
    f->entries += f->added.n;
    f->upto = f->added.at[f->added.n - 1].uid;
    f->added.n = 0;
    buf_reset(&f->text);
    return OK_ERR;
}

/* ---- leaving out what is gone ---- */

/* Calls for each entry of a message that lives. */
static err each_living(const struct fulltext_view *v, const struct store_message *live, size_t n,
                       err (*each)(void *ctx, const struct fulltext_entry *e), void *ctx)
{
    err e = OK_ERR;
    for (size_t i = 0, j = 0; i < v->n && !failed(e); i++) {
        while (j < n && live[j].uid < v->at[i].uid)
            j++;
        if (j < n && live[j].uid == v->at[i].uid)
            e = each(ctx, &v->at[i]);
    }
    return e;
}

static err count(void *ctx, const struct fulltext_entry *e)
{
    *(uint64_t *)ctx += entry_bytes(e);
    return OK_ERR;
}

struct copy {
    const struct fulltext_view *from;
    struct fulltext *to;
};

static err copy_one(void *ctx, const struct fulltext_entry *e)
{
    struct copy *c = ctx;
    struct fulltext_entry x = *e;
    str text = str_of(c->from->text.p + e->at, (size_t)entry_bytes(e));
    if (c->to->text.n + text.n > FULLTEXT_PENDING_MAX) {
        err failure = fulltext_commit(c->to);
        if (failed(failure))
            return failure;
    }
    x.at = fulltext_bytes(c->to);
    x.sum = entry_sum(&x);
    buf_add(&c->to->text, text);
    vec_push(&c->to->added, x);
    return OK_ERR;
}

static err replace(struct fulltext *f, const struct fulltext_view *v,
                   const struct store_message *live, size_t n)
{
    char text_name[NAME_BYTES + 8];
    struct fulltext *to;
    (void)snprintf(text_name, sizeof text_name, "%s-new", f->text_name);
    err e = fulltext_open(&(struct fulltext_place){f->dir, text_name}, f->head.uidvalidity, &to);
    if (failed(e))
        return e;
    e = begin_anew(to, f->head.uidvalidity); /* what a crash left there */
    if (!failed(e))
        e = each_living(v, live, n, copy_one, &(struct copy){v, to});
    if (!failed(e))
        e = fulltext_commit(to);
    if (!failed(e))
        e = file_rename(f->dir, to->index_name, f->dir, f->index_name);
    if (!failed(e)) /* between the two no pair matches: messages are read, or it begins anew */
        e = file_rename(f->dir, to->text_name, f->dir, f->text_name);
    if (!failed(e)) { /* f goes on in the new files, whose lock `to` holds */
        struct fulltext old = *f;
        f->text_fd = to->text_fd;
        f->index_fd = to->index_fd;
        f->head = to->head;
        f->entries = to->entries;
        f->end = to->end;
        f->upto = to->upto;
        to->text_fd = old.text_fd;
        to->index_fd = old.index_fd;
    }
    fulltext_close(to);
    return e;
}

err fulltext_compact(struct fulltext *f, const struct store_message *live, size_t n)
{
    struct fulltext_view v;
    uint64_t used = HEAD_BYTES;
    err e = fulltext_commit(f);
    if (!failed(e))
        e = fulltext_view_open(f->index_fd, f->text_fd, f->head.uidvalidity, &v);
    if (failed(e))
        return e.kind == ERR_NOTFOUND ? OK_ERR : e; /* empty */
    e = each_living(&v, live, n, count, &used);
    if (!failed(e) && used < f->end / 2)
        e = replace(f, &v, live, n);
    fulltext_view_done(&v);
    return e;
}
