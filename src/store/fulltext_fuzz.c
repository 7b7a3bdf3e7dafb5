/* SPDX-License-Identifier: ISC */
/* Whatever lies in the two files: reading ends, and no view leaves them. */
#include <stdlib.h>
#include <unistd.h>

#include "os/fd.h"
#include "store/fulltext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    size_t cut = (size_t)(data[0] | data[1] << 8) % (size - 2);
    str index = str_of(data + 2, cut), text = str_of(data + 2 + cut, size - 2 - cut);
    int fds[2];
    if (failed(fd_sealed("index", index, &fds[0])) || failed(fd_sealed("text", text, &fds[1])))
        abort();
    struct fulltext_view v;
    err e = fulltext_view_open(fds[0], fds[1], 1, &v);
    if (!failed(e)) {
        auto_arena struct arena *a = arena_new("fuzz", 16 << 20);
        for (int where = STORE_FIND_FIELD; where <= STORE_FIND_TEXT; where++) {
            struct store_find_key key = {(enum store_find_where)where, S("a"),
                                         str_slice(text, 3, 5)};
            struct store_found found;
            fulltext_find(&v, &key, a, &found);
            if (found.n_sure + found.n_ask > v.n)
                abort();
        }
        fulltext_view_done(&v);
    }
    fd_close(fds[0]);
    fd_close(fds[1]);
    return 0;
}
