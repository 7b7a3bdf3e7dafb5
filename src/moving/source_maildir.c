/* SPDX-License-Identifier: ISC */
/* How it works: the tree is walked once, below it every directory with cur/ and new/ is a folder
 * (Maildir++: ".Work.2026" beside cur/; Dovecot's LAYOUT=fs: "Work/2026"). The key of a message
 * is its base name, which neither flags nor a move from new/ to cur/ change. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "moving/source.h"
#include "os/file.h"
#include "store/keywords.h"
#include "store/maildir_name.h"
#include "store/session.h"

struct entry {
    uint32_t name;
    bool in_new;
};

struct maildirs {
    struct moving_source source;
    struct arena *a;
    int root;
    VEC(struct moving_folder) folders;
    str subscriptions;
    /* of the open folder */
    int sub[2]; /* cur, new */
    struct keywords keywords;
    struct buf names;
    VEC(struct entry) entries;
    size_t at;
    str mapped;
    str key_words[STORE_KEYWORDS_MAX];
};

static const char *const sub_names[] = {"cur", "new"};

/* ---- the tree ---- */

static size_t count_files(int dir)
{
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        auto_fd int fd = -1;
        if (failed(dir_open(dir, sub_names[i], &fd)))
            continue;
        int copy = -1;
        if (failed(file_open(fd, ".", O_RDONLY | O_DIRECTORY, 0, &copy)))
            continue;
        DIR *d = fdopendir(copy);
        while (d && readdir(d))
            n++;
        if (d)
            (void)closedir(d); /* only read */
        else
            fd_close(copy);
    }
    return n > 4 ? n - 4 : 0;
}

static bool subscribed(const struct maildirs *m, str name)
{
    str text = m->subscriptions, line;
    while (str_line(&text, &line))
        if (str_eq(str_trim(line), name))
            return true;
    return false;
}

static err add_folder(struct maildirs *m, str name, str path, int dir)
{
    if (m->folders.n == MOVING_FOLDERS_MAX)
        return err_new(ERR_LIMIT, "folders at the source");
    struct moving_folder f = {.name = arena_copy(m->a, name),
                              .place = arena_copy(m->a, path),
                              .messages = count_files(dir),
                              .subscribed = subscribed(m, name)};
    vec_push(&m->folders, f);
    return OK_ERR;
}

struct walk {
    struct maildirs *m;
    int dir;
    str path, name; /* of dir; name is empty at the root */
    unsigned depth;
};

static err walk_into(void *ctx, const struct dir_entry *entry);

/* ".Work.2026" of Maildir++ holds its levels itself; elsewhere a directory is one level. */
static err name_of(const struct walk *w, str entry, struct buf *b)
{
    bool dotted = entry.p[0] == '.';
    buf_add(b, w->name);
    str rest = str_from_at(entry, dotted), level;
    bool more = true;
    while (more) {
        more = dotted ? str_cut(rest, '.', &level, &rest) : false;
        if (!dotted)
            level = rest;
        if (b->n)
            buf_addc(b, '.');
        err e = source_level(b, level);
        if (failed(e))
            return e;
    }
    return buf_check(b, "folder name");
}

static err walk_folder(const struct walk *w, str entry)
{
    auto_fd int fd = -1;
    auto_buf struct buf name, path;
    const char *cname = arena_cstr(w->m->a, entry);
    struct stat st;
    buf_init(&name, 4096);
    buf_init(&path, 4096);
    if (failed(file_stat(w->dir, cname, &st)) || !S_ISDIR(st.st_mode) ||
        failed(file_open(w->dir, cname, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd)))
        return OK_ERR;
    if (w->path.n)
        buf_addf(&path, "%.*s/", STR_ARG(w->path));
    buf_add(&path, entry);
    err e = name_of(w, entry, &name);
    if (failed(e))
        return e;
    if (!failed(file_stat(fd, "cur", &st)) && S_ISDIR(st.st_mode))
        e = add_folder(w->m, buf_str(&name), buf_str(&path), fd);
    struct walk below = {.m = w->m,
                         .dir = fd,
                         .path = buf_str(&path),
                         .name = buf_str(&name),
                         .depth = w->depth + 1};
    if (!failed(e) && below.depth < MOVING_DEPTH_MAX && entry.p[0] != '.')
        e = dir_each(fd, ".", walk_into, &below);
    return e;
}

