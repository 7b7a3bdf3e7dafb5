/* SPDX-License-Identifier: ISC */
/* route: whose address is this, and does it exist? Runs as a user of its own with
 * CAP_DAC_READ_SEARCH, so that it can see the names and modes of .qmail files in homes that
 * others may not enter; it never reads what is in them: what it may open for reading is the
 * user database alone (for "/": what NSS reads, and its sockets). Talks to smtpd and sched. */
#include <signal.h>

#include "log/event.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "route/route.h"

/* The directories that user lookups read; those that are not there are left out. */
static void readable_dirs(const struct route *r, int *dirs)
{
    static const char *const paths[] = {"etc", "usr/lib", "run", "var/lib"};
    size_t n = passwd_is_system(r->homes.people) ? 4 : 1;
    for (size_t i = 0; i < n; i++)
        if (!failed(dir_open(r->root, paths[i], dirs)))
            dirs++;
}

int main(void)
{
    static struct boot boot;
    static struct route route;
    log_open("route", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = route_open(&route, &boot);
    if (!failed(e)) {
        struct sandbox s = {.files_read = true,
                            .files_stat = true,
                            .net_client = passwd_is_system(route.homes.people)};
        readable_dirs(&route, s.read_dirs);
        e = sandbox_enter(&s);
    }
    if (!failed(e))
        e = route_run(&route);
    route_close(&route);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    return 0;
}
