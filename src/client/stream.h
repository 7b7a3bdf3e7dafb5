/* SPDX-License-Identifier: ISC */
/* client/stream.h -- lines in, octets out, plain or TLS, each call with its deadline.
 *
 * What client protocols stand on. Output is gathered and goes out at stream_flush() or when
 * STREAM_OUT bytes wait. TLS can begin in the middle; what the peer sent before is refused.
 */
#pragma once
#include "base/base.h"
#include "tls/tls.h"

enum { STREAM_IN = 16 * 1024, STREAM_OUT = 32 * 1024 };

struct stream {
    int fd; /* -1: closed */
    struct tls_conn *tls;
    struct buf in, out;
    size_t in_at;
};

void stream_init(struct stream *s);
err stream_open(struct stream *s, int fd); /* takes the descriptor */
/* Frees everything. A goodbye (close_notify) is sent if that takes no waiting. */
void stream_close(struct stream *s);
/* With its end; valid until the next read. ERR_LIMIT past max (at most STREAM_IN). */
err stream_read_line(struct stream *s, size_t max, deadline by, str *ret_line);
/* Some octets, at least one, at most max (and STREAM_IN); valid until the next read. */
err stream_read_some(struct stream *s, size_t max, deadline by, str *ret_bytes);
err stream_write(struct stream *s, str bytes, deadline by);
err stream_flush(struct stream *s, deadline by);
/* ERR_SYNTAX when input waits already: somebody put it there before encryption began
 * (the injection of CVE-2011-0411, seen from the client). */
err stream_start_tls(struct stream *s, struct tls_side *side, str host, enum tls_trust trust,
                     deadline by);
const char *stream_tls_why(const struct stream *s); /* after stream_start_tls failed */
