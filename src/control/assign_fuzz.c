/* SPDX-License-Identifier: ISC */
/* users/assign from anywhere is refused or compiled; what was compiled can be looked up. */
#include "control/assign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static err home_uid(void *ctx, str home, uint32_t *ret_uid)
{
    (void)ctx;
    if (home.n % 3 == 0)
        return err_new(ERR_NOTFOUND, "home");
    *ret_uid = 1;
    return OK_ERR;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *a;
    if (!a)
        a = arena_new("fuzz", (size_t)1 << 30);
    arena_reset(a);
    str in = str_of(data, size), local, rest, why;
    str_cut(in, '\n', &local, &rest);
    auto_buf struct buf cdb, out;
    buf_init(&cdb, 16 << 20);
    buf_init(&out, 16 << 20);
    size_t line = 0;
    struct assign got;
    if (!failed(assign_compile(rest, &cdb, &line))) {
        err e = assign_find(buf_str(&cdb), local, a, &got);
        if (!failed(e) && got.ext.n > in.n)
            __builtin_trap();
    } else if (line == 0) {
        __builtin_trap();
    }
    if (!failed(assign_find(in, local, a, &got)) && got.uid == UINT32_MAX)
        __builtin_trap();
    struct pw2u o = {.delimiter = '-',
                     .alias = S("alias"),
                     .home_uid = home_uid,
                     .has_mailnames = true,
                     .mailnames = in,
                     .has_subusers = size % 2,
                     .subusers = in};
    if (failed(pw2u_run(&o, rest, a, &out, &why)))
        return 0;
    return 0;
}
