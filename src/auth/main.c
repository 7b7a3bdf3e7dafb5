/* SPDX-License-Identifier: ISC */
/* auth: answers "is this login right?"; the only reader of secrets. Runs as a user of its own
 * who owns the credentials, with CAP_DAC_READ_SEARCH for etc/shadow; what it may open is the
 * user database and the credentials alone (for "/": what NSS and PAM read, and their sockets).
 * Its workers, forked for slow hashes, have the same rights and one channel. Talks to smtpd,
 * imapd and popd by their blobs, to init about who got in. */
#include <signal.h>

#include "auth/auth.h"
#include "log/event.h"
#include "os/file.h"
#include "os/sandbox.h"

/* The directories that user lookups read; those that are not there are left out. */
static void readable_dirs(const struct auth *a, int *dirs)
{
    static const char *const paths[] = {"etc", "usr/lib", "run"};
    size_t n = passwd_is_system(a->people) ? 3 : 1;
    *dirs++ = a->people_dir;
    for (size_t i = 0; i < n; i++) {
        if (!failed(dir_open(a->root, paths[i], dirs)))
            dirs++;
    }
}

int main(void)
{
    static struct boot boot;
    static struct auth auth;
    log_open("auth", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = auth_open(&auth, &boot);
    if (!failed(e)) {
        struct sandbox s = {.files_read = true,
                            .fork = true,
                            .signals = true,
                            .net_client = passwd_is_system(auth.people)};
        readable_dirs(&auth, s.read_dirs);
        e = sandbox_enter(&s);
    }
    if (!failed(e))
        e = auth_run(&auth);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    auth_close(&auth);
    return 0;
}