static err walk_into(void *ctx, const struct dir_entry *entry)
{
    const struct walk *w = ctx;
    static const char *const not_folders[] = {"cur", "new", "tmp", "courierimapkeywords"};
    for (size_t i = 0; i < sizeof not_folders / sizeof not_folders[0]; i++)
        if (str_eq(entry->name, str_from(not_folders[i])))
            return OK_ERR;
    if ((entry->type != DT_DIR && entry->type != DT_UNKNOWN) || entry->name.n > STORE_NAME_MAX)
        return OK_ERR;
    if (entry->name.p[0] == '.' && w->depth > 0)
        return OK_ERR;
    return walk_folder(w, entry->name);
}

static int by_name(const void *a, const void *b)
{
    const struct moving_folder *x = a, *y = b;
    bool xi = str_ieq(x->name, S("INBOX")), yi = str_ieq(y->name, S("INBOX"));
    return xi != yi ? (xi ? -1 : 1) : str_cmp(x->name, y->name);
}

/* ---- one folder ---- */

static void leave_folder(struct maildirs *m)
{
    fd_closep(&m->sub[0]);
    fd_closep(&m->sub[1]);
    keywords_done(&m->keywords);
    buf_reset(&m->names);
    m->entries.n = m->at = 0;
}

static err take_name(void *ctx, const struct dir_entry *e)
{
    struct maildirs *m = ctx;
    if (!maildir_name_is_message(e->name))
        return OK_ERR;
    if (m->entries.n == MOVING_MESSAGES_MAX)
        return err_new(ERR_LIMIT, "messages of a folder at the source");
    struct entry one = {.name = (uint32_t)m->names.n, .in_new = m->sub[0] < 0};
    buf_add(&m->names, e->name);
    buf_addc(&m->names, '\0');
    vec_push(&m->entries, one);
    return buf_check(&m->names, "message names at the source");
}

static const struct maildirs *sorted; /* qsort has no context */

static int by_arrival(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return maildir_base_cmp(str_from(sorted->names.p + x->name),
                            str_from(sorted->names.p + y->name));
}

static err read_names(struct maildirs *m, int dir)
{
    for (int i = 1; i >= 0; i--) { /* new/ first: what moves to cur/ meanwhile is seen twice */
        err e = dir_open(dir, sub_names[i], &m->sub[i]);
        if (e.kind == ERR_NOTFOUND)
            continue;
        if (!failed(e))
            e = dir_each(m->sub[i], ".", take_name, m);
        if (failed(e))
            return e;
    }
    sorted = m;
    if (m->entries.n)
        qsort(m->entries.at, m->entries.n, sizeof m->entries.at[0], by_arrival);
    return OK_ERR;
}

static err open_folder(struct moving_source *s, size_t folder)
{
    struct maildirs *m = container_of(s, struct maildirs, source);
    auto_fd int dir = -1;
    leave_folder(m);
    const char *path = arena_cstr(m->a, m->source.folders[folder].place);
    err e = dir_open(m->root, *path ? path : ".", &dir);
    if (failed(e))
        return e;
    auto_arena struct arena *a = arena_new("keywords", 1 << 20);
    str text;
    if (!failed(file_read(dir, KEYWORDS_FILE, 1 << 16, a, &text)))
        keywords_parse(&m->keywords, text);
    return read_names(m, dir);
}

static void drop_mapped(struct maildirs *m)
{
    if (m->mapped.p)
        fd_unmap(m->mapped);
    m->mapped = S("");
    m->mapped.p = NULL;
}

