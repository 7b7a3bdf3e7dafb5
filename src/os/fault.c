/* SPDX-License-Identifier: ISC */
#include "os/fault.h"

#ifdef TWP_FAULTS
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t *words; /* {target, count} */
static bool looked;

void fault_arm(void)
{
    looked = true;
    const char *path = getenv("TWP_FAULT_FILE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd); /* the mapping stays */
    if (p != MAP_FAILED)
        words = p;
}

void fault(const char *step)
{
    (void)step; /* for the debugger */
    if (!looked)
        fault_arm();
    if (words && words[0] && __atomic_add_fetch(&words[1], 1, __ATOMIC_SEQ_CST) == words[0])
        (void)kill(getpid(), SIGKILL); /* nothing runs after it */
}
#endif
