/* SPDX-License-Identifier: ISC */
#include "smtpd/parent.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/event.h"
#include "os/file.h"
#include "os/io.h"
#include "os/net.h"
#include "os/random.h"
#include "smtpd/session.h"

enum { ENVIRONMENT_MAX = 4096 };

static err open_socket(void *ctx, enum program service, struct channel **ret)
{
    const int *root = ctx;
    int fd;
    if (service != PROGRAM_SCHED)
        return err_new(ERR_NOTFOUND, "only the queue can be asked from outside");
    err e = net_local_connect(*root, "run/twinpost/submit", &fd);
    if (failed(e))
        return err_new(ERR_TEMP, "the house does not run");
    *ret = channel_new(fd);
    return OK_ERR;
}

/* What tcpserver, tcp-env and sendmail -bs tell by the environment. */
static void gather(char *const *environment, struct buf *out)
{
    static const str names[] = {S("TCPREMOTEIP="),  S("TCPREMOTEHOST="), S("TCPREMOTEINFO="),
                                S("TCPLOCALHOST="), S("TCPLOCALIP="),    S("RELAYCLIENT="),
                                S("DATABYTES=")};
    for (; *environment; environment++) {
        str one = str_from(*environment);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (!str_starts(one, names[i]))
                continue;
            buf_add(out, one);
            buf_addc(out, '\0');
        }
    }
}

/* Under inetd stderr is the client too: events must not be said to it. */
static void hush_stderr(void)
{
    struct stat in, diagnostics;
    int null;
    if (fstat(STDIN_FILENO, &in) < 0 || fstat(STDERR_FILENO, &diagnostics) < 0 ||
        in.st_dev != diagnostics.st_dev || in.st_ino != diagnostics.st_ino)
        return;
    if (failed(file_open(AT_FDCWD, "/dev/null", O_WRONLY, 0, &null)))
        (void)close(STDERR_FILENO); /* then writes to it fail, which harms nobody */
    else if (failed(fd_dup_to(null, STDERR_FILENO, false)))
        (void)close(STDERR_FILENO);
}

/* Under tcpserver the client is a stranger like any other: the strict rules hold. */
static bool is_from_the_network(int fd)
{
    struct net_address a;
    return !failed(net_local_name(fd, &a)) &&
           (a.ss.ss_family == AF_INET || a.ss.ss_family == AF_INET6);
}

static err read_site(int root, struct arena *a, struct buf *archive, struct site *ret)
{
    buf_init(archive, SITE_ARCHIVE_MAX);
    err e = site_collect(root, false, archive);
    return failed(e) ? e : site_parse(buf_str(archive), a, ret);
}

err smtpd_by_hand(const char *root_path, char *const *environment)
{
    auto_fd int root = -1;
    auto_arena struct arena *a = arena_new("site", SITE_ARCHIVE_MAX);
    auto_buf struct buf archive = {0};
    auto_buf struct buf facts;
    struct site site;
    hush_stderr();
    log_open("smtpd", -1);
    buf_init(&facts, ENVIRONMENT_MAX);
    gather(environment, &facts);
    err e = buf_check(&facts, "environment");
    if (!failed(e))
        e = dir_open(AT_FDCWD, root_path, &root);
    if (!failed(e))
        e = read_site(root, a, &archive, &site);
    if (failed(e))
        return e;
    char sid[33];
    (void)snprintf(sid, sizeof sid, "%016llx%016llx", (unsigned long long)random_u64(),
                   (unsigned long long)random_u64()); /* fits */
    struct session_start start = {
        .sid = str_from(sid), .service = SERVICE_SMTP, .environment = buf_str(&facts)};
    struct smtpd_session s = {.site = &site,
                              .io = io_new(STDIN_FILENO, STDOUT_FILENO),
                              .start = &start,
                              .by_hand = !is_from_the_network(STDIN_FILENO),
                              .services = {.open = open_socket, .ctx = &root}};
    if (!session_variable(&s, S("TCPREMOTEIP"), &start.peer_ip))
        start.peer_ip = S("unknown");
    if (!session_variable(&s, S("TCPLOCALIP"), &start.local_ip))
        start.local_ip = S("");
    smtpd_session_run(&s);
    io_free(s.io);
    return OK_ERR;
}
