/* SPDX-License-Identifier: ISC */
/* How it works: dotqmail/ says which file answers and what its lines are; here they are
 * carried out in order, the first failure ends all, forwards go last as one message
 * (qmail-local(8), dot-qmail(5)). */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "deliver/deliver.h"
#include "dotqmail/search.h"
#include "os/clock.h"
#include "os/file.h"

void job_fail(struct job *j, enum work_outcome outcome, const char *text)
{
    j->outcome = outcome;
    if (j->report.n + strlen(text) + 1 > REPORT_MAX)
        buf_reset(&j->report); /* the reason matters more than what was printed before it */
    buf_addf(&j->report, "%s\n", text);
}

void job_did(struct job *j)
{
    buf_addf(&j->report, "did %zu+%zu+%zu\n", j->plan.files, j->plan.forwards, j->plan.programs);
    if (j->forwarded_as[0])
        buf_addf(&j->report, "qp %s\n", j->forwarded_as);
}

static err look(void *ctx, const char *name, struct dotqmail_file *ret)
{
    struct worker *w = ctx;
    struct stat st;
    if (fstatat(w->home, name, &st, 0) < 0) /* a link to a .qmail elsewhere is common (ezmlm) */
        return err_sys("look at .qmail");
    *ret = (struct dotqmail_file){S_ISREG(st.st_mode), st.st_mode, (uint64_t)st.st_size};
    return OK_ERR;
}

static err look_mapped(void *ctx, const char *name, struct dotqmail_file *ret)
{
    err e = look(ctx, name, ret);
    if (e.kind == ERR_SYS && (e.sys == 2 /* ENOENT */ || e.sys == 20 /* ENOTDIR */))
        e.kind = ERR_NOTFOUND;
    return e;
}

static struct dotqmail_files files_of(struct worker *w)
{
    return (struct dotqmail_files){.ctx = w, .look = look_mapped};
}

static bool read_plan(struct job *j)
{
    struct worker *w = j->worker;
    struct stat st;
    const char *refused = fstat(w->home, &st) < 0 ? "Unable to look at the home directory. (#4.3.0)"
                                                  : dotqmail_home_refused(st.st_mode);
    if (refused) {
        job_fail(j, WORK_TEMP, refused);
        return false;
    }
    struct dotqmail_files files = files_of(w);
    struct dotqmail_found found;
    dotqmail_find(j->in.dash, j->in.ext, &files, j->arena, &found);
    if (found.outcome == DOTQMAIL_NO_MAILBOX || found.outcome == DOTQMAIL_REFUSED) {
        job_fail(j, found.outcome == DOTQMAIL_REFUSED ? WORK_TEMP : WORK_PERM, found.text);
        return false;
    }
    str text = S("");
    if (found.outcome == DOTQMAIL_FILE) {
        auto_fd int fd = -1;
        err e = file_open(w->home, found.name.file.p, O_RDONLY | O_NONBLOCK, 0, &fd);
        if (!failed(e))
            e = file_read_fd(fd, DOTQMAIL_MAX, j->arena, &text);
        if (failed(e)) {
            job_fail(j, WORK_TEMP, "Unable to read .qmail. (#4.3.0)");
            return false;
        }
    }
    j->delivery.has_default = found.name.has_default;
    j->delivery.rest = found.name.rest;
    str fallback = j->in.default_delivery.n ? j->in.default_delivery : w->site.defaultdelivery;
    err e = dotqmail_parse(text, found.forward_only, fallback, j->arena, &j->plan);
    if (failed(e))
        job_fail(j, WORK_TEMP, "Unable to read .qmail: it is too large. (#4.3.0)");
    return !failed(e);
}

static bool describe(struct job *j)
{
    struct delivery *d = &j->delivery;
    d->user = j->in.user;
    d->home = j->in.home;
    d->local = j->in.local;
    d->host = j->in.host;
    d->ext = j->in.ext;
    d->sender = j->in.sender;
    d->now = clock_seconds();
    j->dot = delivery_dtline(d->local, d->host, j->arena);
    j->rp = delivery_rpline(d->sender, j->arena);
    if (delivery_loops(j->message, j->dot)) {
        job_fail(j, WORK_PERM, DELIVERY_LOOPS_TEXT);
        return false;
    }
    return true;
}

