/* SPDX-License-Identifier: ISC */
/* os/wait.h -- one socket, one deadline: for code that keeps its own buffers (TLS, clients).
 *
 * The socket may be blocking or not; no call here waits past its deadline (ERR_TIMEOUT).
 */
#pragma once
#include "base/base.h"

enum fd_ready { FD_READABLE, FD_WRITABLE };
err fd_wait(int fd, enum fd_ready what, deadline by); /* hang-ups and errors count as ready */
/* At least one byte; ERR_CLOSED at the end of input or a reset. Never raises SIGPIPE. */
err fd_recv_by(int fd, void *p, size_t cap, deadline by, size_t *ret_n);
err fd_send_by(int fd, str bytes, deadline by); /* all of it */
