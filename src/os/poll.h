/* SPDX-License-Identifier: ISC */
/* os/poll.h -- waiting for one or two descriptors with a deadline: for linear code. */
#pragma once
#include <poll.h>

#include "base/base.h"

/* Waits until one of the n descriptors has an event; EINTR is continued. ERR_TIMEOUT. */
err poll_until(struct pollfd *fds, size_t n, deadline by);
