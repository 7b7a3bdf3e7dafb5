/* SPDX-License-Identifier: ISC */
#include "smtpd/services.h"

#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/fd.h"

enum { ROUTE_MS = 30000, SUBMIT_MS = 300000 };

static err reach(struct services *v, struct channel **c, enum program service)
{
    return *c ? OK_ERR : v->open(v->ctx, service, c);
}

/* A question that failed leaves its answer somewhere on the way: never read it as another's. */
static err forget_if_failed(struct channel **c, err e)
{
    if (failed(e)) {
        channel_free(*c);
        *c = NULL;
    }
    return e;
}

/* What route accepts depends on RELAYCLIENT and the login: that is part of the key. */
static str kept_key(str address, bool relay, struct buf *b)
{
    buf_addc(b, relay ? 'r' : 'n');
    buf_add(b, address);
    return buf_str(b);
}

static bool is_kept(const struct services *v, str key)
{
    const int64_t *until = v->kept ? map_get(v->kept, key) : NULL;
    return until && *until > clock_ms();
}

static void keep(struct services *v, str key)
{
    size_t at = 0;
    str oldest;
    void *value;
    if (!v->kept)
        v->kept = map_new();
    free(map_take(v->kept, key)); /* what is asked again begins again */
    if (map_count(v->kept) >= ROUTES_KEPT && map_next(v->kept, &at, &oldest, &value)) {
        (void)map_take(v->kept, oldest); /* value itself */
        free(value);
    }
    int64_t *until = mem_alloc("kept route", sizeof *until);
    *until = clock_ms() + ROUTE_KEPT_MS;
    map_put(v->kept, key, until);
}

static void forget_kept(struct services *v)
{
    size_t at = 0;
    str key;
    void *value;
    while (v->kept && map_next(v->kept, &at, &key, &value))
        free(value);
    map_free(v->kept);
    v->kept = NULL;
}

void services_close(struct services *v)
{
    channel_free(v->route);
    channel_free(v->sched);
    channel_free(v->auth);
    v->route = v->sched = v->auth = NULL;
    forget_kept(v);
}

err services_route(struct services *v, str address, bool relay, struct route_answer *ret)
{
    auto_buf struct buf b;
    buf_init(&b, ROUTE_KEPT_ADDRESS + 1);
    str key = kept_key(address, relay, &b);
    if (!b.over && is_kept(v, key)) {
        *ret = (struct route_answer){.outcome = ROUTE_LOCAL};
        return OK_ERR;
    }
    err e = reach(v, &v->route, PROGRAM_ROUTE);
    if (failed(e))
        return e;
    struct route_ask ask = {.purpose = ROUTE_RCPT, .address = address, .relay = relay};
    struct route_answer answer;
    e = channel_ask(v->route, &route_ask_schema, &ask, NULL, 0, &route_answer_schema,
                    deadline_in_ms(ROUTE_MS), &answer, NULL);
    if (failed(e))
        return forget_if_failed(&v->route, e);
    if (!b.over && (answer.outcome == ROUTE_LOCAL || answer.outcome == ROUTE_REMOTE))
        keep(v, key);
    *ret = answer;
    return OK_ERR;
}

err services_submit(struct services *v, const struct submit *m, int memory_fd,
                    struct submit_done *ret)
{
    err e = reach(v, &v->sched, PROGRAM_SCHED);
    if (failed(e))
        return e;
    struct submit_done done;
    e = channel_ask(v->sched, &submit_schema, m, &memory_fd, memory_fd < 0 ? 0 : 1,
                    &submit_done_schema, deadline_in_ms(SUBMIT_MS), &done, NULL);
    if (failed(e))
        return forget_if_failed(&v->sched, e);
    *ret = done;
    return OK_ERR;
}

err services_file(struct services *v, uint64_t hint, struct submit_file *ret, int *ret_fd)
{
    err e = reach(v, &v->sched, PROGRAM_SCHED);
    if (failed(e))
        return e;
    struct submit_file_ask ask = {.size_hint = hint};
    struct submit_file file;
    struct packet p;
    e = channel_ask(v->sched, &submit_file_ask_schema, &ask, NULL, 0, &submit_file_schema,
                    deadline_in_ms(ROUTE_MS), &file, &p);
    if (failed(e))
        return forget_if_failed(&v->sched, e);
    if (file.file != 0 && p.n_fds != 1)
        return forget_if_failed(&v->sched, err_new(ERR_SYNTAX, "no file with the answer"));
    *ret_fd = file.file != 0 ? fd_take(&p.fds[0]) : -1;
    *ret = file;
    return OK_ERR;
}

err services_auth(struct services *v, struct channel **ret)
{
    err e = reach(v, &v->auth, PROGRAM_AUTH);
    if (!failed(e))
        *ret = v->auth;
    return e;
}
