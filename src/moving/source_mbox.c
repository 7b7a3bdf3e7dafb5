/* SPDX-License-Identifier: ISC */
/* How it works: a file is mapped and cut by store/mbox.h. The key of a message is a digest of its
 * bytes, with a count where the same bytes occur again, so that it stays when others append or
 * delete. The UIDs of X-UID are not kept: the target gives its own. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypt/hash.h"
#include "moving/source.h"
#include "os/file.h"
#include "store/mbox.h"
#include "store/session.h"

enum { KEY_BYTES = 16 };

struct mboxes {
    struct moving_source source;
    struct arena *a;
    int root;
    VEC(struct moving_folder) folders;
    /* of the open file */
    str mapped;
    uint64_t at;
    struct map *seen; /* digest -> how often, as a pointer */
    struct buf message;
    char key[2 * KEY_BYTES + 24];
    str words[STORE_KEYWORDS_MAX];
    struct buf key_text;
};

/* ---- the files ---- */

static bool looks_like_mbox(int dir, const char *name, size_t *ret_bytes)
{
    auto_fd int fd = -1;
    struct stat st;
    char head[5];
    if (failed(file_open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd)) ||
        fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    *ret_bytes = (size_t)st.st_size;
    return st.st_size == 0 || (pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
                               str_eq(str_of(head, sizeof head), S("From ")));
}

static err add_file(struct mboxes *m, str name, str place, size_t bytes)
{
    if (m->folders.n == MOVING_FOLDERS_MAX)
        return err_new(ERR_LIMIT, "folders at the source");
    struct moving_folder f = {.name = arena_copy(m->a, name),
                              .place = arena_copy(m->a, place),
                              .messages = bytes / 4096 + (bytes > 0), /* mail's usual size */
                              .subscribed = true};
    vec_push(&m->folders, f);
    return OK_ERR;
}

struct walk {
    struct mboxes *m;
    int dir;
    str path, name;
    unsigned depth;
};

static err walk_into(void *ctx, const struct dir_entry *entry)
{
    const struct walk *w = ctx;
    auto_buf struct buf name, path;
    buf_init(&name, 4096);
    buf_init(&path, 4096);
    if (entry->name.p[0] == '.' || str_ends(entry->name, S(".lock")) ||
        w->depth >= MOVING_DEPTH_MAX)
        return OK_ERR;
    const char *cname = arena_cstr(w->m->a, entry->name);
    buf_add(&path, w->path);
    if (path.n)
        buf_addc(&path, '/');
    buf_add(&path, entry->name);
    buf_add(&name, w->name);
    if (name.n)
        buf_addc(&name, '.');
    err e = source_level(&name, entry->name);
    if (!failed(e))
        e = buf_check(&path, "path at the source");
    if (failed(e))
        return e;
    size_t bytes = 0;
    if (looks_like_mbox(w->dir, cname, &bytes))
        return add_file(w->m, buf_str(&name), buf_str(&path), bytes);
    auto_fd int fd = -1;
    if (failed(file_open(w->dir, cname, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd)))
        return OK_ERR;
    struct walk below = {.m = w->m,
                         .dir = fd,
                         .path = buf_str(&path),
                         .name = buf_str(&name),
                         .depth = w->depth + 1};
    return dir_each(fd, ".", walk_into, &below);
}

