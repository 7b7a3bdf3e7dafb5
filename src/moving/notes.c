/* SPDX-License-Identifier: ISC */
#include "moving/notes.h"

#include <stdlib.h>

#include "os/file.h"

static const char *const first_line = "twinpost-moving 1\n";

struct notes {
    int fd;
    struct buf waiting;
    struct map *done;  /* FOLDER tab KEY -> itself */
    struct map *marks; /* FOLDER -> struct notes_mark */
    struct map *since; /* FOLDER tab DIGEST -> how often since the mark, as a pointer */
};

static str pair(struct buf *b, str first, str second)
{
    buf_reset(b);
    buf_add(b, first);
    buf_addc(b, '\t');
    buf_add(b, second);
    return buf_str(b);
}

/* ---- what a line means ---- */

static void forget_since(struct notes *j, str folder)
{
    size_t at = 0;
    str key;
    void *value;
    while (map_next(j->since, &at, &key, &value))
        if (str_starts(key, folder) && key.n > folder.n && key.p[folder.n] == '\t')
            (void)map_take(j->since, key); /* a count, no memory */
}

static void take_mark(struct notes *j, str folder, struct notes_mark mark)
{
    struct notes_mark *m = map_get(j->marks, folder);
    if (!m) {
        m = mem_alloc("mark", sizeof *m);
        map_put(j->marks, folder, m);
    }
    *m = mark;
    forget_since(j, folder);
}

static void take_note(struct notes *j, str folder, str key, str digest)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    map_put(j->done, pair(&b, folder, key), j);
    str at = pair(&b, folder, digest);
    map_put(j->since, at, (void *)((uintptr_t)map_get(j->since, at) + 1));
}

static void take_line(struct notes *j, str line)
{
    str kind, folder, a, b;
    if (!str_cut(line, '\t', &kind, &line) || !str_cut(line, '\t', &folder, &line) ||
        !str_cut(line, '\t', &a, &b))
        return; /* the first line */
    uint64_t validity, next;
    if (str_eq(kind, S("+")))
        take_note(j, folder, a, b);
    else if (str_eq(kind, S(">")) && str_u64(a, &validity) && str_u64(b, &next) &&
             validity <= UINT32_MAX && next <= UINT32_MAX)
        take_mark(j, folder, (struct notes_mark){(uint32_t)validity, (uint32_t)next});
}

static err load(struct notes *j)
{
    str text, line, rest;
    err e = fd_map(j->fd, NOTES_MAX, &text);
    if (failed(e))
        return e;
    ptrdiff_t end = str_rfind(text, '\n');
    size_t whole = (size_t)(end + 1);
    rest = str_slice(text, 0, whole);
    if (text.n && !str_starts(text, str_from(first_line)))
        e = err_new(ERR_SYNTAX, "not a file of our notes, or of a later version");
    while (!failed(e) && str_line(&rest, &line))
        take_line(j, line);
    size_t all = text.n;
    fd_unmap(text);
    if (!failed(e) && whole < all)
        e = file_truncate(j->fd, whole);
    if (!failed(e) && whole == 0)
        e = file_append_durable(j->fd, str_from(first_line));
    return e;
}

err notes_open(int dir, const char *name, struct notes **ret)
{
    struct notes *j = mem_alloc("notes", sizeof *j);
    *j = (struct notes){.fd = -1, .done = map_new(), .marks = map_new(), .since = map_new()};
    buf_init(&j->waiting, 1 << 24);
    err e = file_open(dir, name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0600, &j->fd);
    if (!failed(e))
        e = file_lock(j->fd, true, (deadline){0});
    if (e.kind == ERR_TEMP)
        e = err_new(ERR_TEMP, "another run is moving the same mail");
    if (!failed(e))
        e = load(j);
    if (failed(e)) {
        notes_close(j);
        return e;
    }
    *ret = j;
    return OK_ERR;
}

void notes_close(struct notes *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        (void)notes_flush(j); /* what is lost is found again by its digest */
    fd_close(j->fd);
    size_t at = 0;
    str key;
    void *mark;
    while (map_next(j->marks, &at, &key, &mark))
        free(mark);
    map_free(j->done);
    map_free(j->marks);
    map_free(j->since);
    buf_done(&j->waiting);
    free(j);
}

bool notes_has(const struct notes *j, str folder, str key)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    return map_get(j->done, pair(&b, folder, key)) != NULL;
}

size_t notes_count(const struct notes *j)
{
    return map_count(j->done);
}

bool notes_last_mark(const struct notes *j, str folder, struct notes_mark *ret)
{
    const struct notes_mark *m = map_get(j->marks, folder);
    if (m)
        *ret = *m;
    return m != NULL;
}

size_t notes_since_mark(const struct notes *j, str folder, str digest)
{
    auto_buf struct buf b;
    buf_init(&b, 1 << 16);
    return (size_t)(uintptr_t)map_get(j->since, pair(&b, folder, digest));
}

err notes_flush(struct notes *j)
{
    if (j->waiting.n == 0)
        return OK_ERR;
    err e = buf_check(&j->waiting, "notes");
    if (!failed(e))
        e = file_append_durable(j->fd, buf_str(&j->waiting));
    buf_reset(&j->waiting);
    return e;
}

err notes_set_mark(struct notes *j, str folder, struct notes_mark mark)
{
    buf_addf(&j->waiting, ">\t%.*s\t%u\t%u\n", STR_ARG(folder), mark.uidvalidity, mark.uidnext);
    err e = notes_flush(j);
    if (!failed(e))
        take_mark(j, folder, mark);
    return e;
}

err notes_add(struct notes *j, str folder, str key, str digest)
{
    buf_addf(&j->waiting, "+\t%.*s\t%.*s\t%.*s\n", STR_ARG(folder), STR_ARG(key), STR_ARG(digest));
    take_note(j, folder, key, digest);
    return buf_check(&j->waiting, "notes");
}
