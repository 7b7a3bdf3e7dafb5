/* SPDX-License-Identifier: ISC */
#include "moving/source.h"

#include <dirent.h>

#include "os/file.h"
#include "wire/charset.h"
#include "wire/mutf7.h"

bool source_skips(const struct moving_source *s, str key)
{
    return s->is_done && s->is_done(s->done_ctx, key);
}

static bool is_canonical(str level)
{
    auto_buf struct buf b;
    buf_init(&b, 4096);
    return !failed(mutf7_decode(&b, level)) && !b.over;
}

err source_level(struct buf *b, str level)
{
    auto_buf struct buf plain;
    buf_init(&plain, 4096);
    for (size_t i = 0; i < level.n; i++) {
        char c = level.p[i];
        buf_addc(&plain, c == '.' || c == '/' || (c >= 0 && c < ' ') || c == 127 ? '_' : c);
    }
    err e = buf_check(&plain, "folder name");
    if (failed(e))
        return e;
    if (is_canonical(buf_str(&plain))) {
        buf_add(b, buf_str(&plain));
        return buf_check(b, "folder name");
    }
    return mutf7_encode(b, buf_str(&plain)); /* ERR_SYNTAX: no UTF-8 either */
}

/* ---- what is at a path ---- */

static bool is_directory(int dir, const char *name)
{
    struct stat st;
    return !failed(file_stat(dir, name, &st)) && S_ISDIR(st.st_mode);
}

static bool is_maildir(int dir)
{
    return is_directory(dir, "cur") && is_directory(dir, "new");
}

struct look {
    int dir;
    bool maildirs;
};

static err look_at(void *ctx, const struct dir_entry *e)
{
    struct look *l = ctx;
    char name[256];
    if (e->name.n >= sizeof name || l->maildirs)
        return OK_ERR;
    for (size_t i = 0; i <= e->name.n; i++)
        name[i] = i < e->name.n ? e->name.p[i] : '\0';
    auto_fd int fd = -1;
    if (is_directory(l->dir, name) &&
        !failed(file_open(l->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &fd)))
        l->maildirs = is_maildir(fd);
    return OK_ERR;
}

err source_open_path(const char *path, struct arena *a, struct moving_source **ret)
{
    struct stat st;
    if (failed(file_stat(AT_FDCWD, path, &st)))
        return err_new(ERR_NOTFOUND, "there is no such file or directory");
    if (S_ISREG(st.st_mode))
        return source_open_mbox(AT_FDCWD, path, a, ret);
    auto_fd int dir = -1;
    err e = dir_open(AT_FDCWD, path, &dir);
    if (failed(e))
        return e;
    struct look l = {.dir = dir, .maildirs = is_maildir(dir)};
    e = dir_each(dir, ".", look_at, &l);
    if (failed(e))
        return e;
    return l.maildirs ? source_open_maildir(AT_FDCWD, path, a, ret)
                      : source_open_mbox(AT_FDCWD, path, a, ret);
}
