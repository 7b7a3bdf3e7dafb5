/* SPDX-License-Identifier: ISC */
#include "queue/private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/file.h"

enum { BODY_NAME = 32, BODIES_LENT_MAX = 1000 };

static void body_name(char *ret, uint64_t file)
{
    (void)snprintf(ret, BODY_NAME, "%" PRIu64, file); /* 20 digits fit */
}

err queue_body_read(struct queue *q, const struct queue_message *m, uint64_t from, char *ret_bytes,
                    size_t n)
{
    if (from > m->size || n > m->size - from)
        return err_new(ERR_LIMIT, "past the end of a message");
    auto_fd int own = -1;
    int fd;
    uint64_t at = from;
    if (m->file) {
        err e = queue_body_open(q, m, &own);
        if (failed(e))
            return e;
        fd = own;
    } else {
        at += m->body_at;
        fd = m->segment->fd;
        if (m->segment == q->journal.active && at >= q->journal.active->end) { /* not written yet */
            memcpy(ret_bytes, q->journal.batch.p + (at - q->journal.active->end), n);
            return OK_ERR;
        }
    }
    while (n) {
        ssize_t got = pread(fd, ret_bytes, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys("read message body");
        if (got == 0)
            return err_new(ERR_SYNTAX, "message body is shorter than stated");
        ret_bytes += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return OK_ERR;
}

err queue_body_open(struct queue *q, const struct queue_message *m, int *ret_fd)
{
    char name[BODY_NAME];
    body_name(name, m->file);
    return file_open(q->bodies, name, O_RDONLY | O_NOFOLLOW, 0, ret_fd);
}

err queue_body_check(struct queue *q, uint64_t file, uint64_t size)
{
    char name[BODY_NAME];
    struct stat st;
    body_name(name, file);
    err e = file_stat(q->bodies, name, &st);
    if (failed(e))
        return e;
    return S_ISREG(st.st_mode) && (uint64_t)st.st_size == size
               ? OK_ERR
               : err_new(ERR_SYNTAX, "body file has another size");
}

/* Always a file of its own: a client may keep the descriptor of one it wrote before. */
err queue_body_lend(struct queue *q, uint64_t *ret_file, int *ret_fd)
{
    if (q->lent.n >= BODIES_LENT_MAX)
        return err_new(ERR_TEMP, "too many messages are being written");
    char name[BODY_NAME];
    uint64_t file = q->last_file + 1;
    body_name(name, file);
    err e = q->disk->make(q->disk->ctx, q->bodies, name, ret_fd);
    if (failed(e))
        return e;
    q->last_file = file;
    vec_push(&q->lent, file);
    enum body_state state = BODY_NONE;
    body_enter(&state, BODY_LEND);
    *ret_file = file;
    return OK_ERR;
}

static bool lent_take(struct queue *q, uint64_t file)
{
    for (size_t i = 0; i < q->lent.n; i++) {
        if (q->lent.at[i] != file)
            continue;
        q->lent.at[i] = q->lent.at[--q->lent.n];
        return true;
    }
    return false;
}

bool body_is_lent(const struct queue *q, uint64_t file)
{
    for (size_t i = 0; i < q->lent.n; i++)
        if (q->lent.at[i] == file)
            return true;
    return false;
}

void body_bind(struct queue *q, uint64_t file)
{
    (void)lent_take(q, file); /* it is there: queue_add() looked */
    enum body_state state = BODY_LENT;
    body_enter(&state, BODY_BIND);
}

void queue_body_giveup(struct queue *q, uint64_t file)
{
    if (lent_take(q, file))
        body_remove(q, file);
}

void body_remove(struct queue *q, uint64_t file)
{
    char name[BODY_NAME];
    body_name(name, file);
    (void)q->disk->unlink(q->disk->ctx, q->bodies, name); /* stays: removed at the next start */
}

struct named {
    struct queue *q;
    VEC(uint64_t) files; /* that messages name, sorted */
};

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static err each_body(void *ctx, const struct dir_entry *entry)
{
    struct named *n = ctx;
    uint64_t file;
    if (!str_u64(entry->name, &file))
        return OK_ERR;
    if (file > n->q->last_file)
        n->q->last_file = file;
    if (!n->files.n || !bsearch(&file, n->files.at, n->files.n, sizeof file, by_number))
        body_remove(n->q, file);
    return OK_ERR;
}

err body_clean(struct queue *q)
{
    struct named n = {.q = q};
    for (const struct queue_message *m = queue_next(q, NULL); m; m = queue_next(q, m)) {
        if (m->file)
            vec_push(&n.files, m->file);
        if (m->file > q->last_file)
            q->last_file = m->file;
    }
    if (n.files.n)
        qsort(n.files.at, n.files.n, sizeof(uint64_t), by_number);
    err e = dir_each(q->bodies, ".", each_body, &n);
    vec_done(&n.files);
    return e;
}
