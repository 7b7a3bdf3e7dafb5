/* SPDX-License-Identifier: ISC */
/* control/check.h -- is the configuration sound? Findings with file, line and remedy.
 *
 * Reads the directories, not the generation, so that it can speak of names and modes too.
 */
#pragma once
#include "base/base.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
struct finding {
    enum severity severity;
    str file;               /* below the root: "var/qmail/control/rcphosts" */
    size_t line;            /* 0: the file as a whole */
    const char *code;       /* stable name: "control.misspelt" */
    str text, remedy;       /* English */
    str text_ja, remedy_ja; /* Japanese */
};
struct findings {
    size_t n;
    struct finding *at;
    size_t errors, warnings;
};
enum { FINDINGS_MAX = 1000 };

/* Fails only where the site cannot be read at all. */
err check_config(int root, struct arena *a, struct findings *ret);
/* Only what stops a reload: as above, errors alone count. Prints one finding a line. */
void findings_print(const struct findings *f, bool japanese, struct buf *out);
const char *severity_name(enum severity s);
/* Insertions, deletions, changes and neighbour swaps: is b one of them away from a? */
bool one_edit_apart(str a, str b);
