/* SPDX-License-Identifier: ISC */
/* front: accepts clients, turns away who is banned or too many, speaks TLS, and passes plain
 * bytes between clients and their session processes. Holds the TLS keys and no mail. Its
 * files are the certificates alone; it connects to nobody. */
#include <signal.h>

#include "front/front.h"
#include "os/sandbox.h"

int main(void)
{
    static struct boot boot;
    static struct front front;
    log_open("front", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = front_open(&front, &boot);
    int tls = boot_dir(&boot, "tls");
    if (!failed(e))
        e = sandbox_enter(&(struct sandbox){
            .files_read = tls > 0, .net_accept = true, .read_dirs = {tls > 0 ? tls : 0}});
    if (!failed(e))
        e = boot_ready(&boot);
    if (!failed(e))
        e = front_run(&front);
    if (!failed(e))
        front_close(&front);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    return 0;
}
