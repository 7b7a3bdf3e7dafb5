/* SPDX-License-Identifier: ISC */
/* ban/date.h -- the time of a log line, found and read as fail2ban does (jail.conf(5),
 * "datepattern").
 *
 * A detector holds templates: those of `datepattern`, else fail2ban's defaults. It remembers
 * which one fitted last and where, and moves those that fit often to the front, by fail2ban's
 * own rules, since which of two possible dates counts depends on them. On top of that it
 * remembers the form of the last date: a line with one alike needs no expression.
 * Templates are compiled when first tried and shared between detectors (struct date_cache).
 * Local time is the process's (TZ), as for fail2ban. Not thread-safe.
 */
#pragma once
#include "ban/regex.h"

enum { DATE_TEMPLATES_MAX = 200, DATE_FIELDS = 24 };

struct date_cache;
/* any_year: years from 1960 on are dates, not only this century's up to the next decade; for
 * tools that read old logs. now: decides which decades are near. */
struct date_cache *date_cache_new(int64_t now, bool any_year);
void date_cache_free(struct date_cache *c); /* NULL is fine; after its detectors */

struct date_detector;
/* patterns: NULL for the defaults; else one a line. NULL and a finding when one is wrong. */
struct date_detector *date_detector_new(struct date_cache *c, struct findings *f,
                                        const struct conf_text *patterns);
void date_detector_free(struct date_detector *d); /* NULL is fine */
/* Lines that name no zone are in this one: "UTC+0900", "CET". False: there is no such zone. */
bool date_detector_zone(struct date_detector *d, str zone);

struct date_found {
    size_t from, to; /* what is cut out of the line */
    bool has_time;   /* false: it looks like a date but is none (31 February) */
    double time;     /* seconds since the epoch */
};
/* False: nothing like a date. plain: see regex_match(). */
bool date_find(struct date_detector *d, str line, bool plain, int64_t now, struct date_found *ret);

/* For reports: template i, how often it fitted. False beyond the last. */
bool date_template_info(const struct date_detector *d, size_t i, str *ret_name, uint64_t *ret_hits);
void date_detector_slow_for_test(struct date_detector *d); /* no remembered bytes */

/* date_template.c: one datepattern as an expression. */
enum date_kind { DATE_PATTERN, DATE_EPOCH, DATE_LONG_EPOCH, DATE_TAI64N };
enum date_bound { DATE_LINE_BEGIN = 8, DATE_LINE_END = 4, DATE_WORD_BEGIN = 2, DATE_WORD_END = 1 };
struct date_template {
    enum date_kind kind;
    str name;    /* as fail2ban shows it */
    str pattern; /* empty for the epochs and TAI64N */
    str regex;
    unsigned flags;
    double weight;
    uint32_t epoch_group;
    bool own;                          /* one of the defaults, or one anchored */
    struct regex *re;                  /* NULL until tried */
    char fields[REGEX_GROUPS_MAX + 1]; /* group -> letter */
};
/* False: *ret_what says why. */
bool date_template_make(struct arena *a, str pattern, str decades, struct date_template *ret,
                        const char **ret_what);

/* date_value.c */
struct date_fields {
    str at[128]; /* by letter */
};
struct date_memory { /* the last minute that was converted */
    bool valid;
    int year, month, day, hour, minute;
    int64_t epoch, now_minute;
    struct civil now;
};
bool date_value(const struct date_fields *f, bool has_zone, int zone_minutes, int64_t now,
                struct date_memory *memory, double *ret);
bool date_zone(str text, int *ret_minutes);
