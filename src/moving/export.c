/* SPDX-License-Identifier: ISC */
/* How it works: a Maildir message is written under tmp/, synced and renamed to a name made of its
 * date, UIDVALIDITY and UID, so that a second run sees what is there; the UID list is written
 * when a folder is complete. An mbox is written beside its name and renamed when complete. */
#include <stdio.h>
#include <string.h>

#include "moving/moving.h"
#include "os/file.h"
#include "store/keywords.h"
#include "store/maildir_name.h"
#include "store/uidlist.h"
#include "wire/crlf.h"
#include "wire/date.h"

enum { PIECE = 64 * 1024 };

struct export
{
    struct store *from;
    int dir;
    const struct export_options *o;
    struct moving_result *result;
    str folder;
    const struct store_box *box;
    /* Maildir */
    int root, cur, tmp;
    struct map *there; /* base name -> file name without the tree, of what is written already */
    struct buf uidlist;
    /* mbox */
    int fd;
    struct buf text;
    bool begun; /* a message of this file is written */
};

static void tell(const struct export *x, str key, const char *why)
{
    x->result->problems++;
    if (x->o->watch.problem)
        x->o->watch.problem(x->o->watch.ctx, x->folder, key, why);
}

/* ---- a Maildir ---- */

static err note_there(void *ctx, const struct dir_entry *e)
{
    struct export *x = ctx;
    map_put(x->there, maildir_base(e->name), x);
    return OK_ERR;
}

static err open_maildir(struct export *x)
{
    auto_buf struct buf path;
    buf_init(&path, STORE_NAME_MAX + 8);
    if (str_ieq(x->folder, S("INBOX")))
        buf_addc(&path, '.');
    else
        buf_addf(&path, ".%.*s", STR_ARG(x->folder));
    buf_addc(&path, '\0');
    err e = dir_make(x->dir, path.p, 0700);
    if (!failed(e))
        e = file_open(x->dir, path.p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &x->root);
    static const char *const subs[] = {"tmp", "new", "cur"};
    for (int i = 0; i < 3 && !failed(e); i++)
        e = dir_make(x->root, subs[i], 0700);
    if (!failed(e) && path.n > 2) /* Maildir++ marks folders that are not the top */
        e = file_replace(x->root, "maildirfolder", S(""), 0600);
    if (!failed(e))
        e = dir_open(x->root, "cur", &x->cur);
    if (!failed(e))
        e = dir_open(x->root, "tmp", &x->tmp);
    if (failed(e))
        return e;
    x->there = map_new();
    struct uidlist head = {
        .version = 3, .uidvalidity = x->box->uidvalidity, .nextuid = x->box->uidnext};
    uidlist_make_guid(head.guid);
    buf_reset(&x->uidlist);
    uidlist_header_write(&x->uidlist, &head);
    return dir_each(x->cur, ".", note_there, x);
}

static void write_name(const struct export *x, const struct store_message *m, str bytes,
                       struct buf *base, struct buf *whole)
{
    struct crlf_count n = crlf_measure(bytes);
    char scratch[16];
    buf_reset(base);
    buf_reset(whole);
    buf_addf(base, "%u.V%uU%u.twinpost", m->date, x->box->uidvalidity, m->uid);
    maildir_sizes_write(base, bytes.n, n.octets);
    struct maildir_name plain = maildir_name_parse(buf_str(base), scratch);
    maildir_name_write(whole, &plain, m->flags & ~(uint32_t)STORE_RECENT);
    buf_addc(whole, '\0');
}

static err put_maildir(struct export *x, const struct store_message *m, str bytes)
{
    auto_buf struct buf base, name;
    auto_fd int fd = -1;
    buf_init(&base, 255);
    buf_init(&name, 255);
    write_name(x, m, bytes, &base, &name);
    uidlist_record_write(&x->uidlist, m->uid, 0, buf_str(&base));
    if (map_get(x->there, buf_str(&base))) {
        x->result->before++;
        return OK_ERR;
    }
    const char *temporary = "message";
    err e = file_open(x->tmp, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &fd);
    if (!failed(e))
        e = file_write(fd, bytes);
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e)) {
        struct timespec times[2] = {{.tv_sec = m->date}, {.tv_sec = m->date}};
        (void)futimens(fd, times); /* for those who read dates there; the name holds it too */
        e = file_rename(x->tmp, temporary, x->cur, name.p);
    }
    if (!failed(e))
        x->result->moved++;
    return e;
}

