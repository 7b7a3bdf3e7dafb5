/* SPDX-License-Identifier: ISC */
/* deliver: local deliveries of one user, as that user (init changed uid and directory before
 * this program began). Runs the user's own programs, so nothing but root is taken away. */
#include <signal.h>

#include "deliver/deliver.h"
#include "log/event.h"
#include "os/sandbox.h"

int main(void)
{
    static struct boot boot;
    static struct worker worker;
    log_open("deliver", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = sandbox_enter(&(struct sandbox){.any_program = true});
    if (!failed(e))
        e = worker_run(&worker, &boot);
    if (failed(e) && e.kind != ERR_CLOSED) {
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("user", str_from(boot.user)), F_ERR(e));
        return 111;
    }
    return 0;
}
