/* SPDX-License-Identifier: ISC */
/* Whatever the cuts, the outcome is the same; and it is that of a decoder too simple to be
 * wrong. */
#include "wire/dotdata.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whole input at once, line by line. Returns ended; *ret_bad for a bare CR or LF. */
static bool simple(str in, bool chunk, struct buf *out, bool *ret_bad)
{
    size_t i = 0;
    *ret_bad = false;
    while (i < in.n) {
        size_t end = i;
        while (end < in.n && in.p[end] != '\r' && in.p[end] != '\n')
            end++;
        bool whole = end + 1 < in.n && in.p[end] == '\r' && in.p[end + 1] == '\n';
        *ret_bad = end < in.n && !whole && !(in.p[end] == '\r' && end + 1 == in.n);
        if (*ret_bad)
            return false;
        str line = str_slice(in, i, end);
        if (!chunk && str_eq(line, S(".")) && whole)
            return true;
        if (!chunk)
            (void)str_skip(&line, S("."));
        buf_add(out, line);
        if (whole)
            buf_addc(out, '\n');
        i = end + 2;
    }
    return false;
}

static err pieces(struct dotdata *d, str in, size_t piece, struct buf *out)
{
    size_t at = 0;
    while (at < in.n && !dotdata_ended(d)) {
        size_t used = 0;
        err e = dotdata_feed(d, str_slice(in, at, at + piece), out, &used);
        if (failed(e))
            return e;
        at += used;
    }
    return OK_ERR;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 4096)
        return 0;
    bool chunk = data[0] & 1;
    size_t piece = (size_t)(data[0] >> 1) + 1;
    str in = str_of(data + 1, size - 1);
    auto_buf struct buf want, whole, cut;
    buf_init(&want, 65536), buf_init(&whole, 65536), buf_init(&cut, 65536);
    struct dotdata a = {.chunk = chunk}, b = {.chunk = chunk};
    bool bad;
    bool ended = simple(in, chunk, &want, &bad);
    err ea = pieces(&a, in, in.n + 1, &whole), eb = pieces(&b, in, piece, &cut);
    assert(failed(ea) == bad && failed(eb) == bad);
    if (!bad) {
        assert(dotdata_ended(&a) == ended && dotdata_ended(&b) == ended);
        assert(str_eq(buf_str(&whole), buf_str(&want)) && str_eq(buf_str(&cut), buf_str(&want)));
        assert(a.nul == b.nul && a.longest == b.longest);
    }
    return 0;
}
