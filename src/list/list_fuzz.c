/* SPDX-License-Identifier: ISC */
/* What strangers send: bounces, subjects, authors, addresses, and what lies in an index. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "list/addresses.h"
#include "list/archive.h"
#include "list/post_body.h"
#include "list/qsbmf.h"
#include "list/subject.h"
#include "list/weed.h"

static void nothing(void *ctx, str address, str report)
{
    *(size_t *)ctx += address.n + report.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size), out;
    struct arena *a = arena_new("fuzz", 64 << 20);
    struct buf b;
    struct index_entry e;
    size_t n = 0;
    bool reply;
    (void)weed_is_chaff(in, 0);
    (void)weed_is_chaff(in, WEED_STRICT);
    (void)qsbmf_each(in, nothing, &n);
    out = subject_of(a, in, S("[list:#]"), &reply);
    (void)author_key(a, in);
    (void)author_name(a, in);
    (void)sender_undone(a, in);
    (void)failed(verp_decode(a, in, &out));
    for (out = in; index_next(&out, &e);)
        n += e.subject.n;
    buf_init(&b, 1 << 22);
    post_body_write(&b, S("Content-Type: multipart/mixed; boundary=b\n"), in, S("end\n"));
    post_body_write(&b, S("Content-Transfer-Encoding: base64\n"), in, S("end\n"));
    buf_done(&b);
    arena_free(a);
    return 0;
}
