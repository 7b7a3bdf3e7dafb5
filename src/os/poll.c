/* SPDX-License-Identifier: ISC */
#include "os/poll.h"

#include <errno.h>

#include "os/clock.h"

err poll_until(struct pollfd *fds, size_t n, deadline by)
{
    for (;;) {
        int64_t left = deadline_left_ms(by);
        int ready = poll(fds, n, left > INT32_MAX ? -1 : (int)left);
        if (ready > 0)
            return OK_ERR;
        if (ready < 0 && errno != EINTR)
            return err_sys("poll");
        if (ready == 0 && deadline_left_ms(by) == 0)
            return err_new(ERR_TIMEOUT, "nothing came in time");
    }
}
