/* SPDX-License-Identifier: ISC */
#include "auth/auth.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "crypt/secret.h"
#include "ipc/door.h"
#include "log/event.h"
#include "os/fd.h"

enum { WORKERS_MORE = 2 }; /* more than processors: one may hang in a directory service */

static void note_line(void *ctx, unsigned line, err e)
{
    (void)ctx;
    log_event(NULL, EV_CONFIG_PROBLEM, F_STR("file", S("var/lib/twinpost/people/credentials")),
              F_INT("line", line), F_ERR(e));
}

/* What an unknown name is checked against costs what the house's own names cost. */
static err choose_decoy(struct auth *a)
{
    struct credential nobody;
    buf_reset(&a->decoy);
    if (credentials_count(a->credentials) == 0)
        return password_decoy(S(""), &a->decoy);
    credential_fake(a->house.secret, S("nobody"), &nobody);
    return credential_stored(&nobody, &a->decoy);
}

static err take_credentials(struct auth *a, struct credentials *fresh)
{
    credentials_free(a->credentials);
    a->credentials = fresh;
    a->house.credentials = fresh;
    cache_clear(a->cache);
    return choose_decoy(a);
}

/* A file that is no use leaves what was there in force; at first that is nobody, so that
 * system accounts can log in and the administrator can mend it. */
static err load_credentials(struct auth *a)
{
    struct credentials *fresh;
    err e = credentials_load(a->people_dir, note_line, NULL, &fresh);
    if (!failed(e))
        return take_credentials(a, fresh);
    log_event(NULL, EV_CONFIG_PROBLEM, F_STR("file", S("var/lib/twinpost/people/credentials")),
              F_ERR(e));
    e = a->credentials == NULL ? take_credentials(a, credentials_none()) : OK_ERR;
    credentials_seen(a->credentials, a->people_dir);
    return e;
}

void auth_refresh(struct auth *a)
{
    if (!credentials_changed(a->credentials, a->people_dir))
        return;
    err e = load_credentials(a);
    if (failed(e)) /* the decoy could not be made: the old one serves */
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
}

static bool is_local(void *ctx, str domain)
{
    const struct auth *a = ctx;
    return site_is_local(&a->site, domain);
}

static err load_site(struct auth *a)
{
    struct site site;
    str archive;
    struct arena *arena = arena_new("site", AUTH_SITE_ARENA);
    if (a->boot->site_fd < 0) {
        site_defaults(arena, &site);
        archive = (str){0};
    } else {
        err e = fd_map(a->boot->site_fd, SITE_ARCHIVE_MAX, &archive);
        if (!failed(e))
            e = site_parse(archive, arena, &site);
        if (failed(e)) {
            arena_free(arena);
            return e;
        }
    }
    arena_free(a->site_arena);
    if (a->archive.p != NULL)
        fd_unmap(a->archive);
    a->site = site;
    a->site_arena = arena;
    a->archive = archive;
    a->house.host = site.me.n > 0 ? site.me : S("localhost");
    a->house.allow_plaintext = site.allowplaintext;
    a->house.tokens = site.tokenurl.n > 0;
    a->house.token_scope = site.tokenscope;
    slow_rules(a->slow, (struct slow_rules){.first_ms = (int64_t)site.logindelay,
                                            .most_ms = (int64_t)site.maxlogindelay});
    return OK_ERR;
}

static size_t worker_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return (size_t)(n > 0 ? n : 1) + WORKERS_MORE;
}

static void take_witness(struct auth *a)
{
    str key;
    if (failed(fd_map(boot_dir(a->boot, "witness"), WITNESS_KEY_BYTES, &key)))
        return; /* none: no certificate is believed */
    if (key.n == WITNESS_KEY_BYTES) {
        memcpy(a->witness, key.p, WITNESS_KEY_BYTES);
        a->house.witness = str_of(a->witness, WITNESS_KEY_BYTES);
    }
    fd_unmap(key);
}

