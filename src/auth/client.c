/* SPDX-License-Identifier: ISC */
/* How it works: a client is one session's channel. It has at most one conversation; while a
 * worker checks or a late answer waits, nothing more is read from it, so a session cannot
 * pile up work. */
#include <stdlib.h>

#include "auth/auth.h"
#include "crypt/secret.h"
#include "log/event.h"
#include "os/clock.h"

struct client {
    struct list link;
    struct auth *auth;
    struct channel *channel;
    struct loop_fd *watch;
    struct loop_timer *late;
    enum program program;
    bool active; /* conversation holds something */
    struct conversation conversation;
    uint32_t id; /* of the packet that is to be answered */
    int64_t asked_ms;
    uint64_t check;               /* 0: none at a worker */
    struct token_question *token; /* NULL: none is asked */
    char *version;                /* what a verified login rests on: for the cache */
    size_t version_n;
};

static void conversation_end(struct client *k)
{
    if (k->check != 0)
        workers_forget(k->auth->workers, k->check);
    k->check = 0;
    token_forget(k->token);
    k->token = NULL;
    loop_timer_del(k->late);
    k->late = NULL;
    if (k->version != NULL)
        secret_wipe(k->version, k->version_n);
    free(k->version);
    k->version = NULL;
    if (k->active)
        conversation_done(&k->conversation);
    k->active = false;
}

static void client_free(struct client *k)
{
    conversation_end(k);
    loop_del(k->watch);
    channel_free(k->channel);
    list_del(&k->link);
    k->auth->n_clients--;
    free(k);
}

void clients_free(struct auth *a)
{
    list_each_safe (l, &a->clients)
        client_free(container_of(l, struct client, link));
}

/* Sends, or ends the client: whoever does not read what it asked for is not worth waiting for. */
static bool say(struct client *k, const struct ipc_schema *schema, const void *message)
{
    err e = channel_try_send(k->channel, schema, k->id, message, NULL, 0);
    if (!failed(e))
        return true;
    if (e.kind != ERR_CLOSED)
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
    client_free(k);
    return false;
}

static void note_event(const struct client *k, enum event event)
{
    const struct conversation *c = &k->conversation;
    log_event(NULL, event, F_STR("sid", c->sid), F_STR("peer", c->peer_ip), F_STR("user", c->user),
              F_STR("mechanism", str_from(c->mechanism_name)),
              F_STR("service", str_from(service_name((enum service)c->service))),
              F_INT("tls", c->tls), F_STR("reason", str_from(c->reason)));
}

/* The last word: to the session, then the channel is free for the next login. */
static void finish(struct client *k, const struct person *one)
{
    const struct conversation *c = &k->conversation;
    struct auth_done done = {.outcome = c->outcome, .text = str_from(c->text), .blob = c->blob};
    if (one != NULL) {
        done.user = one->name;
        done.uid = one->uid;
        done.gid = one->gid;
        done.home = one->home;
    }
    if (!say(k, &auth_done_schema, &done))
        return;
    conversation_end(k);
    loop_events(k->watch, LOOP_IN);
}

static void on_late(void *ctx)
{
    finish(ctx, NULL);
}

/* Whether a session of this service goes on as the user (init starts it again). */
static bool becomes_the_user(uint32_t service)
{
    return service == SERVICE_IMAP || service == SERVICE_IMAPS || service == SERVICE_POP3 ||
           service == SERVICE_POP3S || service == SERVICE_SIEVE;
}

static void failed_login(struct client *k)
{
    const struct conversation *c = &k->conversation;
    /* Only a wrong guess is a failed login: bans follow auth.failed. */
    if (c->outcome != AUTH_BAD) {
        note_event(k, c->outcome == AUTH_TEMP ? EV_PROGRAM_FAILED : EV_COMMAND_FAILED);
        finish(k, NULL);
        return;
    }
    note_event(k, EV_AUTH_FAILED);
    int64_t delay = slow_failed(k->auth->slow, c->peer_ip, c->user, clock_ms());
    loop_events(k->watch, LOOP_HUP);
    k->late = loop_at(k->auth->loop, (deadline){k->asked_ms + delay}, on_late, k);
}