bool find_newsender(struct job *j)
{
    struct dotqmail_files files = files_of(j->worker);
    bool owner, owner_default;
    err e = dotqmail_owner_files(j->in.dash, j->in.ext, &files, j->arena, &owner, &owner_default);
    if (failed(e)) {
        job_fail(j, WORK_TEMP, "Unable to look at the -owner file. (#4.3.0)");
        return false;
    }
    struct delivery *d = &j->delivery;
    d->newsender = delivery_newsender(d->sender, d->local, d->host, owner, owner_default, j->arena);
    return true;
}

/* The one instruction of most deliveries: a single Maildir and nothing else. */
static const struct instruction *single_maildir(const struct job *j)
{
    const struct instruction *only = NULL;
    for (size_t i = 0; i < j->plan.n; i++) {
        const struct instruction *in = &j->plan.at[i];
        if (in->kind == DO_COMMENT || in->kind == DO_IGNORED)
            continue;
        if (only || in->kind != DO_MAILDIR)
            return NULL;
        only = in;
    }
    return only;
}

enum job_step batch_it(struct job *j, const char *path)
{
    err e;
    struct open_maildir *m = maildir_for(j->worker, path, &e);
    if (m)
        e = maildir_add(j, m, &j->index);
    if (!m && e.kind == ERR_LIMIT) { /* this burst goes to very many places: it does not wait */
        if (deliver_maildir(j, path))
            job_did(j);
        return JOB_DONE;
    }
    if (failed(e)) {
        maildir_failed(j, e);
        return JOB_DONE;
    }
    j->maildir = m;
    return JOB_IN_BATCH;
}

static bool run_one(struct job *j, const struct instruction *in, bool *ret_stop)
{
    const char *text = arena_cstr(j->arena, in->text);
    if (filter_is_for(j, in)) {
        (void)filter_run(j, in, false);
        return j->outcome == WORK_OK;
    }
    switch (in->kind) {
    case DO_MBOX:
        return deliver_mbox(j, text);
    case DO_MAILDIR:
        return deliver_maildir(j, text);
    case DO_PROGRAM:
        return deliver_program(j, in->text, ret_stop);
    case DO_REFUSE:
        job_fail(j, WORK_TEMP, text);
        return false;
    case DO_COMMENT:
    case DO_IGNORED:
    case DO_LIST:
    case DO_FORWARD: /* all together at the end */
        return true;
    }
    return true;
}

/* Counts again what really ran: exit 99 stops before later lines. */
static void count(struct job *j, size_t n)
{
    j->plan.files = j->plan.forwards = j->plan.programs = 0;
    for (size_t i = 0; i < n; i++) {
        enum instruction_kind k = j->plan.at[i].kind;
        j->plan.files += k == DO_MBOX || k == DO_MAILDIR;
        j->plan.forwards += k == DO_FORWARD;
        j->plan.programs += k == DO_PROGRAM;
    }
}

enum job_step job_run(struct job *j)
{
    if (!describe(j) || !read_plan(j))
        return JOB_DONE;
    const struct instruction *only = single_maildir(j);
    if (only) {
        count(j, j->plan.n);
        if (filter_is_for(j, only))
            return filter_run(j, only, true);
        return batch_it(j, arena_cstr(j->arena, only->text));
    }
    if (!find_newsender(j))
        return JOB_DONE;
    j->uf = delivery_ufline(j->delivery.sender, j->delivery.now, j->arena);
    bool stop = false;
    size_t done = 0;
    while (done < j->plan.n && !stop)
        if (!run_one(j, &j->plan.at[done++], &stop))
            return JOB_DONE;
    count(j, done);
    j->plan.n = done;
    if (j->plan.forwards && !deliver_forwards(j))
        return JOB_DONE;
    job_did(j);
    return JOB_DONE;
}