static err close_maildir(struct export *x)
{
    err e = dir_sync(x->cur);
    if (!failed(e))
        e = buf_check(&x->uidlist, "UID list");
    if (!failed(e))
        e = file_replace(x->root, UIDLIST_FILE, buf_str(&x->uidlist), 0600);
    if (!failed(e) && x->box->n_keywords) {
        auto_buf struct buf b;
        buf_init(&b, 1 << 16);
        for (size_t i = 0; i < x->box->n_keywords; i++)
            if (x->box->keywords[i].n)
                buf_addf(&b, "%zu %.*s\n", i, STR_ARG(x->box->keywords[i]));
        e = file_replace(x->root, KEYWORDS_FILE, buf_str(&b), 0600);
    }
    return e;
}

/* ---- an mbox ---- */

static void mbox_name(const struct export *x, const char *end, struct buf *b)
{
    buf_reset(b);
    buf_addf(b, "%.*s.mbox%s", STR_ARG(x->folder), end);
    buf_addc(b, '\0');
}

static err open_mbox(struct export *x, bool *ret_there)
{
    auto_buf struct buf name;
    struct stat st;
    buf_init(&name, 512);
    mbox_name(x, "", &name);
    *ret_there = !failed(file_stat(x->dir, name.p, &st));
    if (*ret_there)
        return OK_ERR;
    mbox_name(x, ".part", &name);
    x->begun = false;
    return file_open(x->dir, name.p, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &x->fd);
}

static err flush_text(struct export *x, size_t above)
{
    if (x->text.n <= above)
        return OK_ERR;
    err e = buf_check(&x->text, "message");
    if (!failed(e))
        e = file_write(x->fd, buf_str(&x->text));
    buf_reset(&x->text);
    return e;
}

/* Our header fields, as store/mbox.h reads them: the first message tells UIDVALIDITY. */
static void write_fields(struct export *x, const struct store_message *m)
{
    struct buf *b = &x->text;
    if (!x->begun) {
        buf_addf(b, "X-IMAPbase: %u %u", x->box->uidvalidity, x->box->uidnext - 1);
        for (size_t i = 0; i < x->box->n_keywords; i++)
            if (x->box->keywords[i].n)
                buf_addf(b, " %.*s", STR_ARG(x->box->keywords[i]));
        buf_addc(b, '\n');
        x->begun = true;
    }
    buf_addf(b, "X-UID: %u\nStatus: %sO\n", m->uid, m->flags & STORE_SEEN ? "R" : "");
    if (m->flags & (STORE_ANSWERED | STORE_FLAGGED | STORE_DRAFT | STORE_DELETED))
        buf_addf(b, "X-Status: %s%s%s%s\n", m->flags & STORE_ANSWERED ? "A" : "",
                 m->flags & STORE_DELETED ? "D" : "", m->flags & STORE_FLAGGED ? "F" : "",
                 m->flags & STORE_DRAFT ? "T" : "");
    if (m->flags >> STORE_KEYWORD_SHIFT) {
        buf_add(b, S("X-Keywords:"));
        for (unsigned i = 0; i < x->box->n_keywords; i++)
            if (m->flags & STORE_KEYWORD(i))
                buf_addf(b, " %.*s", STR_ARG(x->box->keywords[i]));
        buf_addc(b, '\n');
    }
}

/* mboxrd: a line of '>'s and "From " gets one '>' more. */
static bool needs_quote(str line)
{
    while (str_skip(&line, S(">")))
        ;
    return str_starts(line, S("From "));
}

static err put_mbox(struct export *x, const struct store_message *m, str bytes)
{
    buf_add(&x->text, S("From MAILER-DAEMON "));
    date_write_mbox(&x->text, m->date);
    buf_addc(&x->text, '\n');
    write_fields(x, m);
    while (bytes.n) {
        ptrdiff_t lf = str_find(bytes, '\n');
        str line = str_slice(bytes, 0, lf < 0 ? bytes.n : (size_t)lf + 1);
        bytes = str_from_at(bytes, line.n);
        if (needs_quote(line))
            buf_addc(&x->text, '>');
        buf_add(&x->text, line);
        if (lf < 0)
            buf_addc(&x->text, '\n');
        err e = flush_text(x, PIECE);
        if (failed(e))
            return e;
    }
    buf_addc(&x->text, '\n');
    x->result->moved++;
    return flush_text(x, PIECE);
}

