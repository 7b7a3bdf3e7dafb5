/* SPDX-License-Identifier: ISC */
#include "init/house.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log/event.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/sandbox.h"

enum { PAUSE_FIRST_MS = 100, PAUSE_MAX_MS = 5000, STEADY_MS = 1000, FAILURES_TOLD = 3 };

/* The privilege model: who runs as whom, sees which directories, may ask which services. */
static const struct program_plan plans[] = {
    {.program = PROGRAM_RECORDER, .user = "qmaill", .dirs = {"log"}, .max_files = 4096},
    {.program = PROGRAM_AUTH,
     .user = "twpauth",
     .caps = UINT64_C(1) << CAP_DAC_READ_SEARCH, /* etc/shadow */
     .dirs = {"root", "people", "witness"},
     .doors = {PROGRAM_INTROSPECT},
     .max_files = 8192},
    {.program = PROGRAM_INTROSPECT, .user = "twpoauth", .dirs = {"tokensecret"}, .max_files = 1024},
    {.program = PROGRAM_ROUTE,
     .user = "qmailp",
     .caps = UINT64_C(1) << CAP_DAC_READ_SEARCH,
     .dirs = {"root"},
     .max_files = 8192},
    {.program = PROGRAM_SCHED,
     .user = "qmails",
     .dirs = {"queue"},
     .doors = {PROGRAM_ROUTE},
     .max_files = 16384},
    {.program = PROGRAM_SMTPD,
     .user = "qmaild",
     .doors = {PROGRAM_ROUTE, PROGRAM_SCHED, PROGRAM_AUTH},
     .max_files = 1024},
    {.program = PROGRAM_IMAPD,
     .user = "twplogin",
     .doors = {PROGRAM_AUTH, PROGRAM_INIT},
     .max_files = 1024},
    {.program = PROGRAM_POPD,
     .user = "twplogin",
     .doors = {PROGRAM_AUTH, PROGRAM_INIT},
     .max_files = 1024},
    {.program = PROGRAM_SIEVED,
     .user = "twplogin",
     .doors = {PROGRAM_AUTH, PROGRAM_INIT},
     .max_files = 1024},
    {.program = PROGRAM_GUARD, /* root, and it gives up all but two capabilities itself */
     .dirs = {"root"},
     .doors = {PROGRAM_FRONT, PROGRAM_RECORDER},
     .max_files = 4096},
    {.program = PROGRAM_FRONT,
     .user = "twpfront",
     .dirs = {"tls", "witness"},
     .doors = {PROGRAM_SMTPD, PROGRAM_IMAPD, PROGRAM_POPD, PROGRAM_SIEVED},
     .max_files = 65536},
    {.program = PROGRAM_KEEPER, .max_files = 4096},
    {.program = PROGRAM_DELIVER, .doors = {PROGRAM_SCHED}, .max_files = 1024},
    {.program = PROGRAM_RELAY,
     .user = "qmailr",
     .dirs = {"root", "relay", "secrets"},
     .max_files = 1024},
    {.program = PROGRAM_CTL,
     .doors = {PROGRAM_SCHED, PROGRAM_RECORDER, PROGRAM_AUTH, PROGRAM_FRONT, PROGRAM_GUARD}},
    {.program = PROGRAM_LOCAL, .doors = {PROGRAM_SCHED, PROGRAM_ROUTE}},
};

static const struct {
    const char *name, *path;
} directories[] = {
    {"root", "."},
    {"queue", "var/lib/twinpost/queue"},
    {"people", "var/lib/twinpost/people"},
    {"relay", "var/lib/twinpost/relay"},
    {"log", "var/log/twinpost"},
    {"tls", "var/qmail/control/tls"},
};

const struct program_plan *program_plan(enum program p)
{
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        if (plans[i].program == p)
            return &plans[i];
    return NULL;
}

bool is_service(const struct house *h, enum program p)
{
    if (p == PROGRAM_INTROSPECT) /* only where a token server is named, at the start */
        return h->tokens;
    if (p == PROGRAM_GUARD)
        return h->guard;
    return p == PROGRAM_RECORDER || p == PROGRAM_AUTH || p == PROGRAM_ROUTE || p == PROGRAM_SCHED ||
           p == PROGRAM_SMTPD || p == PROGRAM_IMAPD || p == PROGRAM_POPD || p == PROGRAM_SIEVED ||
           p == PROGRAM_FRONT;
}

err house_make_doors(struct house *h)
{
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        enum program client = plans[i].program;
        for (size_t d = 0; d < 6 && plans[i].doors[d]; d++) {
            int *pair = h->doors[client][plans[i].doors[d]];
            err e = fd_pair(FD_PAIR_PACKET, &pair[0], &pair[1]);
            if (failed(e))
                return e;
        }
    }
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        err e = fd_pair(FD_PAIR_PACKET, &h->events[p][0], &h->events[p][1]);
        if (failed(e))
            return e;
    }
    log_open("init", h->events[PROGRAM_INIT][0]);
    house_watch_promotions(h);
    return OK_ERR;
}

