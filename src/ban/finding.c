/* SPDX-License-Identifier: ISC */
#include "ban/finding.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 700 }; /* a message that quotes a huge regex is cut */

void findings_init(struct findings *f, struct arena *a)
{
    *f = (struct findings){.arena = a};
}

void findings_done(struct findings *f)
{
    vec_done(&f->list);
}

void finding_add(struct findings *f, enum finding_level level, struct conf_place place,
                 const char *remedy, const char *fmt, ...)
{
    f->errors += level == FINDING_ERROR;
    if (f->list.n >= FINDINGS_MAX)
        return;
    char text[TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap); /* cut on purpose */
    va_end(ap);
    struct finding new = {.level = level,
                          .place = place,
                          .jail = f->jail,
                          .text = arena_copy(f->arena, str_from(text)),
                          .remedy = str_from(remedy)};
    vec_push(&f->list, new);
}
