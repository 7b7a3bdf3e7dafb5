/* SPDX-License-Identifier: ISC */
/* A script's mailboxes and flags on disk. Names in scripts are UTF-8 with '.' or '/' between
 * levels, with or without "INBOX." before them, as scripts of either world have them. */
#include <string.h>

#include "deliver/filter.h"
#include "os/file.h"
#include "store/attributes.h"
#include "store/keywords_file.h"
#include "store/uses.h"
#include "wire/header.h"
#include "wire/mutf7.h"

enum { NAME_MAX_BYTES = 1024, PATH_MAX_BYTES = 2048, PARTS_OURS = 5 };

/* ---- names ---- */

/* Maildir++'s name: modified UTF-7, '.' between levels. False: it is none. */
static bool folder_name(struct filtering *f, str name, str *ret)
{
    auto_buf struct buf dotted, out;
    buf_init(&dotted, NAME_MAX_BYTES);
    buf_init(&out, NAME_MAX_BYTES);
    if (!str_iskip(&name, S("INBOX.")))
        (void)str_iskip(&name, S("INBOX/"));
    for (size_t i = 0; i < name.n; i++)
        buf_addc(&dotted, name.p[i] == '/' ? '.' : name.p[i]);
    err e = buf_check(&dotted, "mailbox name");
    if (!failed(e))
        e = mutf7_encode(&out, buf_str(&dotted));
    if (failed(e) || !out.n || !folder_name_is_valid(buf_str(&out)))
        return false;
    *ret = arena_copy(f->job->arena, buf_str(&out));
    return true;
}

static bool path_of(struct filtering *f, str folder, str *ret)
{
    auto_buf struct buf b;
    buf_init(&b, PATH_MAX_BYTES);
    err e = folders_path(&f->folders, folder, &b);
    if (!failed(e))
        *ret = arena_copy(f->job->arena, buf_str(&b));
    return !failed(e);
}

static bool find_folder(struct filtering *f, str name, str *ret_folder)
{
    if (folder_is_inbox(name)) {
        *ret_folder = S("INBOX");
        return true;
    }
    return folder_name(f, name, ret_folder) && folder_exists(&f->folders, *ret_folder);
}

bool filter_mailbox_exists(struct filtering *f, str name)
{
    str folder;
    return find_folder(f, name, &folder);
}

/* ---- what a folder is for, and what is noted about it ---- */

static bool attribute(struct filtering *f, str folder, str name, struct arena *a, str *ret)
{
    struct attributes *all = NEW(a, struct attributes);
    auto_buf struct buf path;
    buf_init(&path, PATH_MAX_BYTES);
    err e = folders_attributes_path(&f->folders, folder, &path);
    if (!failed(e))
        e = attributes_read(f->job->worker->home, path.p, a, all);
    for (size_t i = 0; !failed(e) && i < all->n; i++)
        if (str_ieq(all->at[i].name, name)) {
            *ret = all->at[i].value;
            return true;
        }
    return false;
}

/* Walks the folders that are there; uses by attribute, else by one of the usual names. name empty:
 * the first with that use. */
static bool find_use(struct filtering *f, str name, unsigned use, str *ret)
{
    auto_buf struct buf list;
    buf_init(&list, 16 << 20);
    err e = use ? folders_list(&f->folders, &list) : err_new(ERR_NOTFOUND, "no such use");
    str rest = failed(e) ? S("") : buf_str(&list), one;
    while (rest.n > 2) { /* a byte of flags, one of uses, the name, NUL */
        unsigned uses = (unsigned char)rest.p[1] & 127u;
        (void)str_cut(str_from_at(rest, 2), 0, &one, &rest);
        if ((uses & use) && (!name.n || str_eq(name, one)) && folder_exists(&f->folders, one)) {
            *ret = arena_copy(f->job->arena, one);
            return true;
        }
    }
    return false;
}

static bool folder_for_use(struct filtering *f, str use, str *ret)
{
    return find_use(f, S(""), uses_read(use), ret);
}

bool filter_special_use(struct filtering *f, str name, str use)
{
    str folder = S(""), found;
    if (name.n && !find_folder(f, name, &folder))
        return false;
    return find_use(f, folder, uses_read(use), &found);
}

bool filter_metadata(struct filtering *f, str mailbox, str annotation, struct arena *a,
                     str *ret_value)
{
    str folder = S("");
    if (mailbox.n && !find_folder(f, mailbox, &folder))
        return false;
    return attribute(f, folder, annotation, a, ret_value);
}

/* ---- where an action's message goes ---- */

static struct target to_inbox(const struct filtering *f)
{
    return (struct target){f->inbox->text, f->inbox->kind == DO_MBOX};
}

static bool make(struct filtering *f, str folder)
{
    err e = folders_create(&f->folders, folder);
    if (failed(e) && !folder_exists(&f->folders, folder))
        return false;
    err seen = folders_subscribe(&f->folders, folder, STORE_SUBSCRIBE);
    (void)seen; /* it is there; a client that shows subscribed ones alone does not show it yet */
    return true;
}

struct target filter_target(struct filtering *f, const struct sieve_action *a, bool *ret_lost)
{
    str folder;
    struct target t = {0};
    *ret_lost = false;
    if (a->kind == SIEVE_KEEP)
        return to_inbox(f);
    bool found = a->special_use.n && folder_for_use(f, a->special_use, &folder);
    if (!found)
        found = find_folder(f, a->target, &folder);
    if (found && folder_is_inbox(folder))
        return to_inbox(f);
    if (!found && a->create && folder_name(f, a->target, &folder))
        found = make(f, folder);
    if (found && path_of(f, folder, &t.path))
        return t;
    *ret_lost = true;
    return to_inbox(f);
}