static err map_message(struct maildirs *m, const struct entry *e, const char *name,
                       int64_t *ret_mtime)
{
    auto_fd int fd = -1;
    struct stat st;
    err r = file_open(m->sub[e->in_new], name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (failed(r))
        return r;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return err_new(ERR_DENIED, "it is not a regular file");
    if (st.st_size > MOVING_MESSAGE_MAX)
        return err_new(ERR_LIMIT, "it is larger than 256 MiB");
    *ret_mtime = st.st_mtime;
    return fd_map(fd, MOVING_MESSAGE_MAX, &m->mapped);
}

/* Delivery puts the time in front of the name; a file that was copied has a false mtime. */
static int64_t date_of(str base, int64_t mtime)
{
    uint64_t seconds;
    bool named = str_take_u64(&base, &seconds) && base.n && base.p[0] == '.' &&
                 seconds > 500000000 && seconds < UINT32_MAX;
    return named ? (int64_t)seconds : mtime;
}

static void describe(struct maildirs *m, const struct maildir_name *n, struct moving_message *ret)
{
    ret->flags = n->flags & STORE_SYSTEM_FLAGS & ~(uint32_t)STORE_RECENT;
    ret->n_keywords = 0;
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++)
        if (n->flags & STORE_KEYWORD(i) && m->keywords.name[i])
            m->key_words[ret->n_keywords++] = str_from(m->keywords.name[i]);
    ret->keywords = m->key_words;
}

static err next_message(struct moving_source *s, struct moving_message *ret, bool *ret_end)
{
    struct maildirs *m = container_of(s, struct maildirs, source);
    drop_mapped(m);
    for (; m->at < m->entries.n; m->at++) {
        const struct entry *e = &m->entries.at[m->at];
        const char *name = m->names.p + e->name;
        str base = maildir_base(str_from(name));
        if (m->at && str_eq(base, maildir_base(str_from(m->names.p + e[-1].name))))
            continue;
        if (source_skips(s, base))
            continue;
        char scratch[16];
        struct maildir_name n = maildir_name_parse(str_from(name), scratch);
        int64_t mtime = -1;
        *ret = (struct moving_message){.key = base};
        describe(m, &n, ret);
        err problem = map_message(m, e, name, &mtime);
        if (problem.kind == ERR_NOTFOUND)
            continue; /* moved or removed since we looked */
        if (failed(problem))
            ret->problem = err_text(problem);
        ret->date = date_of(base, mtime);
        ret->bytes = m->mapped;
        *ret_end = false;
        m->at++;
        return OK_ERR;
    }
    *ret_end = true;
    return OK_ERR;
}

static void free_maildirs(struct moving_source *s)
{
    struct maildirs *m = container_of(s, struct maildirs, source);
    drop_mapped(m);
    leave_folder(m);
    fd_close(m->root);
    buf_done(&m->names);
    vec_done(&m->folders);
    vec_done(&m->entries);
    free(m);
}

err source_open_maildir(int dir, const char *path, struct arena *a, struct moving_source **ret)
{
    struct maildirs *m = mem_alloc("maildirs", sizeof *m);
    *m = (struct maildirs){.a = a, .root = -1, .sub = {-1, -1}};
    m->source =
        (struct moving_source){.open = open_folder, .next = next_message, .free = free_maildirs};
    buf_init(&m->names, (size_t)MOVING_MESSAGES_MAX * 80);
    err e = dir_open(dir, path, &m->root);
    str text;
    if (!failed(e) && !failed(file_read(m->root, "subscriptions", 1 << 20, a, &text)))
        m->subscriptions = text;
    struct stat st;
    if (!failed(e) && !failed(file_stat(m->root, "cur", &st)) && S_ISDIR(st.st_mode))
        e = add_folder(m, S("INBOX"), S(""), m->root);
    struct walk w = {.m = m, .dir = m->root};
    if (!failed(e))
        e = dir_each(m->root, ".", walk_into, &w);
    if (failed(e)) {
        free_maildirs(&m->source);
        return e;
    }
    if (m->folders.n)
        qsort(m->folders.at, m->folders.n, sizeof m->folders.at[0], by_name);
    m->source.folders = m->folders.at;
    m->source.n_folders = m->folders.n;
    *ret = &m->source;
    return OK_ERR;
}
