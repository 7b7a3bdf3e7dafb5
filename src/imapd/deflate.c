/* SPDX-License-Identifier: ISC */
#include "imapd/deflate.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    OUT_WINDOW_BITS = 13, /* 8 KiB: answers repeat themselves nearby */
    OUT_MEMORY_LEVEL = 6,
    IN_WINDOW_BITS = 15, /* whatever the client chose */
    WINDOW_MAX = 32 * 1024,
    PIECE = 16 * 1024,
};

struct deflate {
    z_stream in, out;
    bool reads, writes;  /* the streams are set up */
    bool whole;          /* `in` stands between two blocks, at a whole octet */
    unsigned char *said; /* the window of `in` while it is not set up */
    size_t said_n;
};

static err start_reading(struct deflate *d)
{
    if (d->reads)
        return OK_ERR;
    d->in = (z_stream){0};
    if (inflateInit2(&d->in, -IN_WINDOW_BITS) != Z_OK)
        return err_new(ERR_TEMP, "inflate");
    d->reads = true;
    if (d->said_n > 0 && inflateSetDictionary(&d->in, d->said, (uInt)d->said_n) != Z_OK)
        return err_new(ERR_TEMP, "inflate");
    free(d->said);
    d->said = NULL;
    d->said_n = 0;
    return OK_ERR;
}

static err decode(void *ctx, str *coded, char *plain, size_t cap, size_t *ret_n)
{
    struct deflate *d = ctx;
    *ret_n = 0;
    if (coded->n == 0 && !d->reads)
        return OK_ERR;
    err e = start_reading(d);
    if (failed(e))
        return e;
    d->in.next_in = (Bytef *)(uintptr_t)coded->p; /* zlib reads only */
    d->in.avail_in = (uInt)coded->n;
    d->in.next_out = (Bytef *)plain;
    d->in.avail_out = (uInt)cap;
    int rc = inflate(&d->in, Z_SYNC_FLUSH);
    if (rc != Z_OK && rc != Z_BUF_ERROR)
        return rc == Z_STREAM_END ? err_new(ERR_CLOSED, "the compressed stream ended")
                                  : err_new(ERR_SYNTAX, "not a compressed stream");
    *coded = str_from_at(*coded, coded->n - d->in.avail_in);
    *ret_n = cap - d->in.avail_out;
    /* zlib.h, inflate(): 128 between blocks, the low bits count those of the last octet left. */
    d->whole = d->in.avail_out > 0 && (d->in.data_type & 128) && (d->in.data_type & 63) == 0;
    return OK_ERR;
}

static err encode(void *ctx, str plain, struct buf *out)
{
    struct deflate *d = ctx;
    if (!d->writes) {
        d->out = (z_stream){0};
        if (deflateInit2(&d->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -OUT_WINDOW_BITS,
                         OUT_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
            return err_new(ERR_TEMP, "deflate");
        d->writes = true;
    }
    d->out.next_in = (Bytef *)(uintptr_t)plain.p; /* zlib reads only */
    d->out.avail_in = (uInt)plain.n;
    do {
        char *room = buf_room(out, PIECE);
        if (room == NULL)
            return err_new(ERR_LIMIT, "compressed output");
        d->out.next_out = (Bytef *)room;
        d->out.avail_out = PIECE;
        int rc = deflate(&d->out, Z_SYNC_FLUSH);
        if (rc != Z_OK && rc != Z_BUF_ERROR)
            return err_new(ERR_TEMP, "deflate");
        buf_added(out, PIECE - d->out.avail_out);
    } while (d->out.avail_out == 0);
    return OK_ERR;
}

/* All that we said was flushed to a whole octet, so a new stream may follow without a word. */
static void idle(void *ctx)
{
    struct deflate *d = ctx;
    if (d->writes)
        (void)deflateEnd(&d->out); /* says that output was pending: none is */
    d->writes = false;
    if (!d->reads || !d->whole)
        return;
    uInt n = 0;
    if (inflateGetDictionary(&d->in, NULL, &n) != Z_OK || n > WINDOW_MAX)
        return;
    d->said = mem_alloc("deflate window", (size_t)n + 1);
    if (inflateGetDictionary(&d->in, d->said, &n) != Z_OK) {
        free(d->said);
        d->said = NULL;
        return;
    }
    d->said_n = n;
    (void)inflateEnd(&d->in); /* fails only for a stream that was not set up */
    d->reads = false;
}

static void release(void *ctx)
{
    struct deflate *d = ctx;
    if (d->writes)
        (void)deflateEnd(&d->out); /* as above */
    if (d->reads)
        (void)inflateEnd(&d->in);
    free(d->said);
    free(d);
}

struct io_coding deflate_coding(void)
{
    struct deflate *d = mem_alloc("deflate", sizeof *d);
    return (struct io_coding){d, decode, encode, idle, release};
}