/* ---- flags ---- */

static const struct {
    const char *flag;
    char letter;
} system_flags[] = {{"\\Draft", 'D'},
                    {"\\Flagged", 'F'},
                    {"\\Answered", 'R'},
                    {"\\Seen", 'S'},
                    {"\\Deleted", 'T'}}; /* in the order that Maildir wants */

static bool has_flag(const struct sieve_action *a, const char *flag)
{
    for (size_t i = 0; i < a->n_flags; i++)
        if (str_ieq(a->flags[i], str_from(flag)))
            return true;
    return false;
}

static size_t keywords_of(const struct sieve_action *a, str ret[SIEVE_FLAGS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_flags && n < SIEVE_FLAGS_MAX; i++)
        if (!str_starts(a->flags[i], S("\\")))
            ret[n++] = a->flags[i];
    return n;
}

/* Letters for ":2,": the system's, then the keywords'. */
static err maildir_info(struct filtering *f, const struct sieve_action *a, const char *path,
                        str *ret)
{
    char *info = arena_alloc(f->job->arena, 40, 1);
    size_t n = 0;
    for (size_t i = 0; i < sizeof system_flags / sizeof system_flags[0]; i++)
        if (has_flag(a, system_flags[i].flag))
            info[n++] = system_flags[i].letter;
    str keywords[SIEVE_FLAGS_MAX];
    size_t n_keywords = keywords_of(a, keywords);
    uint32_t letters = 0;
    if (n_keywords) {
        auto_fd int dir = -1;
        err e = dir_open(f->job->worker->home, path, &dir);
        if (!failed(e))
            e = keywords_file_need(dir, keywords, n_keywords, &letters);
        if (failed(e))
            return e;
    }
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++)
        if (letters & UINT32_C(1) << i)
            info[n++] = (char)('a' + i);
    *ret = str_of(info, n);
    return OK_ERR;
}

/* Status, X-Status and X-Keywords, as mbox has flags. */
static str mbox_flags(struct filtering *f, const struct sieve_action *a)
{
    static const struct {
        const char *flag;
        char letter;
    } more[] = {{"\\Answered", 'A'}, {"\\Flagged", 'F'}, {"\\Draft", 'T'}, {"\\Deleted", 'D'}};
    auto_buf struct buf b;
    buf_init(&b, SIEVE_FLAGS_MAX * (SIEVE_FLAG_BYTES + 1) + 100);
    if (!a->n_flags)
        return S("");
    if (has_flag(a, "\\Seen"))
        buf_add(&b, S("Status: RO\n"));
    buf_add(&b, S("X-Status: "));
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (has_flag(a, more[i].flag))
            buf_addc(&b, more[i].letter);
    str keywords[SIEVE_FLAGS_MAX];
    size_t n = keywords_of(a, keywords);
    buf_add(&b, n ? S("\nX-Keywords:") : S(""));
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, " %.*s", STR_ARG(keywords[i]));
    buf_addc(&b, '\n');
    return arena_copy(f->job->arena, buf_str(&b));
}

/* ---- storing ---- */

static size_t parts_of(struct filtering *f, const struct sieve_action *a, str parts[PARTS_OURS])
{
    struct job *j = f->job;
    size_t n = 0;
    parts[n++] = j->rp;
    parts[n++] = j->dot;
    if (a->header.p) {
        parts[n++] = a->header;
        parts[n++] = str_from_at(j->message, header_split(j->message, 0).header.n);
    } else {
        parts[n++] = j->message;
    }
    return n;
}

static bool store_mbox(struct filtering *f, const struct sieve_action *a, const struct target *t)
{
    str parts[PARTS_OURS];
    size_t n = parts_of(f, a, parts);
    return deliver_mbox_parts(f->job, arena_cstr(f->job->arena, t->path), mbox_flags(f, a), parts,
                              n);
}

bool filter_store(struct filtering *f, const struct sieve_action *a, const struct target *t)
{
    struct job *j = f->job;
    if (t->is_mbox)
        return store_mbox(f, a, t);
    struct maildir_batch *batch = NULL;
    str parts[PARTS_OURS];
    size_t index;
    const char *path = arena_cstr(j->arena, t->path);
    struct maildir_delivery d = {.id = j->in.id,
                                 .number = j->in.number,
                                 .arrived = (int64_t)j->in.arrived,
                                 .parts = parts,
                                 .n_parts = parts_of(f, a, parts),
                                 .fd = -1,
                                 .repeated = f->repeated};
    uint64_t bytes = 0;
    for (size_t i = 0; i < d.n_parts; i++)
        bytes += parts[i].n;
    err e = maildir_info(f, a, path, &d.info);
    if (!failed(e) && !d.repeated)
        e = quota_allows(j, path, bytes);
    if (!failed(e))
        e = maildir_batch_open(j->worker->home, path, j->worker->site.me, &batch);
    if (!failed(e))
        e = maildir_batch_add(batch, &d, &index);
    if (!failed(e))
        e = maildir_batch_commit(batch);
    if (!failed(e))
        e = maildir_batch_result(batch, index);
    maildir_batch_free(batch);
    if (failed(e))
        maildir_failed(j, e);
    else
        quota_counts(j, path, bytes);
    return !failed(e);
}
