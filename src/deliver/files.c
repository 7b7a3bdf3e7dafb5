/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "deliver/deliver.h"
#include "store/mbox.h"

/* In a full table one that holds nothing makes room; others may be pointed to. */
static struct open_maildir *free_place(struct worker *w)
{
    if (w->n_maildirs < PATHS_MAX)
        return &w->maildirs[w->n_maildirs++];
    for (size_t i = 0; i < PATHS_MAX; i++)
        if (!maildir_batch_count(w->maildirs[i].batch))
            return &w->maildirs[i];
    return NULL;
}

struct open_maildir *maildir_for(struct worker *w, const char *path, err *ret_e)
{
    for (size_t i = 0; i < w->n_maildirs; i++)
        if (strcmp(w->maildirs[i].path, path) == 0)
            return &w->maildirs[i];
    struct maildir_batch *batch = NULL;
    *ret_e = maildir_batch_open(w->home, path, w->site.me, &batch);
    if (failed(*ret_e))
        return NULL;
    struct open_maildir *m = strlen(path) < sizeof m->path ? free_place(w) : NULL;
    if (!m) {
        maildir_batch_free(batch);
        *ret_e = err_new(ERR_LIMIT, "too many Maildirs at once");
        return NULL;
    }
    maildir_batch_free(m->batch); /* of a place that held nothing; or none */
    m->batch = batch;
    (void)snprintf(m->path, sizeof m->path, "%s", path); /* measured above */
    return m;
}

static void parts_of(const struct job *j, str parts[3], size_t *ret_n)
{
    parts[0] = j->rp;
    parts[1] = j->dot;
    parts[2] = j->message;
    *ret_n = 3;
}

static err add(struct job *j, const char *path, struct maildir_batch *batch, size_t *ret_index)
{
    str parts[3];
    struct maildir_delivery d = {
        .id = j->in.id,
        .number = j->in.number,
        .arrived = (int64_t)j->in.arrived,
        .parts = parts,
        .fd = -1,
        .repeated = (j->in.flags & WORK_REPEATED) != 0,
    };
    parts_of(j, parts, &d.n_parts);
    uint64_t bytes = 0;
    for (size_t i = 0; i < d.n_parts; i++)
        bytes += parts[i].n;
    err e = d.repeated ? OK_ERR : quota_allows(j, path, bytes); /* it may be there already */
    if (!failed(e))
        e = maildir_batch_add(batch, &d, ret_index);
    if (!failed(e))
        quota_counts(j, path, bytes);
    return e;
}

err maildir_add(struct job *j, struct open_maildir *m, size_t *ret_index)
{
    return add(j, m->path, m->batch, ret_index);
}

void maildir_failed(struct job *j, err e)
{
    if (e.kind == ERR_NOTFOUND || e.kind == ERR_DENIED)
        job_fail(j, WORK_TEMP, "Unable to chdir to maildir. (#4.2.1)");
    else if (e.kind == ERR_LIMIT && e.sys == EDQUOT)
        job_fail(j, j->worker->site.quotafull == QUOTAFULL_PERMANENT ? WORK_PERM : WORK_TEMP,
                 j->worker->site.quotafull == QUOTAFULL_PERMANENT
                     ? "The mailbox of the recipient is full. (#5.2.2)"
                     : "The mailbox of the recipient is full. (#4.2.2)");
    else if (e.sys == EDQUOT || e.sys == ENOSPC)
        job_fail(j, WORK_TEMP, "Disk quota exceeded or disk full on maildir delivery. (#4.2.2)");
    else
        job_fail(j, WORK_TEMP, "Temporary error on maildir delivery. (#4.3.0)");
}

/* Among other instructions: a batch of its own, committed at once. */
bool deliver_maildir(struct job *j, const char *path)
{
    struct maildir_batch *batch = NULL;
    size_t index;
    err e = maildir_batch_open(j->worker->home, path, j->worker->site.me, &batch);
    if (!failed(e))
        e = add(j, path, batch, &index);
    if (!failed(e))
        e = maildir_batch_commit(batch);
    if (!failed(e))
        e = maildir_batch_result(batch, index);
    maildir_batch_free(batch);
    if (failed(e))
        maildir_failed(j, e);
    return !failed(e);
}

bool deliver_mbox_parts(struct job *j, const char *path, str ours, const str *parts, size_t n)
{
    struct mbox_delivery d = {
        .from_line = j->uf, .ours = ours, .parts = parts, .n_parts = n, .fd = -1};
    err e = mbox_deliver(j->worker->home, path, &d);
    if (!failed(e))
        return true;
    if (e.kind == ERR_TEMP) {
        job_fail(j, WORK_TEMP, "File has been locked for 30 seconds straight. (#4.3.0)");
        return false;
    }
    str text = arena_printf(j->arena, "Unable to write %s: %s. (#4.3.0)", path, err_text(e));
    job_fail(j, WORK_TEMP, text.p);
    return false;
}

bool deliver_mbox(struct job *j, const char *path)
{
    str parts[3];
    size_t n;
    parts_of(j, parts, &n);
    return deliver_mbox_parts(j, path, S(""), parts, n);
}
