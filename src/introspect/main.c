/* SPDX-License-Identifier: ISC */
/* introspect: asks the configured token server whose a token is; runs only where control/tokenurl
 * names one. Runs as a user of its own, without a directory of the house: it reads what name
 * lookups and TLS read of the system, has the site and its own secret from init, and talks to
 * auth and to that server. */
#include <fcntl.h>
#include <signal.h>

#include "introspect/introspect.h"
#include "log/event.h"
#include "os/file.h"
#include "os/sandbox.h"

int main(void)
{
    static struct boot boot;
    static struct introspect introspect;
    static const char *const dirs[] = {"/etc", "/usr/lib", "/usr/share"};
    log_open("introspect", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = introspect_open(&introspect, &boot);
    struct sandbox s = {.files_read = true, .net_client = true, .fork = true, .signals = true};
    for (size_t i = 0, n = 0; i < 3; i++)
        if (!failed(dir_open(AT_FDCWD, dirs[i], &s.read_dirs[n])))
            n++;
    if (!failed(e))
        e = sandbox_enter(&s);
    if (!failed(e))
        e = introspect_run(&introspect);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    introspect_close(&introspect);
    return 0;
}
