/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/words.h"
#include "os/file.h"

int ctl_fail(const struct ctl *c, int code, const char *fmt, ...)
{
    va_list ap;
    (void)fprintf(stderr, "%s: ", c->name); /* stderr: nowhere else to complain */
    va_start(ap, fmt);
    (void)vfprintf(stderr, word(c, fmt), ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return code;
}

int ctl_fail_err(const struct ctl *c, const char *doing, err e)
{
    return ctl_fail(c,
                    e.kind == ERR_SYNTAX || e.kind == ERR_DENIED || e.kind == ERR_NOTFOUND
                        ? CTL_PERMANENT
                        : CTL_TEMPORARY,
                    "%s: %s", word(c, doing), word(c, err_text(e)));
}

int ctl_usage(const struct ctl *c, const char *usage)
{
    (void)fprintf(stderr, "%s: %s: %s %s\n", c->name, word(c, "usage"), c->name,
                  usage); /* as above */
    return CTL_PERMANENT;
}

bool ctl_print(const struct ctl *c, str text)
{
    err e = file_write(1, text);
    if (failed(e))
        (void)ctl_fail(c, CTL_TEMPORARY, "cannot write the output: %s", err_text(e));
    return !failed(e);
}

bool ctl_read_stdin(struct ctl *c, size_t max, str *ret_text)
{
    struct buf b;
    buf_init(&b, max);
    for (;;) {
        char part[8192];
        size_t n = fread(part, 1, sizeof part, stdin);
        buf_add(&b, str_of(part, n));
        if (n == 0)
            break;
    }
    bool ok = !ferror(stdin) && !b.over;
    if (!ok)
        (void)ctl_fail(c, CTL_TEMPORARY,
                       b.over ? "the input is too large" : "cannot read the input");
    else
        *ret_text = arena_copy(c->arena, buf_str(&b));
    buf_done(&b);
    return ok;
}
