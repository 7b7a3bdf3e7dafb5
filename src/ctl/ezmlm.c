/* SPDX-License-Identifier: ISC */
#include "ctl/ezmlm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/programs.h"
#include "ctl/submit.h"
#include "list/addresses.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"

extern char **environ;

/* $QMAILQUEUE in place of our queue: message on 0, envelope on 1. */
static int other_queue(struct ezmlm *z, const char *program, const struct list_mail *m)
{
    auto_buf struct buf envelope;
    auto_fd int message = -1, recipients = -1;
    buf_init(&envelope, 1 << 20);
    buf_addf(&envelope, "F%.*s", STR_ARG(m->sender));
    buf_addc(&envelope, '\0');
    for (size_t i = 0; i < m->n; i++) {
        buf_addf(&envelope, "T%.*s", STR_ARG(m->to[i]));
        buf_addc(&envelope, '\0');
    }
    buf_addc(&envelope, '\0');
    err e = fd_sealed("message", m->message, &message);
    if (!failed(e))
        e = fd_sealed("envelope", buf_str(&envelope), &recipients);
    const char *path =
        *program == '/' ? program
                        : arena_printf(z->ctl->arena, "%s/var/qmail/%s", z->ctl->root, program).p;
    const char *argv[] = {path, NULL};
    struct child_fd fds[] = {{message, 0}, {recipients, 1}, {2, 2}};
    struct child_spec spec = {
        .path = path, .argv = argv, .envp = (const char *const *)environ, .fds = fds, .n_fds = 3};
    pid_t pid;
    int status;
    if (!failed(e))
        e = child_start(&spec, &pid);
    if (!failed(e))
        e = child_wait(pid, DEADLINE_NEVER, &status);
    return failed(e) ? 120 : WIFEXITED(status) ? WEXITSTATUS(status) : 81;
}

static err to_queue(void *ctx, const struct list_mail *m)
{
    struct ezmlm *z = ctx;
    const char *other = getenv("QMAILQUEUE");
    if (other && *other) {
        int code = other_queue(z, other, m);
        return code ? err_new(code >= 11 && code <= 40 ? ERR_DENIED : ERR_TEMP,
                              queue_code_text(code) + 1)
                    : OK_ERR;
    }
    struct envelope e;
    struct submit_outcome done;
    envelope_init(&e, m->sender);
    for (size_t i = 0; i < m->n; i++)
        envelope_add(&e, m->to[i]);
    queue_submit(z->ctl, &e, m->message, &done);
    envelope_done(&e);
    if (!done.code)
        return OK_ERR;
    const char *why = arena_cstr(z->ctl->arena, str_from(done.text + 1));
    return err_new(done.text[0] == 'D' ? ERR_DENIED : ERR_TEMP, why);
}

static str variable(const char *name, bool *ret_set)
{
    const char *v = getenv(name);
    *ret_set = v != NULL;
    return str_from(v);
}

static bool read_message(struct ezmlm *z)
{
    struct buf b;
    if (lseek(0, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return false;
    if (failed(descriptor_read(0, LIST_POST_MAX, &b)))
        return false;
    z->run.message = buf_str(&b); /* kept until the process ends */
    return true;
}

bool ezmlm_begin(struct ezmlm *z, struct ctl *c, unsigned need, int *ret_code)
{
    bool set;
    *z = (struct ezmlm){.ctl = c, .list.dir = -1};
    (void)umask(022);
    z->run = (struct list_run){
        .now = clock_seconds(), .pid = (uint64_t)getpid(), .send = to_queue, .ctx = z};
    z->run.sender = sender_undone(c->arena, variable("SENDER", &z->run.has_sender));
    z->run.host = variable("HOST", &set);
    z->run.local = variable("LOCAL", &set);
    z->run.address_rest = variable("DEFAULT", &set);
    *ret_code = CTL_PERMANENT;
    if ((need & EZMLM_DEFAULT) && !set) {
        (void)ctl_fail(c, 0, "fatal: DEFAULT not set");
        return false;
    }
    if ((need & EZMLM_SENDER) && !z->run.has_sender) {
        (void)ctl_fail(c, 0, "fatal: SENDER not set");
        return false;
    }
    if ((need & EZMLM_MESSAGE) && !read_message(z)) {
        *ret_code = ctl_fail(c, CTL_TEMPORARY, "fatal: unable to read message");
        return false;
    }
    return true;
}

bool ezmlm_open(struct ezmlm *z, struct ctl *c, const char *dir, unsigned need, int *ret_code)
{
    if (!ezmlm_begin(z, c, need, ret_code))
        return false;
    err e = list_open(c->arena, c->root_dir, dir, &z->list);
    if (failed(e)) { /* it may be on a disk that comes back */
        *ret_code = ctl_fail(c, e.kind == ERR_DENIED ? CTL_PERMANENT : CTL_TEMPORARY,
                             "fatal: unable to switch to %s: %s", dir, err_text(e));
        return false;
    }
    str inhost;
    if (z->list.generation == LIST_053 && (need & EZMLM_DEFAULT) &&
        list_value(&z->list, "inhost", &inhost) && !str_ieq(inhost, z->run.host)) {
        *ret_code =
            ctl_fail(c, CTL_PERMANENT, "fatal: I do not accept messages at this address (#5.1.1)");
        return false;
    }
    z->run.list = &z->list;
    return true;
}

int ezmlm_exit(struct ezmlm *z, struct verdict v)
{
    if (v.text.n)
        (void)ctl_fail(z->ctl, 0, v.code ? "fatal: %.*s" : "info: %.*s", STR_ARG(v.text));
    return v.code;
}
