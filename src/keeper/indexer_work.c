/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <unistd.h>

#include "keeper/indexer.h"
#include "os/clock.h"
#include "os/fd.h"

struct work {
    struct box *box;
    struct fulltext *index;
    struct mail_text text;
    struct arena *arena;
    char *memory; /* of small messages */
};

enum { READ_MAX = 256 * 1024 };

/* *ret_map: to be unmapped, if not empty. */
static err load(struct work *w, int fd, str *ret_text, str *ret_map)
{
    ssize_t n = pread(fd, w->memory, READ_MAX, 0);
    if (n < 0)
        return err_sys("read a message");
    *ret_text = str_of(w->memory, (size_t)n);
    if (n < READ_MAX)
        return OK_ERR;
    err e = fd_map(fd, SIZE_MAX / 2, ret_map);
    if (!failed(e))
        *ret_text = *ret_map;
    return e;
}

static err add(struct work *w, uint32_t uid, const struct mail_text *t)
{
    err e = fulltext_add(w->index, uid, t);
    if (e.kind != ERR_TEMP)
        return e;
    e = fulltext_commit(w->index); /* that was the room for what waits */
    return failed(e) ? e : fulltext_add(w->index, uid, t);
}

static err one(struct work *w, size_t i, enum indexer_how how)
{
    uint32_t uid = w->box->table.at[i].uid;
    auto_fd int fd = -1;
    str text, map = {0};
    err e = w->box->kind->fetch(w->box, i, &fd); /* looks, and changes nothing */
    if (e.kind == ERR_NOTFOUND && how == INDEXER_CAREFUL)
        return e;
    if (!failed(e))
        e = load(w, fd, &text, &map);
    if (failed(e))
        return add(w, uid, NULL);
    mail_text_read(&w->text, w->arena, text, MAIL_TEXT_HEAD | MAIL_TEXT_PARTS | MAIL_TEXT_BODY);
    arena_reset(w->arena);
    fd_unmap(map);
    return add(w, uid, &w->text);
}

static err all(struct work *w, enum indexer_how how)
{
    deadline end = deadline_in_ms(INDEXER_RUN_MS), commit = deadline_in_ms(INDEXER_COMMIT_MS);
    err e = OK_ERR;
    for (size_t i = box_from(w->box, fulltext_upto(w->index) + 1);
         i < w->box->table.n && !failed(e) && deadline_left_ms(end) > 0; i++) {
        e = one(w, i, how);
        how = INDEXER_CAREFUL;
        bool due =
            fulltext_pending(w->index) >= INDEXER_COMMIT_BYTES || deadline_left_ms(commit) == 0;
        if (failed(e) || !due)
            continue;
        e = fulltext_commit(w->index);
        commit = deadline_in_ms(INDEXER_COMMIT_MS);
    }
    err last = fulltext_commit(w->index);
    return failed(e) ? e : last;
}

enum indexer_result indexer_run(const struct fulltext_place *place, struct box *b,
                                enum indexer_how how)
{
    struct work w = {.box = b};
    err e = fulltext_open(place, b->uidvalidity, &w.index);
    if (failed(e))
        return INDEXER_UNWILLING;
    e = fulltext_compact(w.index, b->table.at, b->table.n);
    w.memory = mem_alloc("message", READ_MAX);
    w.arena = arena_new("message structure", 2 * MIME_ARENA_MAX);
    mail_text_init(&w.text, FULLTEXT_PIECE_MAX);
    if (!failed(e))
        e = all(&w, how);
    mail_text_done(&w.text);
    arena_free(w.arena);
    free(w.memory);
    fulltext_close(w.index);
    return failed(e) && e.kind != ERR_NOTFOUND ? INDEXER_UNWILLING : INDEXER_DONE;
}
