/* SPDX-License-Identifier: ISC */
/* relay: outbound deliveries to one destination. Runs as qmailr. Has the site, the resolver's
 * files and the dead hosts' file, all opened before it shuts itself in; then only its channel
 * to sched and connections to other hosts. It gets one message at a time, read-only. */
#include <signal.h>

#include "log/event.h"
#include "os/sandbox.h"
#include "relay/relay.h"

int main(void)
{
    static struct boot boot;
    static struct relay relay;
    log_open("relay", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = relay_open(&relay, &boot);
    if (!failed(e))
        e = sandbox_enter(&(struct sandbox){.net_client = true});
    if (!failed(e))
        e = relay_run(&relay);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    relay_close(&relay);
    return 0;
}
