/* SPDX-License-Identifier: ISC */
/* smtpd: speaks SMTP to strangers. Holds no keys, opens no file, reaches no network: it has the
 * client's bytes from front and doors to route, sched and auth. The warm parent forks one
 * process per session.
 * Usage: twinpost-smtpd                      started by init
 *        twinpost-smtpd --stdio [--root DIR] as qmail-smtpd: one session on 0 and 1 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "log/event.h"
#include "os/sandbox.h"
#include "smtpd/parent.h"

static int by_hand(int argc, char **argv)
{
    const char *root = "/";
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--root") != 0 || i + 1 == argc)
            return 100;
        root = argv[++i];
    }
    err e = smtpd_by_hand(root, environ);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
    return failed(e) ? 111 : 0;
}

int main(int argc, char **argv)
{
    static struct boot boot;
    static struct smtpd_parent parent;
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    if (argc > 1)
        return strcmp(argv[1], "--stdio") == 0 ? by_hand(argc, argv) : 100;
    log_open("smtpd", LOG_FD);
    err e = boot_receive(&boot);
    if (!failed(e))
        e = smtpd_load_site(&parent, &boot);
    if (!failed(e)) /* sync: large messages go into a file that sched opened */
        e = sandbox_enter(&(struct sandbox){.fork = true, .files_sync = true});
    if (!failed(e))
        e = boot_ready(&boot);
    if (!failed(e))
        e = smtpd_serve(&parent);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    return 0;
}
