/* SPDX-License-Identifier: ISC */
/* base/buf.h -- bytes that we own and are building.
 *
 * A buffer has a mandatory maximum. Adding past it adds nothing and sets `over`, which
 * stays set: build everything, then check once with buf_check().
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

struct buf {
    char *p;
    size_t n, cap, max;
    bool over;
};

void buf_init(struct buf *b, size_t max); /* takes no memory yet */
void buf_done(struct buf *b);             /* frees; the buffer is as after buf_init */
void buf_reset(struct buf *b);            /* empties, keeps the memory and max */
void buf_add(struct buf *b, str s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t n); /* removes n bytes from the front */
/* Room for n more bytes to be written in place, or NULL when over. buf_added(b, n) after. */
char *buf_room(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);
str buf_str(const struct buf *b);                     /* valid until the next change */
err buf_check(const struct buf *b, const char *what); /* ERR_LIMIT if over */

#define auto_buf __attribute__((cleanup(buf_done)))
