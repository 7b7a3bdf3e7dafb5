/* SPDX-License-Identifier: ISC */
/* sched: the queue's single writer and scheduler. Runs as qmails with one directory, the
 * queue's; it opens no mailbox, no connection, and starts nothing itself (init does). Talks to
 * smtpd, deliver, local commands, route, and to its workers. */
#include <malloc.h>
#include <signal.h>

#include "log/event.h"
#include "os/sandbox.h"
#include "sched/sched.h"

int main(void)
{
    static struct boot boot;
    static struct sched sched;
    log_open("sched", LOG_FD);
    (void)mallopt(M_MMAP_THRESHOLD, 128 << 10); /* large buffers are rare: give them back at once */
    (void)signal(SIGPIPE, SIG_IGN);             /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e)) {
        int queue = boot_dir(&boot, "queue");
        e = sandbox_enter(&(struct sandbox){
            .files_read = true, .files_write = true, .read_dirs = {queue}, .write_dirs = {queue}});
    }
    if (!failed(e))
        e = sched_open(&sched, &boot);
    if (!failed(e))
        e = sched_run(&sched);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    sched_close(&sched);
    return 0;
}
