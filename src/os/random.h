/* SPDX-License-Identifier: ISC */
/* os/random.h -- unpredictable bytes from the kernel. */
#pragma once
#include "base/base.h"

void random_bytes(void *p, size_t n); /* never fails: the process ends if the kernel cannot */
uint64_t random_u64(void);
