/* SPDX-License-Identifier: ISC */
/* ctl/old_tcpserver.c -- tcpserver(1): accepts connections and runs a program for each, with
 * TCP* variables, access rules and a limit. For run scripts that a site has; the house itself
 * is served by front. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/tcprules.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/net.h"
#include "os/poll.h"

enum { RULES_MAX = 64 << 20, VARIABLES_MAX = 64 };

extern char **environ;

struct server {
    struct ctl *ctl;
    long limit, running;
    bool limit_is_said;
    const char *rules;  /* -x */
    bool without_rules; /* -X: go on when the file is missing */
    int verbosity;      /* 0 quiet, 1 errors, 2 all */
    uint64_t uid, gid;
    bool set_uid, set_gid;
    bool no_names; /* -H */
    const char *local_name;
    uint64_t backlog;
    const char *banner;
    bool print_port; /* -1 */
    char **program;
    int listener;
};

static const char options_text[] =
    "[-1XvqQhHrRoOdDpP] [-c LIMIT] [-x RULES.CDB] [-u UID] [-g GID] [-l NAME] [-b BACKLOG] "
    "[-B BANNER] [-t SECONDS] HOST PORT PROGRAM …";

static volatile sig_atomic_t children_ended;

static void on_child(int signo)
{
    (void)signo;
    children_ended = 1;
}

static bool number(const char *text, uint64_t *ret)
{
    return str_u64(str_from(text), ret);
}

static bool take_option(struct server *s, int k)
{
    uint64_t n = 0;
    switch (k) {
    case 'c':
        if (!number(optarg, &n) || n > 100000)
            return false;
        s->limit = (long)n;
        return true;
    case 'x':
        s->rules = optarg;
        return true;
    case 'X':
        s->without_rules = true;
        return true;
    case 'u':
        s->set_uid = true;
        return number(optarg, &s->uid);
    case 'g':
        s->set_gid = true;
        return number(optarg, &s->gid);
    case 'U': { /* from the environment, as envuidgid sets it */
        const char *uid = getenv("UID");
        const char *gid = getenv("GID");
        s->set_uid = s->set_gid = true;
        return uid && gid && number(uid, &s->uid) && number(gid, &s->gid);
    }
    case 'l':
        s->local_name = optarg;
        return true;
    case 'b':
        return number(optarg, &s->backlog);
    case 'B':
        s->banner = optarg;
        return true;
    case 'H':
    case 'h':
        s->no_names = k == 'H';
        return true;
    case 'v':
    case 'q':
    case 'Q':
        s->verbosity = k == 'v' ? 2 : k == 'q' ? 0 : 1;
        return true;
    case '1':
        s->print_port = true;
        return true;
    case 't': /* seconds for name and ident look-ups: ours wait for neither */
        return number(optarg, &n);
    default: /* r R: no ident is ever asked; o O d D p P: the kernel's defaults are right */
        return k != '?';
    }
}

static err find_address(const char *host, const char *port, struct net_address *ret)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    if (strcmp(host, "0") == 0)
        host = "0.0.0.0";
    if (getaddrinfo(*host ? host : NULL, port, &hints, &found) != 0)
        return err_new(ERR_NOTFOUND, "no such host or port");
    *ret = (struct net_address){.n = found->ai_addrlen};
    memcpy(&ret->ss, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return OK_ERR;
}

static err open_server(struct server *s, const char *host, const char *port)
{
    struct net_address a;
    err e = find_address(host, port, &a);
    if (!failed(e))
        e = net_listen(&a, (int)s->backlog, &s->listener);
    if (!failed(e))
        e = net_local_name(s->listener, &a);
    if (!failed(e) && s->print_port)
        (void)ctl_print(s->ctl, arena_printf(s->ctl->arena, "%u\n", net_address_port(&a)));
    return e;
}

static err become_user(const struct server *s)
{
    gid_t gid = (gid_t)s->gid;
    if (s->set_gid && (setgroups(1, &gid) < 0 || setgid(gid) < 0))
        return err_sys("set gid");
    if (s->set_uid && setuid((uid_t)s->uid) < 0)
        return err_sys("set uid");
    return OK_ERR;
}

static void say(const struct server *s, const char *what, const char *ip)
{
    if (s->verbosity == 2)
        (void)fprintf(stderr, "tcpserver: %s %s, status: %ld/%ld\n", what, ip, s->running,
                      s->limit);
}

/* False: refused by the rules (or they cannot be read: then nobody comes in). */
static bool ask_rules(const struct server *s, struct arena *a, str ip, struct tcprules_answer *ret)
{
    *ret = (struct tcprules_answer){0};
    if (!s->rules)
        return true;
    str cdb;
    err e = file_read(AT_FDCWD, s->rules, RULES_MAX, a, &cdb);
    if (e.kind == ERR_NOTFOUND && s->without_rules)
        return true;
    struct tcp_peer peer = {.ip = ip};
    if (!failed(e))
        e = tcprules_find(cdb, &peer, a, ret);
    if (failed(e))
        (void)ctl_fail(s->ctl, 0, "%s: %s", s->rules, err_text(e));
    return !failed(e) && !ret->deny;
}