static err grant(struct auth *a, const struct conversation *c, const struct person *one)
{
    struct init_granted granted = {.sid = c->sid,
                                   .service = c->service,
                                   .user = one->name,
                                   .uid = one->uid,
                                   .gid = one->gid,
                                   .home = one->home};
    return channel_try_send(a->boot->init, &init_granted_schema, 0, &granted, NULL, 0);
}

/* The password is right; is there an account to go with it? */
static void right_login(struct client *k)
{
    struct auth *a = k->auth;
    struct conversation *c = &k->conversation;
    struct person one;
    err e = passwd_find(a->people, c->user, c->arena, &one);
    if (failed(e) && e.kind == ERR_NOTFOUND) {
        conversation_fail(c, AUTH_BAD, "the login has no account in passwd");
    } else if (failed(e)) {
        conversation_fail(c, AUTH_TEMP, e.what);
    } else if (one.uid == 0 && a->boot->real_users) {
        conversation_fail(c, AUTH_BAD, "root reads no mail");
    } else if (becomes_the_user(c->service) && failed(grant(a, c, &one))) {
        conversation_fail(c, AUTH_TEMP, "init does not listen");
    }
    if (c->outcome != AUTH_OK) {
        failed_login(k);
        return;
    }
    slow_succeeded(a->slow, c->user);
    note_event(k, EV_AUTH_OK);
    finish(k, &one);
}

static void outcome(struct client *k)
{
    if (k->conversation.outcome == AUTH_OK)
        right_login(k);
    else
        failed_login(k);
}

static str version_of(const struct client *k)
{
    return str_of(k->version, k->version_n);
}

static void on_checked(void *ctx, err e, const struct check_answer *answer)
{
    struct client *k = ctx;
    struct conversation *c = &k->conversation;
    k->check = 0;
    if (failed(e) && e.kind != ERR_SYNTAX) {
        conversation_fail(c, AUTH_TEMP, e.what);
    } else {
        /* A stored hash that cannot be read fits no password; the administrator is told. */
        if (failed(e))
            log_event(NULL, EV_CONFIG_PROBLEM, F_STR("user", c->user), F_ERR(e));
        conversation_checked(c, !failed(e) && answer->match);
        if (c->outcome == AUTH_BAD && !c->known && !answer->known)
            c->reason = "no such user";
        if (c->outcome == AUTH_OK && answer->cacheable)
            cache_put(k->auth->cache, c->user, c->password, version_of(k), clock_ms());
    }
    outcome(k);
}

/* What the password is checked against, which is also what a cached answer rests on. */
static err stored_of(const struct auth *a, const struct conversation *c, struct buf *out)
{
    const struct credential *found = credentials_find(a->credentials, c->user);
    if (found != NULL)
        return credential_stored(found, out);
    return OK_ERR;
}

static void keep_version(struct client *k, str stored)
{
    uint64_t stamp = system_stamp(k->auth->root);
    str version = stored.n > 0 ? stored : str_of(&stamp, sizeof stamp);
    k->version = mem_alloc("version", version.n);
    k->version_n = version.n;
    for (size_t i = 0; i < version.n; i++)
        k->version[i] = version.p[i];
}

static void check_password(struct client *k)
{
    struct auth *a = k->auth;
    struct conversation *c = &k->conversation;
    auto_buf struct buf stored;
    buf_init(&stored, PASSWORD_STORED_MAX);
    err e = stored_of(a, c, &stored);
    if (!failed(e)) {
        keep_version(k, buf_str(&stored));
        if (cache_has(a->cache, c->user, c->password, version_of(k), clock_ms())) {
            conversation_checked(c, true);
            right_login(k);
            return;
        }
        struct check check = {.user = c->user,
                              .password = c->password,
                              .stored = buf_str(&stored),
                              .decoy = buf_str(&a->decoy)};
        loop_events(k->watch, LOOP_HUP);
        e = workers_check(a->workers, &check, on_checked, k, &k->check);
    }
    if (failed(e)) {
        conversation_fail(c, AUTH_TEMP, e.what);
        failed_login(k);
    }
}

/* What a cached answer rests on: the scope asked for; a token's own end may be at most as late as
 * the cache forgets. */
static str token_version(const struct client *k)
{
    return k->auth->house.token_scope;
}

static void go_on(struct client *k, enum conversation_next next);

