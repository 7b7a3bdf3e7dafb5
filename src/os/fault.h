/* SPDX-License-Identifier: ISC */
/* os/fault.h -- fault points: where tests can kill the process or fail the call.
 *
 * TWP_FAULT_FILE names a 4 KiB file shared by all processes of a house under test: its first
 * two 64-bit words are {target, count}. Each durable step adds one to count; the process
 * whose step makes it equal target is killed (SIGKILL) before the step. In builds without
 * -Dfaults the calls vanish.
 */
#pragma once
#include "base/err.h"

#ifdef TWP_FAULTS
void fault_arm(void);         /* opens the file: before a sandbox forbids it */
void fault(const char *step); /* may not return */
#else
static inline void fault_arm(void)
{
}
static inline void fault(const char *step)
{
    (void)step;
}
#endif