err program_start(struct house *h, const struct start *s, pid_t *ret_pid, int *ret_channel)
{
    auto_arena struct arena *a = arena_new("program start", 1 << 16);
    const char *name = program_name(s->plan->program);
    auto_fd int mine = -1, theirs = -1, null = -1;
    err e = fd_pair(FD_PAIR_PACKET, &mine, &theirs);
    if (!failed(e))
        e = file_open(AT_FDCWD, "/dev/null", O_RDWR, 0, &null);
    if (failed(e))
        return e;
    struct child_fd fds[] = {{null, 0},
                             {null, 1},
                             {STDERR_FILENO, 2},
                             {theirs, INIT_FD},
                             {h->events[s->plan->program][0], LOG_FD}};
    struct child_limit limits[] = {{RLIMIT_NOFILE, s->plan->max_files}, {RLIMIT_CORE, 0}};
    str argv0 = arena_printf(a, "twinpost-%s", name);
    const char *argv[] = {argv0.p, NULL};
    const char *fault_file =
        getenv("TWP_FAULT_FILE"); /* os/fault.h: crash tests of a whole house */
    const char *asan = getenv("ASAN_OPTIONS");
    const char *envp[10] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                            arena_printf(a, "TWINPOST_ROOT=%s", h->options.root).p,
                            arena_printf(a, "TWINPOST_BIN=%s", h->options.libexec).p};
    size_t n = 3;
    if (fault_file)
        envp[n++] = arena_printf(a, "TWP_FAULT_FILE=%s", fault_file).p;
    if (asan)
        envp[n++] = arena_printf(a, "ASAN_OPTIONS=%s", asan).p;
#ifdef TWP_FAULTS
    /* test/power/recorder.c: what is written and what is synced, for losses of power. */
    const char *recorder = getenv("TWP_RECORDER"), *record = getenv("TWP_RECORD");
    if (recorder && record) {
        envp[n++] = arena_printf(a, "LD_PRELOAD=%s", recorder).p;
        envp[n++] = arena_printf(a, "TWP_RECORD=%s", record).p;
    }
#endif
    /* Thousands of these wait at a time: the C library's cache of small free pieces would pin
     * pages of each one's heap. Others ignore the word. */
    if (s->plan->program == PROGRAM_IMAPD || s->plan->program == PROGRAM_POPD ||
        s->plan->program == PROGRAM_SIEVED)
        envp[n++] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0";
    struct rlimit files; /* a container may grant less than the plan says */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && limits[0].value > files.rlim_max)
        limits[0].value = files.rlim_max;
    struct child_spec spec = {
        .path = arena_printf(a, "%s/twinpost-%s", h->options.libexec, name).p,
        .argv = argv,
        .envp = envp,
        .fds = fds,
        .n_fds = 5,
        .change_user = h->real_users,
        .uid = s->uid,
        .gid = s->gid,
        .cwd = s->cwd ? s->cwd : "/",
        .limits = limits,
        .n_limits = 2,
        .new_group = true,
        .keep_caps = h->real_users ? s->plan->caps : 0,
    };
    e = child_start(&spec, ret_pid);
    if (failed(e))
        return e;
    *ret_channel = fd_take(&mine);
    return OK_ERR;
}

err house_send_site(struct house *h, int channel_fd)
{
    struct init_site s = {.generation = h->generation, .real_users = h->real_users};
    return packet_send(channel_fd, &init_site_schema, 0, &s, &h->site_fd, 1);
}

static err send_secrets(struct house *h, int fd)
{
    return packet_send(fd, &init_dir_schema, 0, &(struct init_dir){S("secrets")}, &h->secrets_fd,
                       1);
}

static err send_token_secret(struct house *h, int fd)
{
    return packet_send(fd, &init_dir_schema, 0, &(struct init_dir){S("tokensecret")}, &h->token_fd,
                       1);
}

static err send_witness(struct house *h, int fd)
{
    return packet_send(fd, &init_dir_schema, 0, &(struct init_dir){S("witness")}, &h->witness_fd,
                       1);
}