static err close_mbox(struct export *x)
{
    auto_buf struct buf part, whole;
    buf_init(&part, 512);
    buf_init(&whole, 512);
    mbox_name(x, ".part", &part);
    mbox_name(x, "", &whole);
    err e = flush_text(x, 0);
    if (!failed(e))
        e = file_sync(x->fd);
    if (!failed(e))
        e = file_rename(x->dir, part.p, x->dir, whole.p);
    return failed(e) ? e : dir_sync(x->dir);
}

/* ---- one folder ---- */

static err put_all(struct export *x)
{
    const struct store_box *box = x->box;
    err e = OK_ERR;
    for (size_t i = 0; i < box->n && !failed(e);) {
        uint32_t uids[STORE_FETCH_MAX];
        struct store_body bodies[STORE_FETCH_MAX];
        size_t first = i, n = 0;
        for (; i < box->n && n < STORE_FETCH_MAX; i++)
            uids[n++] = box->messages[i].uid;
        e = store_fetch(x->from, uids, n, bodies);
        for (size_t k = 0; k < n && !failed(e); k++) {
            str bytes;
            if (bodies[k].fd < 0)
                continue; /* removed meanwhile */
            e = fd_map(bodies[k].fd, MOVING_MESSAGE_MAX, &bytes);
            fd_closep(&bodies[k].fd);
            if (failed(e)) {
                char key[16];
                (void)snprintf(key, sizeof key, "%u", uids[k]); /* fits */
                tell(x, str_from(key), err_text(e));
                e = OK_ERR;
                continue;
            }
            e = x->o->format == EXPORT_MBOX ? put_mbox(x, &box->messages[first + k], bytes)
                                            : put_maildir(x, &box->messages[first + k], bytes);
            fd_unmap(bytes);
        }
        if (x->o->watch.progress)
            x->o->watch.progress(x->o->watch.ctx, x->folder, i, box->n);
    }
    return e;
}

static err export_folder(struct export *x)
{
    bool there = false;
    err e = store_select(x->from, x->folder, STORE_EXAMINE, &x->box);
    if (failed(e)) {
        auto_arena struct arena *a = arena_new("reason", 1 << 16);
        tell(x, S(""), arena_cstr(a, store_reason(x->from)));
        return e.kind == ERR_NOTFOUND || e.kind == ERR_DENIED ? OK_ERR : e;
    }
    x->result->folders++;
    e = x->o->format == EXPORT_MBOX ? open_mbox(x, &there) : open_maildir(x);
    if (!failed(e) && there)
        x->result->before += x->box->n;
    if (!failed(e) && !there)
        e = put_all(x);
    if (!failed(e) && !there)
        e = x->o->format == EXPORT_MBOX ? close_mbox(x) : close_maildir(x);
    fd_closep(&x->root);
    fd_closep(&x->cur);
    fd_closep(&x->tmp);
    fd_closep(&x->fd);
    map_free(x->there);
    x->there = NULL;
    return e;
}

static bool is_wanted(const struct export_options *o, str name)
{
    for (size_t i = 0; i < o->n_folders; i++)
        if (str_eq(o->folders[i], name) ||
            (str_ieq(name, S("INBOX")) && str_ieq(o->folders[i], S("INBOX"))))
            return true;
    return o->n_folders == 0;
}

err moving_export(struct store *from, int dir, const struct export_options *o,
                  struct moving_result *ret)
{
    struct export x = {.from = from,
                       .dir = dir,
                       .o = o,
                       .result = ret,
                       .root = -1,
                       .cur = -1,
                       .tmp = -1,
                       .fd = -1};
    auto_arena struct arena *a = arena_new("folders", 1 << 24);
    auto_buf struct buf subscriptions;
    struct store_folder *folders;
    size_t n;
    *ret = (struct moving_result){0};
    buf_init(&subscriptions, 1 << 22);
    buf_init(&x.uidlist, (size_t)1 << 30);
    buf_init(&x.text, MOVING_MESSAGE_MAX);
    err e = store_list(from, a, &folders, &n);
    for (size_t i = 0; i < n && !failed(e); i++) {
        if (!is_wanted(o, folders[i].name))
            continue;
        if (folders[i].flags & STORE_SUBSCRIBED)
            buf_addf(&subscriptions, "%.*s\n", STR_ARG(folders[i].name));
        if (folders[i].flags & STORE_NOSELECT)
            continue;
        x.folder = folders[i].name;
        e = export_folder(&x);
    }
    if (!failed(e) && o->format == EXPORT_MAILDIR && subscriptions.n)
        e = file_replace(dir, "subscriptions", buf_str(&subscriptions), 0600);
    if (failed(e))
        ret->why = store_reason(from);
    buf_done(&x.uidlist);
    buf_done(&x.text);
    return e;
}
