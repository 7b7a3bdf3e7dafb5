/* SPDX-License-Identifier: ISC */
/* tls/tls_wait.h -- the same connection for linear code: each call waits, until a deadline.
 *
 * ERR_TIMEOUT when the deadline passes; the connection is of no use after it.
 */
#pragma once
#include "tls/tls.h"

err tls_handshake_by(struct tls_conn *c, deadline by);
err tls_read_by(struct tls_conn *c, void *p, size_t cap, deadline by, size_t *ret_n); /* n >= 1 */
err tls_write_by(struct tls_conn *c, str bytes, deadline by); /* all of it */
void tls_close_by(struct tls_conn *c, deadline by);           /* best effort */