static err send_dirs(struct house *h, const struct program_plan *plan, int fd)
{
    for (size_t i = 0; i < 6 && plan->dirs[i]; i++) {
        err sent = strcmp(plan->dirs[i], "tokensecret") == 0 ? send_token_secret(h, fd)
                   : strcmp(plan->dirs[i], "secrets") == 0   ? send_secrets(h, fd)
                   : strcmp(plan->dirs[i], "witness") == 0   ? send_witness(h, fd)
                                                             : OK_ERR;
        if (failed(sent))
            return sent;
        for (size_t d = 0; d < sizeof directories / sizeof directories[0]; d++) {
            if (strcmp(plan->dirs[i], directories[d].name) != 0)
                continue;
            auto_fd int dir = -1;
            err e = dir_open(h->root, directories[d].path, &dir);
            if (!failed(e))
                e = packet_send(fd, &init_dir_schema, 0,
                                &(struct init_dir){str_from(plan->dirs[i])}, &dir, 1);
            if (failed(e))
                return e;
        }
    }
    return OK_ERR;
}

err program_send_doors(struct house *h, enum program p, int fd)
{
    for (enum program s = PROGRAM_INIT; s < PROGRAM_COUNT; s++) {
        err e = OK_ERR;
        if (h->doors[p][s][0])
            e = packet_send(fd, &init_door_schema, 0, &(struct init_door){s}, &h->doors[p][s][0],
                            1);
        if (!failed(e) && h->doors[s][p][0] && p != PROGRAM_KEEPER)
            e = packet_send(fd, &init_clients_schema, 0, &(struct init_clients){s},
                            &h->doors[s][p][1], 1);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

static err send_listeners(struct house *h, enum program p, int fd)
{
    for (size_t i = 0; i < h->listeners.n; i++) {
        struct listener *l = &h->listeners.at[i];
        enum program owner = l->service == SERVICE_METRICS ? PROGRAM_RECORDER : PROGRAM_FRONT;
        if (owner != p)
            continue;
        struct init_listen m = {.service = l->service, .address = str_from(l->address)};
        err e = packet_send(fd, &init_listen_schema, 0, &m, &l->fd, 1);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

static err send_events(struct house *h, int fd)
{
    if (h->options.foreground) {
        int console = STDERR_FILENO;
        err e = packet_send(fd, &init_dir_schema, 0, &(struct init_dir){S("console")}, &console, 1);
        if (failed(e))
            return e;
    }
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        err e =
            packet_send(fd, &init_events_schema, 0, &(struct init_clients){p}, &h->events[p][1], 1);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

err program_send_all(struct house *h, const struct program_plan *plan, int fd)
{
    err e = house_send_site(h, fd);
    if (!failed(e))
        e = send_dirs(h, plan, fd);
    if (!failed(e))
        e = program_send_doors(h, plan->program, fd);
    if (!failed(e))
        e = send_listeners(h, plan->program, fd);
    if (!failed(e) && plan->program == PROGRAM_RECORDER)
        e = send_events(h, fd);
    return e;
}

static void stop_watching(struct service_process *s)
{
    loop_del(s->watch);
    s->watch = NULL;
    channel_free(s->channel);
    s->channel = NULL;
}

static void all_ready(struct house *h)
{
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        if (is_service(h, p) && !h->services[p].ready)
            return;
    if (h->started)
        return;
    h->started = true;
    err e = house_write_ready(h);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
    if (sandbox_not_granted()[0])
        log_event(NULL, EV_HOUSE_WITHOUT, F_STR("what", str_from(sandbox_not_granted())));
    if (!h->real_users)
        log_event(NULL, EV_HOUSE_WITHOUT, F_STR("what", S("users of their own")));
    log_event(NULL, EV_HOUSE_STARTED, F_STR("me", h->site.me), F_INT("listeners", h->listeners.n));
}

static void service_ready(struct service_process *s)
{
    struct house *h = s->house;
    s->ready = true;
    log_event(NULL, EV_PROGRAM_STARTED, F_STR("name", str_from(program_name(s->plan->program))));
    bool others = true;
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        if (is_service(h, p) && p != PROGRAM_FRONT && !h->services[p].ready)
            others = false;
    if (others && h->services[PROGRAM_FRONT].pid == 0 && !h->stopping)
        service_start(&h->services[PROGRAM_FRONT]); /* clients come in when everybody is there */
    all_ready(h);
}

static void handle(struct service_process *s, const struct packet *p)
{
    struct init_worker_ask ask;
    struct init_granted granted;
    if (p->type == IPC_INIT_READY)
        service_ready(s);
    else if (p->type == IPC_INIT_WORKER_ASK && s->plan->program == PROGRAM_SCHED &&
             !failed(ipc_decode(&init_worker_ask_schema, p->bytes, &ask)))
        worker_asked(s->house, s, p->id, &ask);
    else if (p->type == IPC_INIT_GRANTED && s->plan->program == PROGRAM_AUTH &&
             !failed(ipc_decode(&init_granted_schema, p->bytes, &granted)))
        session_granted(s->house, &granted);
    else
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", str_from(program_name(s->plan->program))),
                  F_STR("reason", S("it sent init something unexpected")), F_INT("type", p->type));
}

static void on_message(void *ctx, int fd, unsigned events)
{
    struct service_process *s = ctx;
    (void)fd;
    (void)events;
    while (s->channel) {
        struct packet p;
        err e = channel_try_recv(s->channel, &p);
        if (e.kind == ERR_TEMP)
            return;
        if (failed(e)) {
            stop_watching(s); /* its end arrives as a child */
            return;
        }
        handle(s, &p);
    }
}

static err start_now(struct service_process *s)
{
    struct start start = {.plan = s->plan};
    err e = s->plan->user ? house_account(s->house, s->plan->user, &start.uid, &start.gid) : OK_ERR;
    int fd;
    if (!failed(e))
        e = program_start(s->house, &start, &s->pid, &fd);
    if (failed(e))
        return e;
    s->channel = channel_new(fd);
    s->started_ms = clock_ms();
    s->watch = loop_add(s->house->loop, fd, LOOP_IN, on_message, s);
    e = program_send_all(s->house, s->plan, fd);
    if (!failed(e))
        e = packet_send(fd, &init_go_schema, 0, &(struct init_nothing){0}, NULL, 0);
    if (failed(e))
        child_kill(s->pid, SIGKILL); /* its end starts it again */
    return OK_ERR;
}

static void try_again(void *ctx)
{
    struct service_process *s = ctx;
    loop_timer_del(s->again);
    s->again = NULL;
    if (!s->house->stopping)
        service_start(s);
}

static void restart_later(struct service_process *s)
{
    int64_t pause = PAUSE_FIRST_MS << (s->failures < 6 ? s->failures : 6);
    s->failures++;
    s->again = loop_at(s->house->loop, deadline_in_ms(pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS),
                       try_again, s);
}

void service_start(struct service_process *s)
{
    err e = start_now(s);
    if (!failed(e))
        return;
    log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", str_from(program_name(s->plan->program))),
              F_ERR(e));
    s->pid = 0;
    restart_later(s);
}

void service_ended(struct service_process *s, int wait_status)
{
    stop_watching(s);
    s->pid = 0;
    s->ready = false;
    s->last_status = wait_status;
    if (s->house->stopping) {
        house_stop_step(s->house);
        return;
    }
    log_event(NULL, EV_PROGRAM_ENDED, F_STR("name", str_from(program_name(s->plan->program))),
              F_INT("status", WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0),
              F_INT("signal", WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0));
    if (clock_ms() - s->started_ms > STEADY_MS)
        s->failures = 0;
    restart_later(s);
}

bool service_is_failing(const struct service_process *s)
{
    bool steady = s->ready && clock_ms() - s->started_ms > STEADY_MS;
    return s->failures >= FAILURES_TOLD && !steady;
}

struct guest *guest_add(struct house *h, enum program p, pid_t pid, struct keeper *k)
{
    struct guest *g = mem_alloc("guest", sizeof *g);
    *g = (struct guest){.program = p, .pid = pid, .keeper = k};
    list_add(&h->guests, &g->link);
    if (k)
        k->running = g;
    return g;
}

static void on_child(void *ctx, int pid, int wait_status)
{
    struct house *h = ctx;
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        if (h->services[p].pid == pid) {
            service_ended(&h->services[p], wait_status);
            return;
        }
    }
    list_each (l, &h->guests) {
        struct guest *g = container_of(l, struct guest, link);
        if (g->pid != pid)
            continue;
        struct keeper *k = g->keeper;
        visits_end(g);
        if (WIFSIGNALED(wait_status))
            log_event(NULL, EV_PROGRAM_ENDED, F_STR("name", str_from(program_name(g->program))),
                      F_INT("signal", WTERMSIG(wait_status)));
        list_del(&g->link);
        free(g);
        if (k)
            keeper_ended(h, k);
        return;
    }
}

/* So that the plans' limits can be given out; refused without the capability: see above. */
static void raise_own_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return;
    rlim_t want = 0;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        want = plans[i].max_files > want ? plans[i].max_files : want;
    if (files.rlim_max >= want)
        return;
    struct rlimit higher = {files.rlim_cur, want};
    (void)setrlimit(RLIMIT_NOFILE, &higher); /* what remains is used */
}

void house_start_services(struct house *h)
{
    raise_own_limit();
    loop_children(h->loop, on_child, h);
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        h->services[p] = (struct service_process){.house = h, .plan = program_plan(p)};
    h->tokens = h->site.tokenurl.n > 0;
    h->guard = h->site.guard;
    service_start(&h->services[PROGRAM_RECORDER]);
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        if (is_service(h, p) && p != PROGRAM_RECORDER && p != PROGRAM_FRONT)
            service_start(&h->services[p]);
}
