/* SPDX-License-Identifier: ISC */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

err err_new(enum err_kind kind, const char *what)
{
    return (err){.kind = kind, .what = what};
}

err err_sys(const char *what)
{
    return (err){.kind = ERR_SYS, .sys = errno, .what = what};
}

const char *err_kind_name(enum err_kind kind)
{
    static const char *const names[] = {
        [ERR_NONE] = "none",         [ERR_SYNTAX] = "syntax", [ERR_DENIED] = "denied",
        [ERR_NOTFOUND] = "notfound", [ERR_LIMIT] = "limit",   [ERR_TEMP] = "temporary",
        [ERR_TIMEOUT] = "timeout",   [ERR_CLOSED] = "closed", [ERR_SYS] = "system",
    };
    return names[kind];
}

const char *err_text(err e)
{
    static _Thread_local char text[256];
    if (!failed(e))
        return "no error";
    if (e.sys == 0)
        return e.what;
    (void)snprintf(text, sizeof text, "%s: %s", e.what, strerror(e.sys)); /* cut is fine */
    return text;
}
