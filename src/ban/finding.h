/* SPDX-License-Identifier: ISC */
/* ban/finding.h -- what is wrong with a jail's configuration: where, what, and the remedy.
 *
 * Reading goes on after a finding, so that one broken jail never stops the others. The list is
 * bounded; texts live in the list's arena.
 */
#pragma once
#include "base/base.h"

enum { FINDINGS_MAX = 1000 };

struct conf_place {
    str file;
    unsigned line; /* 0: the file as a whole */
};

enum finding_level { FINDING_WARNING, FINDING_ERROR };

struct finding {
    enum finding_level level;
    struct conf_place place;
    str jail; /* or section, or filter; may be empty */
    str text; /* what is wrong */
    str remedy;
};

struct findings {
    struct arena *arena;
    VEC(struct finding) list;
    size_t errors;
    str jail; /* whose configuration is being read: goes into each finding */
};

void findings_init(struct findings *f, struct arena *a);
void findings_done(struct findings *f);
/* remedy: static text, may be "". */
void finding_add(struct findings *f, enum finding_level level, struct conf_place place,
                 const char *remedy, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
