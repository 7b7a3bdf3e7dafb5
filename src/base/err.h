/* SPDX-License-Identifier: ISC */
/* base/err.h -- what went wrong and, above all, what the caller may do about it.
 *
 * An error carries a kind, errno when the kernel said no, and static text that names the
 * operation. Names and paths are fields of the one event that is logged where the error is
 * handled. The type is nodiscard, so no call can forget its check.
 */
#pragma once
#include <stdbool.h>

enum err_kind {
    ERR_NONE = 0,
    ERR_SYNTAX,   /* the peer or the file is malformed: 5xx, BAD */
    ERR_DENIED,   /* policy or permission: 5xx, NO */
    ERR_NOTFOUND, /* the named thing does not exist */
    ERR_LIMIT,    /* a stated bound was reached */
    ERR_TEMP,     /* try later: 4xx, the queue keeps the item */
    ERR_TIMEOUT,  /* the deadline passed */
    ERR_CLOSED,   /* the peer went away; not worth a warning */
    ERR_SYS,      /* the kernel said no; .sys holds errno */
};

typedef struct [[nodiscard]] err {
    enum err_kind kind;
    int sys;
    const char *what; /* static text naming the operation: "rename mess to todo" */
} err;

#define OK_ERR ((err){.kind = ERR_NONE})

static inline bool failed(err e)
{
    return e.kind != ERR_NONE;
}

static inline bool is_temporary(err e)
{
    return e.kind == ERR_TEMP || e.kind == ERR_TIMEOUT || e.kind == ERR_SYS;
}

err err_new(enum err_kind kind, const char *what);
err err_sys(const char *what);                 /* captures errno now */
const char *err_kind_name(enum err_kind kind); /* "syntax", "denied", … for events */
/* Plain words for a person: the operation, and the kernel's reason if there is one.
 * The text is static or lives until the next call in this thread. */
const char *err_text(err e);
