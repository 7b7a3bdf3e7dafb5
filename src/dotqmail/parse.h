/* SPDX-License-Identifier: ISC */
/* dotqmail/parse.h -- what a .qmail file says, line by line, in qmail-local's words.
 *
 * Total and linear: every text gives a list of instructions. What qmail-local refuses while it
 * runs (a blank first line, a file or program under forward-only) is an instruction too, the
 * last of its list: what stands before it was already done, as with qmail.
 */
#pragma once
#include "base/base.h"

enum { DOTQMAIL_MAX = 1 << 20, DOTQMAIL_LINES_MAX = 100000 };

enum instruction_kind {
    DO_COMMENT,
    DO_MBOX,    /* text: the path */
    DO_MAILDIR, /* text: the path with its final slash */
    DO_PROGRAM, /* text: for /bin/sh -c */
    DO_FORWARD, /* text: the address; all forwards go last, as one message */
    DO_LIST,    /* +list: from here forwards only */
    DO_IGNORED, /* another + line */
    DO_REFUSE,  /* text: the reason; exit 111 */
};
/* The one warning that is no sign of a mistake: qmail adds envnoathost. */
#define DOTQMAIL_NO_DOMAIN "a forward address without a domain"
struct instruction {
    enum instruction_kind kind;
    size_t line; /* 1 is the first; 0: default delivery's text has no file */
    str text;
    const char *warning; /* static, or NULL: looks like a mistake (typographic quote, …) */
};
struct dotqmail {
    const struct instruction *at;
    size_t n;
    bool is_default;                  /* the default delivery was taken: the text was empty */
    size_t files, programs, forwards; /* as counted for "did F+W+P" up to the end */
};

/* An empty text takes defaultdelivery, and then forward_only is forgotten (qmail-local).
 * ERR_LIMIT past DOTQMAIL_MAX or DOTQMAIL_LINES_MAX. */
err dotqmail_parse(str text, bool forward_only, str defaultdelivery, struct arena *a,
                   struct dotqmail *ret);
/* "mbox ./Mailbox", as qmail-local -n prints it; nothing for kinds it does not print. */
bool instruction_print(const struct instruction *i, struct buf *out);
