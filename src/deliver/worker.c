/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "deliver/deliver.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

enum { JOB_ARENA = 64 << 20, MESSAGE_MAX = 1 << 30 };

static err open_site(struct worker *w)
{
    err e = fd_map(w->boot->site_fd, SITE_ARCHIVE_MAX, &w->archive);
    if (failed(e))
        return e;
    w->site_arena = arena_new("site", 256 << 20);
    e = site_parse(w->archive, w->site_arena, &w->site);
    if (!failed(e))
        quota_learn(w);
    return e;
}

static err take_job(struct worker *w, struct packet *p, struct job *j)
{
    *j = (struct job){.worker = w, .fd = -1, .outcome = WORK_OK};
    j->packet = mem_alloc("job", p->bytes.n);
    memcpy(j->packet, p->bytes.p, p->bytes.n);
    err e = ipc_decode(&work_job_schema, str_of(j->packet, p->bytes.n), &j->in);
    if (failed(e))
        return e;
    j->message = j->in.message;
    if (p->n_fds) {
        j->fd = fd_take(&p->fds[0]);
        e = fd_map(j->fd, MESSAGE_MAX, &j->message);
        j->mapped = !failed(e);
    }
    j->arena = arena_new("job", JOB_ARENA);
    buf_init(&j->report, REPORT_MAX);
    return e;
}

static void drop_job(struct job *j)
{
    if (j->mapped)
        fd_unmap(j->message);
    fd_close(j->fd);
    buf_done(&j->report);
    arena_free(j->arena);
    free(j->packet);
}

static err tell(struct worker *w, const struct job *j)
{
    struct work_result r = {.job = j->in.job, .outcome = j->outcome, .text = buf_str(&j->report)};
    return channel_send(w->sched, &work_result_schema, 0, &r, NULL, 0);
}

static void finish_batched(struct job *j)
{
    err e = maildir_batch_result(j->maildir->batch, j->index);
    if (failed(e))
        maildir_failed(j, e);
    else
        job_did(j);
}

/* Commits what waits in the Maildirs, then tells every result that waited for it. */
static err finish_burst(struct worker *w, struct job *jobs, const enum job_step *steps, size_t n)
{
    for (size_t i = 0; i < w->n_maildirs; i++)
        if (maildir_batch_count(w->maildirs[i].batch)) {
            err ignored = maildir_batch_commit(w->maildirs[i].batch);
            (void)ignored; /* each message's own result says it too */
        }
    err e = OK_ERR;
    for (size_t i = 0; i < n; i++) {
        if (steps[i] == JOB_IN_BATCH)
            finish_batched(&jobs[i]);
        err sent = tell(w, &jobs[i]);
        if (failed(sent))
            e = sent;
        drop_job(&jobs[i]);
    }
    err sent = channel_flush(w->sched, true);
    if (failed(sent))
        e = sent;
    for (size_t i = 0; i < w->n_maildirs; i++)
        maildir_batch_reset(w->maildirs[i].batch);
    return e;
}

/* All jobs that wait, at least one. */
static err take_burst(struct worker *w, struct job *jobs, size_t *ret_n)
{
    size_t n = 0;
    err e = OK_ERR;
    while (n < WORK_WINDOW) {
        struct packet p;
        e = n ? channel_try_recv(w->sched, &p) : channel_recv(w->sched, DEADLINE_NEVER, &p);
        if (failed(e))
            break;
        e = take_job(w, &p, &jobs[n]);
        if (failed(e)) {
            drop_job(&jobs[n]);
            break;
        }
        n++;
    }
    *ret_n = n;
    return n ? OK_ERR : e;
}

err worker_run(struct worker *w, struct boot *b)
{
    *w = (struct worker){.boot = b, .home = -1};
    if (b->peer < 0)
        return err_new(ERR_NOTFOUND, "init gave no work");
    w->sched = channel_new(b->peer);
    channel_hold(w->sched); /* a burst's results leave together */
    err e = open_site(w);
    if (!failed(e))
        e = dir_open(AT_FDCWD, ".", &w->home);
    static struct job jobs[WORK_WINDOW];
    static enum job_step steps[WORK_WINDOW];
    while (!failed(e)) {
        size_t n;
        e = take_burst(w, jobs, &n);
        if (failed(e))
            break;
        for (size_t i = 0; i < n; i++)
            steps[i] = job_run(&jobs[i]);
        e = finish_burst(w, jobs, steps, n);
    }
    return e;
}