err auth_open(struct auth *a, struct boot *b)
{
    *a = (struct auth){.boot = b,
                       .root = boot_dir(b, "root"),
                       .people_dir = boot_dir(b, "people"),
                       .house = {.is_local = is_local, .ctx = a}};
    list_init(&a->clients);
    buf_init(&a->decoy, PASSWORD_STORED_MAX);
    if (a->root < 0 || a->people_dir < 0)
        return err_new(ERR_NOTFOUND, "init gave no root or no people directory");
    a->loop = loop_new();
    a->tokens = (struct tokens){.loop = a->loop, .door = b->doors[PROGRAM_INTROSPECT]};
    a->cache = cache_new();
    a->slow = slow_new();
    take_witness(a);
    err e = load_site(a);
    if (!failed(e))
        e = passwd_open(a->root, &a->people);
    if (!failed(e))
        e = people_secret(a->people_dir, a->house.secret);
    return e;
}

void auth_close(struct auth *a)
{
    clients_free(a);
    workers_stop(a->workers);
    slow_free(a->slow);
    cache_free(a->cache);
    credentials_free(a->credentials);
    passwd_free(a->people);
    if (a->loop != NULL)
        loop_free(a->loop);
    arena_free(a->site_arena);
    if (a->archive.p != NULL)
        fd_unmap(a->archive);
    buf_done(&a->decoy);
    secret_wipe(&a->house.secret, sizeof a->house.secret);
}

/* ---- running ---- */

struct door {
    struct auth *auth;
    struct channel *channel;
    enum program program;
    struct loop_fd *watch;
};

static void on_knock(void *ctx, int fd, unsigned events)
{
    struct door *d = ctx;
    (void)fd;
    (void)events;
    for (;;) {
        struct door_knock who;
        int channel = -1;
        err e = door_answer(d->channel, &who, &channel);
        if (e.kind == ERR_TEMP)
            return;
        if (failed(e) && e.kind != ERR_SYNTAX) {
            loop_del(d->watch); /* nobody will knock here any more */
            d->watch = NULL;
            return;
        }
        if (failed(e) || d->auth->n_clients >= AUTH_CLIENTS_MAX)
            fd_close(channel);
        else
            client_new(d->auth, channel, d->program);
    }
}

static void on_init(void *ctx, int fd, unsigned events)
{
    struct auth *a = ctx;
    struct packet p;
    (void)fd;
    (void)events;
    err e = channel_try_recv(a->boot->init, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (!failed(e) && p.type == IPC_INIT_SITE) {
        e = boot_message(a->boot, &p);
        if (!failed(e))
            e = load_site(a);
        if (failed(e)) /* init checked it: the old one stays, and says so */
            log_event(NULL, EV_HOUSE_RELOAD_REFUSED, F_ERR(e));
        return;
    }
    /* Told to finish, or init is gone. A login that is under way can be made again. */
    loop_stop(a->loop);
}

static void on_child(void *ctx, int pid, int wait_status)
{
    struct auth *a = ctx;
    (void)wait_status;
    workers_child_ended(a->workers, pid);
}

err auth_run(struct auth *a)
{
    static struct door doors[PROGRAM_COUNT];
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        struct channel *c = a->boot->clients[p];
        if (c == NULL)
            continue;
        doors[p] = (struct door){.auth = a, .channel = c, .program = p};
        doors[p].watch = loop_add(a->loop, channel_fd(c), LOOP_IN, on_knock, &doors[p]);
    }
    loop_children(a->loop, on_child, a);
    (void)loop_add(a->loop, channel_fd(a->boot->init), LOOP_IN, on_init, a); /* for ever */
    /* Inside the sandbox, but before the credentials are read, so that no worker holds them. */
    err e = workers_start(a->loop, a->root, worker_count(), &a->workers);
    if (!failed(e))
        e = load_credentials(a);
    if (!failed(e))
        e = boot_ready(a->boot);
    return failed(e) ? e : loop_run(a->loop);
}
