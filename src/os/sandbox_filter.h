/* SPDX-License-Identifier: ISC */
/* os/sandbox_filter.h -- the system calls that a sandbox leaves (seccomp(2)). */
#pragma once
#include "os/sandbox.h"

/* In force for this process and its children; needs no_new_privs. A call that is not allowed
 * gives EPERM, so that a library that probes for it finds it missing and goes on; calls of
 * another architecture end the process. False: this kernel or container does not grant it. */
bool sandbox_filter_calls(const struct sandbox *s);
