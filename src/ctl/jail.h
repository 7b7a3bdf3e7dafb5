/* SPDX-License-Identifier: ISC */
/* ctl/jail.h -- `twinpost jail …`, and what its parts share. */
#pragma once
#include "ban/filter.h"
#include "ban/jail_files.h"
#include "ctl/ctl.h"

struct jail_tool { /* one filter, ready to be asked */
    struct ctl *ctl;
    struct findings findings;
    struct jail_files files;
    struct filter_reader reader;
    struct filter_def def;
    struct date_cache *dates;
    struct filter *filter;
    int64_t now;
    const char *config, *zone; /* of --config, --tz */
    /* Stronger than the filter's own; NULL: none. */
    const char *datepattern, *usedns, *maxlines, *ignore;
};
/* false: said why. */
bool jail_tool_open(struct jail_tool *t, struct ctl *c, const char *config, int64_t now);
/* --tz ZONE: a name of the zone database, or fail2ban's UTC+0900. */
bool jail_tool_zone(struct jail_tool *t, const char *zone);
/* call: NAME[option=value…]; a path to a file of its own when it has a slash. */
bool jail_tool_load(struct jail_tool *t, str call, const struct filter_options *options);
/* From expressions instead of a filter; ignore may be NULL. */
bool jail_tool_regex(struct jail_tool *t, const char *fail, const char *ignore,
                     const struct filter_options *options);
/* Whether fail2ban-regex would take it for the name of a filter. */
bool jail_tool_is_name(str text);
void jail_tool_close(struct jail_tool *t);
/* Prints findings as FILE:LINE: error: TEXT; REMEDY. */
void jail_tool_findings(const struct ctl *c, const struct findings *f);

void json_text(struct buf *out, str s);
int jail_match(struct ctl *c, int argc, char **argv);
int jail_try(struct ctl *c, int argc, char **argv);
int jail_check(struct ctl *c, int argc, char **argv);
