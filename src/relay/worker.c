/* SPDX-License-Identifier: ISC */
#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"
#include "relay/relay.h"

enum {
    MESSAGE_MAX = 1 << 30,
    KEEP_MS = 5000,         /* a connection without work; others may want the server's place */
    TEXT_MAX = 4000,        /* of the whole's report, as ipc/work.h limits it */
    EACH_MAX = 2000,        /* of one recipient's report */
    EACH_ALL_MAX = 120'000, /* of all of them */
};

/* The next NUL-ended piece of a packed list; empty when the list is short. */
static str next_piece(str *list)
{
    str piece, rest;
    if (!str_cut(*list, '\0', &piece, &rest))
        rest = S("");
    *list = rest;
    return piece;
}

static size_t count_pieces(str list)
{
    size_t n = 0;
    for (size_t i = 0; i < list.n; i++)
        n += list.p[i] == 0;
    return n;
}

static struct smtp_recipient *unpack(struct arena *a, const struct work_job *job, size_t *ret_n)
{
    str addresses = job->recipients, notify = job->notify, orcpt = job->orcpt;
    size_t n = count_pieces(addresses);
    struct smtp_recipient *r = NEW_N(a, struct smtp_recipient, n);
    for (size_t i = 0; i < n; i++) {
        r[i].address = next_piece(&addresses);
        r[i].notify = next_piece(&notify);
        r[i].orcpt = next_piece(&orcpt);
    }
    *ret_n = n;
    return r;
}

static struct remote_route route_of(const struct relay *r, str host)
{
    struct smtproute route;
    if (!site_smtproute(&r->site, host, &route) || route.by_mx)
        return (struct remote_route){0};
    return (struct remote_route){.is_set = true,
                                 .host = route.host,
                                 .port = route.port,
                                 .user = route.user,
                                 .password = route.password};
}

static void tell_connection(const struct relay *r, const struct work_job *job,
                            const struct remote_report *report)
{
    if (!report->connected)
        return;
    const struct smtp_client *c = remote_client(r->remote);
    log_event(NULL, EV_RELAY_CONNECTED, F_STR("host", job->host),
              F_STR("peer", str_from(report->peer)), F_STR("tls", str_from(smtp_tls_used(c))),
              F_STR("without_tls", str_from(smtp_tls_failure(c))));
}

static enum work_outcome outcome_of(char letter)
{
    return letter == 'K' ? WORK_OK : letter == 'D' ? WORK_PERM : WORK_TEMP;
}

static str pack_each(struct relay *r, const struct remote_report *report, size_t n)
{
    auto_buf struct buf out;
    buf_init(&out, EACH_ALL_MAX);
    size_t room = n ? EACH_ALL_MAX / n : 0;
    size_t most = room < EACH_MAX ? room : EACH_MAX;
    for (size_t i = 0; i < n; i++) {
        char own = report->each ? report->each[i] : 0;
        bool refused = own == 'h' || own == 's';
        str text = S("");
        if (refused)
            (void)remote_recipient(report, i, r->job_arena, &text);
        buf_addc(&out, refused ? own : 'r');
        buf_add(&out, str_slice(text, 0, most > 2 ? most - 2 : 0));
        buf_addc(&out, 0);
    }
    return arena_copy(r->job_arena, buf_str(&out));
}

static err answer(struct relay *r, const struct work_job *job, const struct remote_report *report,
                  size_t n)
{
    struct work_result result = {.job = job->job,
                                 .outcome = outcome_of(report->letter),
                                 .text = str_slice(report->text, 0, TEXT_MAX),
                                 .recipients = pack_each(r, report, n),
                                 .timed_out = report->timed_out,
                                 .dsn = report->letter == 'K' && report->dsn};
    return channel_send(r->sched, &work_result_schema, 0, &result, NULL, 0);
}

static void deliver(struct relay *r, const struct work_job *job, str body,
                    struct smtp_recipient *recipients, size_t n, struct remote_report *report)
{
    struct remote_route route = route_of(r, job->host);
    struct smtp_message m = {
        .sender = job->sender,
        .body = body,
        .smtputf8 = job->flags & SUBMIT_SMTPUTF8,
        .ret_hdrs = job->flags & SUBMIT_RET_HDRS,
        .ret_full = job->flags & SUBMIT_RET_FULL,
        .envid = job->envid,
    };
    remote_deliver(r->remote, r->job_arena, job->host, &route, &m, recipients, n, report);
    tell_connection(r, job, report);
}

/* The message is in the packet, or the whole of the file that came with it. */
static err take_body(struct packet *p, const struct work_job *job, str *ret_body, str *ret_mapped)
{
    *ret_body = job->message;
    if (!p->n_fds)
        return job->message.n == job->size ? OK_ERR : err_new(ERR_SYNTAX, "message of a job");
    auto_fd int fd = fd_take(&p->fds[0]);
    err e = fd_map(fd, MESSAGE_MAX, ret_mapped);
    *ret_body = *ret_mapped;
    return e;
}

static err one_job(struct relay *r, struct packet *p)
{
    struct work_job job;
    struct remote_report report = {.letter = 'Z', .text = S("Unable to read message. (#4.3.0)\n")};
    str body, mapped = S("");
    size_t n = 0;
    arena_reset(r->job_arena);
    err e = ipc_decode(&work_job_schema, p->bytes, &job);
    if (failed(e))
        return e;
    struct smtp_recipient *recipients = unpack(r->job_arena, &job, &n);
    e = take_body(p, &job, &body, &mapped);
    if (!failed(e))
        deliver(r, &job, body, recipients, n, &report);
    if (mapped.n)
        fd_unmap(mapped);
    return answer(r, &job, &report, n);
}

err relay_run(struct relay *r)
{
    for (;;) {
        bool kept = remote_has_connection(r->remote);
        struct packet p;
        err e = channel_recv(r->sched, kept ? deadline_in_ms(KEEP_MS) : DEADLINE_NEVER, &p);
        if (e.kind == ERR_TIMEOUT) {
            remote_close_idle(r->remote);
            continue;
        }
        if (e.kind == ERR_CLOSED)
            return OK_ERR;
        if (!failed(e) && p.type == IPC_WORK_JOB)
            e = one_job(r, &p);
        if (failed(e))
            return e;
    }
}
