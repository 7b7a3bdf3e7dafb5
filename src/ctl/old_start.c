/* SPDX-License-Identifier: ISC */
/* ctl/old_start.c -- qmail-start and qmail-send: what init scripts and supervisors call, and what
 * people send signals to. And the names of qmail's inner programs, which say who does their work.
 *
 * How it works: qmail-start starts the mail host and stays as `qmail-send`, so that `killall -HUP
 * qmail-send`, `svc -h` and the like go on meaning what they meant: HUP brings changed control
 * files into force, ALRM tries everything now, TERM finishes the deliveries in flight and ends. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "control/site.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "ipc/channel.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/poll.h"

extern char **environ;

static volatile sig_atomic_t came[NSIG];

static void on_signal(int signo)
{
    came[signo] = 1;
}

static bool took(int signo)
{
    bool yes = came[signo];
    came[signo] = 0;
    return yes;
}

static void catch_signals(void)
{
    static const int signals[] = {SIGHUP, SIGALRM, SIGTERM, SIGINT, SIGCHLD};
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)sigaddset(&set, signals[i]);
        (void)signal(signals[i], on_signal);
    }
    (void)sigprocmask(SIG_BLOCK, &set, NULL); /* delivered inside ppoll alone */
    (void)signal(SIGPIPE, SIG_IGN);
}

static void ask(struct ctl *c, enum program service, const char *const *words, size_t n)
{
    (void)ctl_ask(c, service, words, n); /* it says what went wrong */
}

static void obey(struct ctl *c, pid_t pid)
{
    static const char *const reload[] = {"reload"}, *const stop[] = {"stop"};
    static const char *const retry[] = {"queue", "retry", "all"};
    if (took(SIGHUP))
        ask(c, PROGRAM_INIT, reload, 1);
    if (took(SIGALRM))
        ask(c, PROGRAM_SCHED, retry, 3);
    bool enough = took(SIGTERM) + took(SIGINT) > 0;
    if (enough && pid)
        child_kill(pid, SIGTERM); /* it may not listen yet */
    else if (enough)
        ask(c, PROGRAM_INIT, stop, 1);
}

/* Stands until the host ends: pid, if it is our child, or the connection to it closes. */
static int stand(struct ctl *c, pid_t pid)
{
    struct channel *house = NULL;
    sigset_t none;
    (void)sigemptyset(&none);
    (void)prctl(PR_SET_NAME, "qmail-send", 0, 0, 0); /* what killall looks for */
    if (!pid && failed(ctl_open(c, PROGRAM_INIT, &house)))
        return ctl_fail(c, CTL_TEMPORARY,
                        "alert: cannot start: the mail host does not run; "
                        "qmail-start starts it");
    for (;;) {
        int status;
        if (pid && waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : CTL_TEMPORARY;
        struct pollfd p = {.fd = house ? channel_fd(house) : -1, .events = POLLIN};
        if (ppoll(&p, 1, NULL, &none) > 0) {
            channel_free(house);
            return CTL_OK;
        }
        obey(c, pid);
    }
}

int old_qmail_send(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    catch_signals();
    return stand(c, 0);
}

static bool runs_already(struct ctl *c)
{
    struct channel *house;
    if (failed(ctl_open(c, PROGRAM_INIT, &house)))
        return false;
    channel_free(house);
    return true;
}

/* What the caller wants and the host does another way is said, not swallowed. */
static void tell_differences(struct ctl *c, int argc, char **argv)
{
    str text = S("./Maildir/");
    if (argc > 1 &&
        !failed(file_read(c->root_dir, "var/qmail/control/defaultdelivery", 1 << 16, c->arena,
                          &text)) &&
        !str_eq(str_trim(text), str_trim(str_from(argv[1]))))
        (void)ctl_fail(c, 0,
                       "warning: control/defaultdelivery says how mail is delivered by default, "
                       "not the argument %s",
                       argv[1]);
    if (argc > 2)
        (void)ctl_fail(c, 0,
                       "warning: %s is not run: the host keeps its own log (twinpost log "
                       "--qmail --follow)",
                       argv[2]);
}

int old_qmail_start(struct ctl *c, int argc, char **argv)
{
    if (runs_already(c))
        return ctl_fail(c, CTL_TEMPORARY, "alert: cannot start: qmail-send is already running");
    tell_differences(c, argc, argv);
    const char *path = program_of_house(c, "init");
    const char *init[] = {"twinpost-init", "--root", c->root ? c->root : "/", NULL};
    struct child_fd fds[] = {{STDIN_FILENO, 0}, {STDOUT_FILENO, 1}, {STDERR_FILENO, 2}};
    struct child_spec spec = {
        .path = path, .argv = init, .envp = (const char *const *)environ, .fds = fds, .n_fds = 3};
    pid_t pid;
    err e = child_start(&spec, &pid);
    if (failed(e))
        return ctl_fail_err(c, "alert: cannot start", e);
    catch_signals(); /* not before: a child inherits what is blocked */
    return stand(c, pid);
}

/* ---- inner programs ---- */

int old_inner(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return ctl_fail(c, CTL_PERMANENT,
                    "fatal: the mail host does this work itself: qmail-start starts it, `twinpost "
                    "explain ADDRESS` says what becomes of an address");
}

/* As .qmail files call it: with 0, or the mail would bounce. There is no terminal to write to. */
int old_qbiff(struct ctl *c, int argc, char **argv)
{
    (void)c;
    (void)argc;
    (void)argv;
    return CTL_OK;
}

/* ---- splogger ---- */

/* splogger(8): each line to syslog, with a time stamp; alert and warning by how it begins. */
int old_splogger(struct ctl *c, int argc, char **argv)
{
    enum { FACILITIES = 24, LINE = 800 };
    static char line[LINE];
    uint64_t facility = LOG_MAIL >> 3;
    if (argc > 2 && (!str_u64(str_from(argv[2]), &facility) || facility >= FACILITIES))
        return ctl_usage(c, "[TAG [FACILITY]]");
    openlog(argc > 1 ? argv[1] : "splogger", 0, (int)facility << 3);
    bool continued = false;
    int level = LOG_INFO;
    while (fgets(line, sizeof line, stdin)) {
        str text = str_from(line);
        bool whole = str_ends(text, S("\n"));
        text = str_trim_end(text);
        for (size_t i = 0; i < text.n; i++)
            if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
                line[i] = '?';
        int64_t now = clock_micros();
        if (!continued)
            level = str_starts(text, S("alert:"))     ? LOG_ALERT
                    : str_starts(text, S("warning:")) ? LOG_WARNING
                                                      : LOG_INFO;
        if (text.n)
            syslog(level, "%lld.%06lld%s%.*s", (long long)(now / 1000000),
                   (long long)(now % 1000000), continued ? "+" : " ", STR_ARG(text));
        continued = !whole;
    }
    closelog();
    return CTL_OK;
}