static int by_name(const void *a, const void *b)
{
    const struct moving_folder *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

/* ---- one file ---- */

static void leave_file(struct mboxes *m)
{
    if (m->mapped.p)
        fd_unmap(m->mapped);
    m->mapped = (str){0};
    m->at = 0;
    map_free(m->seen);
    m->seen = NULL;
}

static err open_file(struct moving_source *s, size_t folder)
{
    struct mboxes *m = container_of(s, struct mboxes, source);
    auto_fd int fd = -1;
    leave_file(m);
    m->seen = map_new();
    const char *path = arena_cstr(m->a, s->folders[folder].place);
    err e = file_open(m->root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (!failed(e))
        e = file_lock(fd, false, (deadline){0}); /* whoever writes it by flock waits or we do */
    if (e.kind == ERR_TEMP)
        return err_new(ERR_TEMP, "another program has the file locked");
    if (!failed(e))
        e = fd_map(fd, MOVING_MBOX_MAX, &m->mapped);
    if (!failed(e) && !mbox_starts_well(m->mapped))
        return err_new(ERR_SYNTAX, "it does not begin with a From_ line: not an mbox");
    return e;
}

static void make_key(struct mboxes *m, str raw)
{
    struct digest d = hash_of(HASH_SHA256, raw);
    auto_buf struct buf b;
    buf_init(&b, sizeof m->key);
    for (size_t i = 0; i < KEY_BYTES; i++)
        buf_addf(&b, "%02x", d.at[i]);
    size_t times = (size_t)(uintptr_t)map_get(m->seen, buf_str(&b)) + 1;
    map_put(m->seen, buf_str(&b), (void *)(uintptr_t)times);
    if (times > 1)
        buf_addf(&b, ".%zu", times);
    buf_addc(&b, '\0');
    for (size_t i = 0; i < b.n; i++)
        m->key[i] = b.p[i];
}

static void split_keywords(struct mboxes *m, str text, struct moving_message *ret)
{
    str word;
    buf_reset(&m->key_text);
    buf_add(&m->key_text, text);
    text = buf_str(&m->key_text);
    while (text.n && ret->n_keywords < STORE_KEYWORDS_MAX) {
        (void)str_cut(text, ' ', &word, &text); /* the last one has no space */
        if (word.n)
            m->words[ret->n_keywords++] = word;
    }
    ret->keywords = m->words;
}

static err next_message(struct moving_source *s, struct moving_message *ret, bool *ret_end)
{
    struct mboxes *m = container_of(s, struct mboxes, source);
    struct mbox_message one;
    while (mbox_next(m->mapped, &m->at, &one)) {
        if (m->at == one.end && one.header == one.end)
            continue;
        make_key(m, str_slice(m->mapped, one.at, one.body_end));
        if (source_skips(s, str_from(m->key)))
            continue;
        *ret = (struct moving_message){.key = str_from(m->key), .date = one.date};
        ret->flags = one.flags & STORE_SYSTEM_FLAGS & ~(uint32_t)STORE_RECENT;
        split_keywords(m, one.keywords, ret);
        buf_reset(&m->message);
        mbox_message_write(&m->message, m->mapped, &one);
        if (m->message.over)
            ret->problem = "it is larger than 256 MiB";
        else
            ret->bytes = buf_str(&m->message);
        *ret_end = false;
        return OK_ERR;
    }
    *ret_end = true;
    return OK_ERR;
}

static void free_mboxes(struct moving_source *s)
{
    struct mboxes *m = container_of(s, struct mboxes, source);
    leave_file(m);
    fd_close(m->root);
    buf_done(&m->message);
    buf_done(&m->key_text);
    vec_done(&m->folders);
    free(m);
}

/* path names one file: its directory is opened, the file is INBOX. */
static err open_single(struct mboxes *m, int dir, const char *path)
{
    str whole = str_from(path);
    ptrdiff_t slash = str_rfind(whole, '/');
    str folder = slash < 0 ? S(".") : slash == 0 ? S("/") : str_slice(whole, 0, (size_t)slash);
    str name = str_from_at(whole, (size_t)(slash + 1));
    size_t bytes;
    err e = dir_open(dir, arena_cstr(m->a, folder), &m->root);
    if (failed(e))
        return e;
    if (!looks_like_mbox(m->root, arena_cstr(m->a, name), &bytes))
        return err_new(ERR_SYNTAX, "it does not begin with a From_ line: not an mbox");
    return add_file(m, S("INBOX"), name, bytes);
}

err source_open_mbox(int dir, const char *path, struct arena *a, struct moving_source **ret)
{
    struct mboxes *m = mem_alloc("mboxes", sizeof *m);
    struct stat st;
    *m = (struct mboxes){.a = a, .root = -1};
    m->source =
        (struct moving_source){.open = open_file, .next = next_message, .free = free_mboxes};
    buf_init(&m->message, MOVING_MESSAGE_MAX);
    buf_init(&m->key_text, 64 * 1024);
    err e = file_stat(dir, path, &st);
    if (!failed(e) && S_ISREG(st.st_mode)) {
        e = open_single(m, dir, path);
    } else if (!failed(e)) {
        struct walk w = {.m = m};
        e = dir_open(dir, path, &m->root);
        w.dir = m->root;
        if (!failed(e))
            e = dir_each(m->root, ".", walk_into, &w);
        if (!failed(e) && m->folders.n == 0)
            e = err_new(ERR_SYNTAX, "there is neither a Maildir nor an mbox file in it");
    }
    if (failed(e)) {
        free_mboxes(&m->source);
        return e;
    }
    qsort(m->folders.at, m->folders.n, sizeof m->folders.at[0], by_name);
    m->source.folders = m->folders.at;
    m->source.n_folders = m->folders.n;
    *ret = &m->source;
    return OK_ERR;
}