static bool is_replaced(const char *variable, const char *const *mine, size_t n)
{
    size_t name = strcspn(variable, "=");
    for (size_t i = 0; i < n; i++)
        if (strncmp(variable, mine[i], name + 1) == 0)
            return true;
    return strncmp(variable, "TCPREMOTE", 9) == 0;
}

static const char **environment(const struct server *s, struct arena *a,
                                const struct net_address *local, const struct net_address *peer,
                                const struct tcprules_answer *r)
{
    char lip[64], rip[64];
    size_t old = 0;
    while (environ[old])
        old++;
    const char **all = NEW_N(a, const char *, old + VARIABLES_MAX + 8);
    size_t n = 0;
    str l = net_address_text(local, lip, sizeof lip);
    str p = net_address_text(peer, rip, sizeof rip);
    all[n++] = "PROTO=TCP";
    all[n++] = arena_printf(a, "TCPLOCALIP=%.*s", STR_ARG(l)).p;
    all[n++] = arena_printf(a, "TCPLOCALPORT=%u", net_address_port(local)).p;
    if (s->local_name)
        all[n++] = arena_printf(a, "TCPLOCALHOST=%s", s->local_name).p;
    all[n++] = arena_printf(a, "TCPREMOTEIP=%.*s", STR_ARG(p)).p;
    all[n++] = arena_printf(a, "TCPREMOTEPORT=%u", net_address_port(peer)).p;
    char host[NI_MAXHOST];
    if (!s->no_names && getnameinfo((const struct sockaddr *)&peer->ss, peer->n, host, sizeof host,
                                    NULL, 0, NI_NAMEREQD) == 0)
        all[n++] = arena_printf(a, "TCPREMOTEHOST=%s", host).p;
    for (size_t i = 0; i < r->n && i < VARIABLES_MAX; i++)
        all[n++] = arena_printf(a, "%.*s=%.*s", STR_ARG(r->variables[i].name),
                                STR_ARG(r->variables[i].value))
                       .p;
    size_t mine = n;
    for (size_t i = 0; i < old; i++)
        if (!is_replaced(environ[i], all, mine))
            all[n++] = environ[i];
    return all;
}

static void serve(struct server *s, int fd, const struct net_address *peer)
{
    auto_arena struct arena *a = arena_new("connection", 128 << 20);
    char ip[64];
    str text = net_address_text(peer, ip, sizeof ip);
    struct net_address local;
    struct tcprules_answer rules;
    if (failed(net_local_name(fd, &local)) || !ask_rules(s, a, text, &rules)) {
        say(s, "deny", ip);
        return;
    }
    if (s->banner && failed(file_write(fd, str_from(s->banner))))
        return;
    struct child_fd fds[] = {{fd, 0}, {fd, 1}, {2, 2}};
    const char *path = program_by_path(a, s->program[0]); /* as run scripts name programs */
    struct child_spec spec = {.path = path,
                              .argv = (const char *const *)s->program,
                              .envp = environment(s, a, &local, peer, &rules),
                              .fds = fds,
                              .n_fds = 3};
    pid_t pid;
    err e = child_start(&spec, &pid);
    if (failed(e)) {
        (void)ctl_fail(s->ctl, 0, "unable to run %s: %s", path, err_text(e));
        return;
    }
    s->running++;
    say(s, "ok", ip);
}

static void reap(struct server *s)
{
    children_ended = 0;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        s->running--;
}

static int accept_for_ever(struct server *s)
{
    for (;;) {
        if (children_ended)
            reap(s);
        bool full = s->running >= s->limit;
        struct pollfd p = {.fd = full ? -1 : s->listener, .events = POLLIN};
        sigset_t none, before;
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, NULL, &before); /* reading it cannot fail */
        if (ppoll(&p, 1, NULL, &none) < 0 && errno != EINTR)
            return ctl_fail_err(s->ctl, "poll", err_sys("poll"));
        int fd;
        struct net_address peer;
        if (full || failed(net_accept(s->listener, &fd, &peer)))
            continue;
        err e = fd_set_nonblocking(fd, false);
        if (!failed(e))
            serve(s, fd, &peer);
        fd_close(fd);
    }
}

int old_tcpserver(struct ctl *c, int argc, char **argv)
{
    struct server s = {.ctl = c, .limit = 40, .verbosity = 1, .backlog = 20, .listener = -1};
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, "+1c:x:XvqQhHrRoOdDpPu:g:Ul:b:B:t:")) != -1)
        if (!take_option(&s, k))
            return ctl_usage(c, options_text);
    if (argc - optind < 3)
        return ctl_usage(c, options_text);
    s.program = argv + optind + 2;
    (void)signal(SIGPIPE, SIG_IGN);
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL); /* delivered inside ppoll alone */
    (void)signal(SIGCHLD, on_child);
    err e = open_server(&s, argv[optind], argv[optind + 1]);
    if (!failed(e))
        e = become_user(&s);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to serve", e);
    return accept_for_ever(&s);
}
