/* SPDX-License-Identifier: ISC */
/* os/io.h -- blocking, deadlined, bounded stream I/O: the face that linear session code sees.
 *
 * One reader and one writer, over one descriptor (a socket) or two (a pipe pair). Views
 * returned by reads live until the next read. Buffers grow on use and are given back when
 * empty for a while (io_idle), so that an idle session holds little memory.
 */
#pragma once
#include "base/base.h"

struct io;

struct io *io_new(int in_fd, int out_fd); /* takes the descriptors; may be the same one */
void io_free(struct io *io);              /* closes; NULL is fine */
int io_fd(const struct io *io);           /* the reading one, for polling */
int io_out_fd(const struct io *io);
/* Gives both descriptors up and puts others in their place. Everything read but not yet
 * consumed is dropped (this is what makes STARTTLS safe). Unwritten output is lost too:
 * flush first. */
void io_replace(struct io *io, int in_fd, int out_fd);
/* Takes the descriptors out without closing them (for passing on); io stays unusable. */
void io_release(struct io *io, int *ret_in, int *ret_out);

/* A line including its end, whatever that is ("\n" or "\r\n"). ERR_LIMIT when `max` bytes hold no
 * LF (nothing is consumed); ERR_CLOSED at the end of input; ERR_TIMEOUT. */
err io_read_line(struct io *io, size_t max, deadline by, str *ret_line);
/* Some bytes, at least one, at most max. */
err io_read_some(struct io *io, size_t max, deadline by, str *ret_bytes);
err io_read_exact(struct io *io, size_t n, deadline by, str *ret_bytes);
/* Throws away input up to and including the next LF: after a line that was too long. */
err io_skip_line(struct io *io, deadline by);
str io_peek(const struct io *io);         /* what is buffered and not yet consumed */
void io_unread(struct io *io, str bytes); /* puts bytes in front of the input */
err io_write(struct io *io, str s);       /* buffered; flushes itself when 32 KiB wait */
err io_writef(struct io *io, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
err io_flush(struct io *io, deadline by);
void io_set_write_timeout(struct io *io, int64_t ms); /* for flushes that io_write makes itself */
/* Waits until input is there (buffered input counts) or other_fd is readable (-1: none). */
enum { IO_READY_INPUT = 1, IO_READY_OTHER = 2 };
err io_wait(struct io *io, int other_fd, deadline by, unsigned *ret_ready);
void io_idle(struct io *io); /* gives empty buffers back */
/* Whoever holds the other end of fd (not taken) may end this stream by closing that: waiting for
 * input or for room then fails with ERR_CLOSED. -1: nobody. */
void io_leash(struct io *io, int fd);

/* A coding between the stream and what is read and written here (COMPRESS). */
struct io_coding {
    void *ctx;
    /* Takes from the front of *coded, fills at most cap bytes of plain; 0: it needs more input. An
     * error ends the stream. */
    err (*decode)(void *ctx, str *coded, char *plain, size_t cap, size_t *ret_n);
    /* All of `plain` to `out`, so that the peer can read it all. */
    err (*encode)(void *ctx, str plain, struct buf *out);
    void (*idle)(void *ctx); /* nothing is under way: give memory back; NULL is fine */
    void (*free)(void *ctx);
};
/* From now on; flush first. What was read and not consumed is coded already. */
void io_set_coding(struct io *io, struct io_coding coding);
/* Decodes what came already, so that io_peek() shows whether there is input before one waits. */
err io_pump(struct io *io);