static void on_token(void *ctx, const struct token_answer *answer)
{
    struct client *k = ctx;
    struct conversation *c = &k->conversation;
    bool active = answer->outcome == TOKEN_ACTIVE;
    k->token = NULL;
    loop_events(k->watch, LOOP_IN);
    if (answer->outcome == TOKEN_UNKNOWN) {
        conversation_fail(c, AUTH_TEMP, arena_cstr(c->arena, answer->reason));
        outcome(k);
        return;
    }
    str token = c->password;
    enum conversation_next next = conversation_token(c, active, answer->user);
    bool lasts = !answer->expires || (int64_t)answer->expires > clock_seconds() + CACHE_MS / 1000;
    if (next == NEXT_DONE && c->outcome == AUTH_OK && lasts)
        cache_put(k->auth->cache, c->user, token, token_version(k), clock_ms());
    go_on(k, next);
}

static void check_token(struct client *k)
{
    struct auth *a = k->auth;
    struct conversation *c = &k->conversation;
    if (c->user.n && cache_has(a->cache, c->user, c->password, token_version(k), clock_ms())) {
        go_on(k, conversation_token(c, true, c->user));
        return;
    }
    loop_events(k->watch, LOOP_HUP);
    k->token = token_ask(&a->tokens, c->password, on_token, k);
    if (!k->token) {
        conversation_fail(c, AUTH_TEMP, "no token can be checked now");
        outcome(k);
    }
}

static void go_on(struct client *k, enum conversation_next next)
{
    struct auth_blob challenge = {.blob = k->conversation.blob};
    switch (next) {
    case NEXT_CHALLENGE:
        (void)say(k, &auth_challenge_schema, &challenge); /* on failure the client is gone */
        break;
    case NEXT_CHECK:
        check_password(k);
        break;
    case NEXT_TOKEN:
        check_token(k);
        break;
    case NEXT_DONE:
        outcome(k);
        break;
    }
}

static err start(struct client *k, const struct packet *p)
{
    struct auth_start s;
    err e = ipc_decode(&auth_start_schema, p->bytes, &s);
    if (failed(e))
        return e;
    if (k->active)
        return err_new(ERR_SYNTAX, "a login begins within another");
    if (s.service == 0 || s.service >= SERVICE_COUNT)
        return err_new(ERR_SYNTAX, "login for an unknown service");
    auth_refresh(k->auth);
    k->active = true;
    go_on(k, conversation_start(&k->conversation, &k->auth->house, &s));
    return OK_ERR;
}

static err step(struct client *k, const struct packet *p)
{
    struct auth_blob m;
    err e = ipc_decode(&auth_step_schema, p->bytes, &m);
    if (failed(e))
        return e;
    if (!k->active)
        return err_new(ERR_SYNTAX, "a step of no login");
    go_on(k, conversation_step(&k->conversation, m.blob));
    return OK_ERR;
}

/* The session still waits for its DONE; a cancelled login is no failed one. */
static void cancel(struct client *k)
{
    if (!k->active)
        return;
    conversation_fail(&k->conversation, AUTH_SYNTAX, "cancelled");
    k->conversation.text = "authentication cancelled";
    finish(k, NULL);
}

static void on_packet(void *ctx, int fd, unsigned events)
{
    struct client *k = ctx;
    struct packet p;
    (void)fd;
    (void)events;
    err e = channel_try_recv(k->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (!failed(e) && (k->check != 0 || k->token != NULL || k->late != NULL))
        e = err_new(ERR_SYNTAX, "the session does not wait for its answer");
    if (!failed(e)) {
        k->id = p.id;
        k->asked_ms = clock_ms();
        if (p.type == IPC_AUTH_CANCEL) {
            cancel(k);
            return;
        }
        e = p.type == IPC_AUTH_START ? start(k, &p) : step(k, &p);
    }
    if (!failed(e))
        return; /* the client may be gone by now */
    if (e.kind != ERR_CLOSED)
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", str_from(program_name(k->program))),
                  F_ERR(e));
    client_free(k);
}

void client_new(struct auth *a, int fd, enum program program)
{
    struct client *k = mem_alloc("client", sizeof *k);
    *k = (struct client){.auth = a, .channel = channel_new(fd), .program = program};
    list_init(&k->link);
    list_add(&a->clients, &k->link);
    a->n_clients++;
    k->watch = loop_add(a->loop, fd, LOOP_IN, on_packet, k);
}
