/* SPDX-License-Identifier: ISC */
#include "introspect/introspect.h"

#include <string.h>
#include <unistd.h>

#include "ipc/door.h"
#include "log/event.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"

enum { SITE_ARENA = 64 << 20, QUESTION_ARENA = 4 << 20 };

static err read_secret(struct introspect *i)
{
    str archive;
    struct site secret = {0};
    int fd = boot_dir(i->boot, "tokensecret");
    if (fd < 0)
        return OK_ERR;
    err e = fd_map(fd, SITE_ARCHIVE_MAX, &archive);
    if (!failed(e))
        e = site_parse_secrets(arena_copy(i->arena, archive), i->arena, &secret);
    if (!failed(e))
        i->client = secret.tokenclient;
    return e;
}

err introspect_open(struct introspect *i, struct boot *b)
{
    *i = (struct introspect){.boot = b, .loop = loop_new(), .arena = arena_new("site", SITE_ARENA)};
    str archive;
    err e = fd_map(b->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (!failed(e))
        e = site_parse(arena_copy(i->arena, archive), i->arena, &i->site);
    if (!failed(e))
        e = read_secret(i);
    i->door = b->clients[PROGRAM_AUTH];
    return !failed(e) && !i->door ? err_new(ERR_NOTFOUND, "nobody can ask") : e;
}

/* In the child. */
static void answer_one(struct introspect *i, int fd)
{
    (void)alarm(INTROSPECT_HARD_SECONDS); /* name servers have their own patience */
    struct channel *c = channel_new(fd);
    struct packet p;
    struct token_ask ask;
    err e = channel_recv(c, deadline_in_ms(INTROSPECT_MS), &p);
    if (!failed(e))
        e = ipc_decode(&token_ask_schema, p.bytes, &ask);
    if (!failed(e)) {
        auto_arena struct arena *a = arena_new("question", QUESTION_ARENA);
        struct token_answer answer = introspect_ask(i, a, ask.token);
        answer.reason = str_slice(answer.reason, 0, 500);
        e = channel_send(c, &token_answer_schema, p.id, &answer, NULL, 0);
    }
    channel_free(c);
    _exit(failed(e) ? 111 : 0);
}

static void on_knock(void *ctx, int fd, unsigned events)
{
    struct introspect *i = ctx;
    (void)fd, (void)events;
    struct door_knock who;
    int theirs;
    while (!failed(door_answer(i->door, &who, &theirs))) {
        pid_t pid = -1;
        err e = i->children < INTROSPECT_CHILDREN_MAX ? child_fork(&pid)
                                                      : err_new(ERR_LIMIT, "too many at a time");
        if (!failed(e) && pid == 0)
            answer_one(i, theirs);
        i->children += !failed(e);
        fd_close(theirs); /* on failure auth sees it closed, and says "later" */
    }
}

static void on_child(void *ctx, int pid, int wait_status)
{
    struct introspect *i = ctx;
    (void)pid, (void)wait_status;
    i->children--;
}

static void on_init(void *ctx, int fd, unsigned events)
{
    struct introspect *i = ctx;
    (void)fd, (void)events;
    struct packet p;
    err e = channel_try_recv(i->boot->init, &p);
    if (e.kind == ERR_TEMP || (!failed(e) && p.type == IPC_INIT_SITE))
        return; /* a new site counts from the next start */
    loop_stop(i->loop);
}

err introspect_run(struct introspect *i)
{
    loop_children(i->loop, on_child, i);
    (void)loop_add(i->loop, channel_fd(i->boot->init), LOOP_IN, on_init, i);
    (void)loop_add(i->loop, channel_fd(i->door), LOOP_IN, on_knock, i);
    err e = boot_ready(i->boot);
    return failed(e) ? e : loop_run(i->loop);
}

void introspect_close(struct introspect *i)
{
    loop_free(i->loop);
    arena_free(i->arena);
}
