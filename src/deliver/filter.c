/* SPDX-License-Identifier: ISC */
#include "deliver/filter.h"

#include <stdlib.h>
#include <string.h>

#include "log/event.h"
#include "os/clock.h"
#include "os/file.h"

enum { SCRIPT_ARENA = 256 << 20, REPORT_ROOM = 200 };

/* ---- is there a script, and is this the mailbox? ---- */

static str without_slashes(str path)
{
    while (str_skip(&path, S("./")))
        ;
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

static err locate(const struct job *j, struct folders *ret)
{
    str fallback =
        j->in.default_delivery.n ? j->in.default_delivery : j->worker->site.defaultdelivery;
    return folders_locate(ret, j->worker->home, fallback);
}

/* The mailbox that ~/.qmail or the site names first, also before it is there. */
static bool is_named(struct job *j, str path)
{
    str text = S(""), first;
    err e = file_read(j->worker->home, ".qmail", DOTQMAIL_MAX, j->arena, &text);
    first = failed(e) ? S("") : folders_first_delivery(text);
    if (!first.n)
        first = folders_first_delivery(j->in.default_delivery.n ? j->in.default_delivery
                                                                : j->worker->site.defaultdelivery);
    return str_eq(path, without_slashes(first));
}

bool filter_is_for(struct job *j, const struct instruction *in)
{
    struct stat st;
    struct folders f;
    if (in->kind != DO_MAILDIR && in->kind != DO_MBOX)
        return false;
    if (fstatat(j->worker->home, FILTER_ACTIVE, &st, 0) < 0) /* through the link */
        return false;
    str path = without_slashes(in->text);
    err e = locate(j, &f);
    return !failed(e) && (str_eq(path, str_from(f.inbox)) || is_named(j, path));
}

/* ---- the script, kept as long as its file is the same ---- */

static void forget(struct filter *f)
{
    sieve_script_done(f->script);
    arena_free(f->arena);
    *f = (struct filter){0};
}

static void compile(struct filter *f, str text)
{
    struct sieve_problems problems = {0};
    f->script = sieve_compile(text, f->arena, &problems);
    for (size_t i = problems.n; i-- > 0;)
        if (!problems.at[i].warning)
            f->first = problems.at[i];
}

static struct filter *load(struct worker *w)
{
    if (!w->filter)
        w->filter = mem_alloc("filter", sizeof *w->filter);
    struct filter *f = w->filter;
    struct stat st;
    auto_fd int fd = -1;
    str text;
    err e = file_open(w->home, FILTER_ACTIVE, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (!failed(e) && fstat(fd, &st) < 0)
        e = err_sys("look at the script");
    if (!failed(e)) {
        int64_t mtime = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        if (f->script && f->inode == st.st_ino && f->size == (uint64_t)st.st_size &&
            f->mtime_ns == mtime)
            return f;
        forget(f);
        f->arena = arena_new("script", SCRIPT_ARENA);
        f->inode = st.st_ino;
        f->size = (uint64_t)st.st_size;
        f->mtime_ns = mtime;
        e = file_read_fd(fd, SIEVE_SCRIPT_MAX, f->arena, &text);
    }
    if (!failed(e)) {
        compile(f, text);
        return f;
    }
    forget(f);
    f->unreadable = true;
    return f;
}

/* ---- what the script may ask ---- */

static err env_load(void *ctx, enum sieve_include_from from, str name, struct arena *a,
                    str *ret_text)
{
    struct filtering *f = ctx;
    const char *root = getenv("TWINPOST_ROOT");
    if (from == SIEVE_PERSONAL) {
        str path = arena_printf(a, FILTER_FOLDER "/%.*s.sieve", STR_ARG(name));
        return file_read(f->job->worker->home, path.p, SIEVE_SCRIPT_MAX, a, ret_text);
    }
    bool whole = !root || strcmp(root, "/") == 0;
    str path = arena_printf(a, "%s" FILTER_GLOBAL "/%.*s.sieve", whole ? "" : root, STR_ARG(name));
    return file_read(AT_FDCWD, path.p, SIEVE_SCRIPT_MAX, a, ret_text);
}

static bool env_exists(void *ctx, str name)
{
    return filter_mailbox_exists(ctx, name);
}

static bool env_use(void *ctx, str name, str use)
{
    return filter_special_use(ctx, name, use);
}

static bool env_metadata(void *ctx, str mailbox, str annotation, struct arena *a, str *ret_value)
{
    return filter_metadata(ctx, mailbox, annotation, a, ret_value);
}

static str duplicate_key(const struct filtering *f, str handle, str id)
{
    return arena_printf(f->job->arena, "%zu %.*s%.*s", handle.n, STR_ARG(handle), STR_ARG(id));
}

static bool env_seen(void *ctx, str handle, str id)
{
    struct filtering *f = ctx;
    return memory_has(f->job->worker->home, S("duplicate"), duplicate_key(f, handle, id),
                      clock_seconds());
}

/* ---- one message ---- */

static void say(struct job *j, const char *text, str what)
{
    if (j->report.n + REPORT_ROOM + what.n < REPORT_MAX)
        buf_addf(&j->report, "sieve: %s %.*s\n", text, STR_ARG(what));
}

static void tell_problem(struct filtering *f, const struct sieve_problem *p)
{
    auto_buf struct buf b;
    buf_init(&b, 2000);
    sieve_problem_write(&b, p, SIEVE_ENGLISH);
    uint64_t id = 0;
    (void)str_u64(f->job->in.id, &id); /* digits, as sched makes them */
    log_event(NULL, EV_SIEVE_FAILED, F_STR("user", f->job->in.user), F_INT("id", (int64_t)id),
              F_STR("text", buf_str(&b)));
    say(f->job, "kept, because of", buf_str(&b));
    filter_notice(f, p);
}

static void run(struct filtering *f, struct sieve_result *ret)
{
    const struct site *s = &f->job->worker->site;
    int64_t now = clock_seconds();
    struct sieve_env env = {.ctx = f,
                            .now = now,
                            .zone_minutes = clock_zone_minutes(now),
                            .user = f->job->in.user,
                            .domain = f->job->in.host,
                            .host = s->me,
                            .redirects_max = (unsigned)s->maxsieveredirects,
                            .load = env_load,
                            .mailbox_exists = env_exists,
                            .special_use = env_use,
                            .metadata = env_metadata,
                            .seen = env_seen};
    if (f->filter->script)
        sieve_run(f->filter->script, &f->message, &env, f->job->arena, ret);
    else
        *ret = (struct sieve_result){.failed = true, .problem = f->filter->first};
    if (!ret->failed)
        return;
    static const struct sieve_action keep = {.kind = SIEVE_KEEP};
    tell_problem(f, &ret->problem);
    ret->actions = &keep;
    ret->n = 1;
}

/* RFC 5429: a bounce by sched, unless it would be one to nobody. */
static void reject(struct filtering *f, const struct sieve_action *a)
{
    struct job *j = f->job;
    if (!f->message.from.n) {
        say(j, "discarded", S("(rejected, and there is no sender)"));
        return;
    }
    j->outcome = WORK_PERM;
    buf_reset(&j->report); /* the sender gets to read it */
    str reason = str_slice(str_trim(a->text), 0, REPORT_MAX - 200);
    buf_addf(&j->report, "The recipient's mail filter refused the message: (#5.7.1)\n%.*s\n",
             STR_ARG(reason));
}

/* Stores first: what is sent cannot be taken back when a later step fails and all is tried again.
 */
static bool carry_out(struct filtering *f, const struct sieve_result *r)
{
    struct job *j = f->job;
    bool ok = true;
    for (size_t i = 0; i < r->n && ok; i++) {
        const struct sieve_action *a = &r->actions[i];
        bool lost = false;
        if (a->kind != SIEVE_KEEP && a->kind != SIEVE_FILEINTO)
            continue;
        struct target t = filter_target(f, a, &lost);
        ok = filter_store(f, a, &t);
        j->plan.files++;
        if (ok && a->kind == SIEVE_FILEINTO)
            say(j, lost ? "kept, there is no mailbox" : "fileinto", a->target);
    }
    for (size_t i = 0; i < r->n && ok; i++) {
        const struct sieve_action *a = &r->actions[i];
        if (a->kind == SIEVE_VACATION)
            ok = filter_vacation(f, a);
        else if (a->kind == SIEVE_NOTIFY)
            ok = filter_notify(f, a);
        else if (a->kind == SIEVE_REDIRECT)
            ok = filter_redirect(f, a);
        else if (a->kind == SIEVE_REJECT || a->kind == SIEVE_EREJECT)
            reject(f, a);
    }
    if (!r->n)
        say(j, "discarded", S(""));
    return ok && j->outcome == WORK_OK;
}

/* A single delivery to a Maildir, without flags or edits, waits in the batch like any other. */
static bool may_batch(const struct sieve_result *r)
{
    return r->n == 1 && !r->actions[0].n_flags && !r->actions[0].header.p && !r->n_duplicates &&
           (r->actions[0].kind == SIEVE_KEEP || r->actions[0].kind == SIEVE_FILEINTO);
}

static void remember(struct filtering *f, const struct sieve_result *r)
{
    int64_t now = clock_seconds();
    for (size_t i = 0; i < r->n_duplicates; i++) {
        const struct sieve_duplicate *d = &r->duplicates[i];
        err e = memory_add(f->job->worker->home, S("duplicate"), duplicate_key(f, d->handle, d->id),
                           now, now + (int64_t)d->seconds, !d->last);
        if (failed(e)) /* the message is delivered: at worst its double will be too */
            log_event(NULL, EV_SIEVE_FAILED, F_STR("user", f->job->in.user), F_ERR(e));
    }
}

static enum job_step batched(struct filtering *f, const struct sieve_result *r)
{
    bool lost = false;
    struct target t = filter_target(f, &r->actions[0], &lost);
    struct job *j = f->job;
    if (r->actions[0].kind == SIEVE_FILEINTO)
        say(j, lost ? "kept, there is no mailbox" : "fileinto", r->actions[0].target);
    const char *path = arena_cstr(j->arena, t.path);
    if (t.is_mbox) {
        if (deliver_mbox(j, path))
            job_did(j);
        return JOB_DONE;
    }
    return batch_it(j, path);
}

static bool begin(struct filtering *f, struct job *j, const struct instruction *in)
{
    *f = (struct filtering){.job = j, .inbox = in, .filter = load(j->worker)};
    err e = locate(j, &f->folders);
    if (!failed(e) && !j->uf.n)
        j->uf = delivery_ufline(j->delivery.sender, j->delivery.now, j->arena);
    f->own[0] = arena_printf(j->arena, "%.*s@%.*s", STR_ARG(j->in.local), STR_ARG(j->in.host));
    f->own[1] = arena_printf(j->arena, "%.*s@%.*s", STR_ARG(j->in.user), STR_ARG(j->in.host));
    f->message = (struct sieve_message){.text = j->message, .from = j->in.sender, .to = f->own[0]};
    f->repeated = (j->in.flags & WORK_REPEATED) ||
                  clock_seconds() - (int64_t)j->in.arrived > FILTER_DOUBT_SECONDS;
    return !failed(e) && find_newsender(j);
}

enum job_step filter_run(struct job *j, const struct instruction *in, bool alone)
{
    struct filtering f;
    struct sieve_result r;
    if (!begin(&f, j, in)) {
        if (j->outcome == WORK_OK)
            job_fail(j, WORK_TEMP, "Unable to find the mailbox. (#4.3.0)");
        return JOB_DONE;
    }
    run(&f, &r);
    if (alone && may_batch(&r))
        return batched(&f, &r);
    if (alone)
        j->plan.files = 0; /* counted by what is done */
    else
        j->plan.files -= j->plan.files > 0;
    if (!carry_out(&f, &r))
        return JOB_DONE;
    remember(&f, &r);
    if (alone)
        job_did(j);
    return JOB_DONE;
}
