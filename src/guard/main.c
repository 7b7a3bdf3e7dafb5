/* SPDX-License-Identifier: ISC */
/* guard: follows logs and our own events, counts failures as fail2ban does, and bans: in the
 * kernel (nftables) and at front's door. Root, but of root's powers it keeps only CAP_NET_ADMIN
 * (nftables) and CAP_DAC_READ_SEARCH (logs of others); it writes below its own directory and in
 * var/log. It starts no program. */
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>

#include "guard/guard.h"
#include "os/file.h"
#include "os/sandbox.h"

int main(void)
{
    static struct boot boot;
    static struct guard guard;
    log_open("guard", LOG_FD);
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    err e = boot_receive(&boot);
    if (!failed(e))
        e = guard_open(&guard, &boot);
    if (!failed(e) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        e = err_sys("no_new_privs");
    if (!failed(e))
        e = privilege_drop(0, 0, UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_DAC_READ_SEARCH);
    int log_dir = -1;
    if (!failed(e))
        e = dir_open(guard.root, "var/log", &log_dir);
    if (!failed(e))
        e = sandbox_enter(&(struct sandbox){.files_read = true,
                                            .files_write = true,
                                            .net_client = true,
                                            .write_dirs = {guard.dir, log_dir}});
    if (!failed(e))
        e = guard_run(&guard);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        return 111;
    }
    guard_close(&guard);
    return 0;
}
