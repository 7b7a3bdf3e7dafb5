/* SPDX-License-Identifier: ISC */
/* ctl/jail_report.h -- a whole log through one filter: what matched how often, and which of the
 * other lines look like failures. */
#pragma once
#include "ctl/jail.h"

enum {
    REPORT_SHAPES = 200, /* forms of missed lines that are told apart */
    REPORT_KEEP = 2000,  /* lines kept for printing, of each kind */
    REPORT_TEXTS = 30,
    REPORT_NEAR_SHAPES = 40, /* of which the nearest miss is looked for */
};

struct missed_shape { /* lines alike but for numbers, names and addresses */
    uint64_t hash, count;
    str line, text; /* the first one: as it is, and as the expressions saw it */
    bool suspicious;
    bool near_known;
    size_t near_regex; /* the failregex that came closest */
    struct regex_near near;
};

struct kept_lines {
    VEC(str) list;
    bool all; /* keep them all */
};

struct report {
    struct jail_tool *tool;
    struct arena *arena;
    uint64_t *fail_hits, *ignore_hits;
    uint64_t lines, matched, ignored, missed, suspicious, blank;
    double first_time, last_time;
    bool timed;
    struct kept_lines matched_lines, ignored_lines, missed_lines;
    VEC(str) matched_texts; /* a few, as the expressions saw them */
    VEC(struct missed_shape) shapes;
    uint64_t more_shapes;
    bool skip_comments; /* as fail2ban-regex: lines that begin with # */
    bool each_ignored;  /* results that count for nothing too */
    /* Each result; may be NULL. */
    void (*each)(void *ctx, const struct filter_result *r, str line);
    void *ctx;
};
void report_init(struct report *r, struct jail_tool *t);
void report_done(struct report *r);
void report_line(struct report *r, str line);
/* The last `tail` bytes of a file (0: all of it). False: it could not be read; errno in *ret. */
bool report_file(struct report *r, const char *path, uint64_t tail, err *ret);
/* For the forms that look like failures: which expression came closest, and what it missed. */
void report_nearest(struct report *r);
