/* SPDX-License-Identifier: ISC */
/* list/make.h -- making a list's directory and its links, and changing its options
 * (ezmlm-make(1)). The directory is of the latest generation: options are files.
 */
#pragma once
#include "base/base.h"

enum { MAKE_ARGS = 10 };

struct make {
    struct arena *arena;
    const char *dir, *dot; /* absolute, as qmail-local will see them */
    str local, host;
    str bin; /* where the programs lie */
    str digest_code;
    unsigned on, off;    /* options given: a bit a letter, make_bit() */
    str args[MAKE_ARGS]; /* -0 … -9; p == NULL: not given */
    bool edit;           /* the directory is there: change it */
    bool overwrite;      /* -ee: also the files that people change */
    bool keep;           /* -+: what is not named stays as it is */
    str charset;         /* for the file of that name; empty: none */
};

static inline unsigned make_bit(char letter)
{
    return 1u << (unsigned)(letter - 'a');
}

/* ERR_DENIED: it is there already (or, for edit, is not a list); what is missing of it is made
 * when called again with edit. */
err list_make(const struct make *m, const char **ret_problem);
