/* SPDX-License-Identifier: ISC */
/* gate: brings the registrations into the host's passwd, shadow, group, sudoers, homes and zones.
 * Started by command or by the daily run, ends when done, talks to nobody. It stays root, for
 * only root may write these files, but with the capabilities for files and for acting as their
 * owners alone: no network, no devices, no other processes. It runs pwck, grpck, visudo and
 * named-checkzone, which are the system's own (a system call filter would bind them, too). */
#include <linux/capability.h>
#include <stdio.h>
#include <sys/stat.h>

#include "gate/commands.h"
#include "os/fault.h"
#include "os/sandbox.h"

#define CAP(name) (UINT64_C(1) << (name))

int main(int argc, char **argv)
{
    (void)umask(022); /* cannot fail */
    fault_arm();
    err e = privilege_drop(0, 0,
                           CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) |
                               CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_SETUID) |
                               CAP(CAP_SETGID) | CAP(CAP_SYS_CHROOT));
    if (failed(e)) {
        (void)fprintf(stderr, "gate: %s\n", err_text(e));
        return 111;
    }
    return gate_main(argc, argv);
}
