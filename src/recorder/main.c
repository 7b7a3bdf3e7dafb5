/* SPDX-License-Identifier: ISC */
/* recorder: keeps the events that `twinpost log`, `twinpost why` and the metrics ask for.
 * Reads what our own programs tell; writes below its one directory; talks to nobody else. */
#include <signal.h>

#include "log/event.h"
#include "os/sandbox.h"
#include "recorder/recorder.h"

int main(void)
{
    static struct boot boot;
    static struct recorder recorder;
    log_open("recorder", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = recorder_open(&recorder, &boot);
    if (!failed(e))
        e = sandbox_enter(&(struct sandbox){
            .files_write = true, .net_accept = true, .write_dirs = {boot_dir(&boot, "log")}});
    if (!failed(e))
        e = recorder_run(&recorder);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    return 0;
}
