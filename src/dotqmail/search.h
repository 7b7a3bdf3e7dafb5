/* SPDX-License-Identifier: ISC */
/* dotqmail/search.h -- which .qmail file answers for an extension, and whether it may.
 *
 * The names come in qmail-local's order; what is on disk comes through a callback, so that
 * route (which only looks), deliver (as the user) and explain share one rule.
 */
#pragma once
#include "base/base.h"

enum { DOTQMAIL_PATERNALISM = 002 }; /* these mode bits on the home or the file: refuse */

struct dotqmail_name {
    str file;         /* ".qmail-a-default", NUL-terminated */
    bool has_default; /* DEFAULT is set for this file … */
    str rest;         /* … to this part of the extension, in its original case */
};
struct dotqmail_search {
    str dash, ext, safe; /* safe: lower case, dots as colons */
    size_t at;
    int stage;
};
void search_begin(struct dotqmail_search *s, str dash, str ext, struct arena *a);
bool search_next(struct dotqmail_search *s, struct arena *a, struct dotqmail_name *ret);

struct dotqmail_file {
    bool regular;
    uint32_t mode;
    uint64_t size;
};
struct dotqmail_files {
    void *ctx;
    /* ERR_NOTFOUND: not there. ERR_DENIED, ERR_TEMP, ERR_SYS: cannot tell. */
    err (*look)(void *ctx, const char *name, struct dotqmail_file *ret);
};

enum dotqmail_outcome {
    DOTQMAIL_FILE,       /* .name is to be run */
    DOTQMAIL_EMPTY,      /* .name is empty: default delivery */
    DOTQMAIL_DEFAULT,    /* no file and none needed: default delivery */
    DOTQMAIL_NO_MAILBOX, /* 100 */
    DOTQMAIL_REFUSED,    /* 111: .text says why */
};
struct dotqmail_found {
    enum dotqmail_outcome outcome;
    struct dotqmail_name name;
    bool forward_only; /* owner's x bit */
    const char *text;  /* NO_MAILBOX, REFUSED */
    str unable;        /* REFUSED because this file could not be looked at */
};
#define DOTQMAIL_NO_MAILBOX_TEXT "Sorry, no mailbox here by that name. (#5.1.1)"

void dotqmail_find(str dash, str ext, const struct dotqmail_files *files, struct arena *a,
                   struct dotqmail_found *ret);
/* NULL: the home may be used; else the reason to defer. */
const char *dotqmail_home_refused(uint32_t mode);
/* Do .qmail<dash><ext>-owner and …-owner-default exist (the requested ext, not the file's)? */
err dotqmail_owner_files(str dash, str ext, const struct dotqmail_files *files, struct arena *a,
                         bool *ret_owner, bool *ret_owner_default);
