/* SPDX-License-Identifier: ISC */
/* ban/filter.h -- a fail2ban filter: read from filter.d, compiled, and asked line by line.
 *
 * filter_read() resolves a filter with its options to final texts (filter_read.c);
 * filter_new() compiles them; filter_feed() tells what a line is (filter_match.c), with
 * fail2ban's rules for dates, ignoreregex, prefregex, lines of one connection (<F-MLFID>,
 * <F-NOFAIL>, <F-MLFFORGET>, <F-MLFGAINED>), several lines at once (maxlines, <SKIPLINES>).
 * No name is looked up here: a host name comes out as `host_is_name`.
 * Memory of one filter: its expressions, FILTER_CONNECTIONS records, maxlines lines.
 */
#pragma once
#include "ban/date.h"

enum {
    FILTER_LINE_MAX = 64 << 10, /* of a line; the rest is not looked at */
    FILTER_REGEXES_MAX = 500,
    FILTER_MAXLINES_MAX = 100,
    FILTER_CONNECTIONS = 100, /* remembered by <F-MLFID>, as fail2ban's */
    FILTER_CONNECTION_S = 300,
    FILTER_VALUE_MAX = 256, /* of a value that is remembered for a connection */
    FILTER_FIELDS = 32,
};

/* What a filter says after its options have been put in. Texts live in the reader's arena. */
struct filter_text {
    bool present;
    struct conf_text text;
};
struct filter_def {
    str name;
    struct filter_text failregex, ignoreregex, prefregex, datepattern, usedns, maxlines,
        journalmatch;
};

struct filter_reader {
    struct conf conf;
    struct conf_call call;
    const struct conf_scope *outer; /* the jail's own options; may be NULL */
    struct conf_text logtype;
    str loading; /* the option that is being resolved: no tag may lead back to it */
};
/* config: "/etc/fail2ban". False: there is no such filter, or it cannot be read; a finding says
 * so. The name and options are those of `filter = name[option=value]`. */
bool filter_read(struct filter_reader *r, struct arena *a, const struct conf_files *files,
                 struct findings *f, str config, const struct conf_text *call, bool journal,
                 const struct conf_scope *outer);
/* The same for a file wherever it lies. */
bool filter_read_file(struct filter_reader *r, struct arena *a, const struct conf_files *files,
                      struct findings *f, str path, const struct conf_text *call, bool journal);
void filter_reader_done(struct filter_reader *r);
/* Any option of the filter, all replacements done: what %(known/x)s is in a jail. */
bool filter_option(struct filter_reader *r, str name, struct conf_text *ret);
/* False: something could not be resolved; a finding says so. */
bool filter_resolve(struct filter_reader *r, struct filter_def *ret);

struct filter_options {
    bool journal;      /* lines come from the journal */
    bool check_all;    /* try every failregex, as fail2ban-regex does */
    bool keep_pending; /* report hits whose connection has no address yet */
    str zone;          /* logtimezone, or empty */
    str encoding;      /* logencoding: auto, or iconv's name */
};

struct filter;
/* NULL and findings when it cannot be used. */
struct filter *filter_new(struct findings *f, struct date_cache *dates,
                          const struct filter_def *def, const struct filter_options *options);
void filter_free(struct filter *f); /* NULL is fine */

enum filter_verdict {
    FILTER_NO,      /* nothing matched; never in a result */
    FILTER_FOUND,   /* a failure */
    FILTER_NOFAIL,  /* matched, but says no failure (yet) */
    FILTER_PENDING, /* a failure of a connection whose address has not been seen yet */
    FILTER_IGNORED, /* an ignoreregex matched; regex is its index */
};
struct filter_result {
    enum filter_verdict verdict;
    unsigned regex; /* index of the failregex, from 0 */
    str id;         /* what is counted and banned: an address in canonical form, or an <F-ID> */
    bool id_is_address;
    bool host_is_name; /* `id` is a host name that usedns has to do with */
    str host;          /* the address, when <F-ID> is something else; else as id */
    str user;
    bool has_time;
    double time;
    const str *fields; /* by index, of filter_field_name(); .p NULL: absent */
};
/* What the time of a line means. TOOL: nothing. LIVE: a line more than a minute away from now, or
 * without a time, has just happened. CATCH_UP: a line older than findtime is passed over. */
enum filter_time { FILTER_TIME_TOOL, FILTER_TIME_LIVE, FILTER_TIME_CATCH_UP };
void filter_time(struct filter *f, enum filter_time mode, int64_t findtime);
/* Results are valid until the next call. now: seconds since the epoch. A line has no LF. */
size_t filter_feed(struct filter *f, str line, int64_t now, const struct filter_result **ret);

/* The same for a line whose time is known (from the journal); it has no date in it. */
size_t filter_feed_at(struct filter *f, str line, double time, int64_t now,
                      const struct filter_result **ret);

/* What filter_feed() had to do, for reports. */
struct filter_counts {
    uint64_t lines, dated, undated, bad_date, pref_matched, gave_up, cut, odd_time, too_old;
};
const struct filter_counts *filter_counts(const struct filter *f);
size_t filter_regexes(const struct filter *f);
size_t filter_ignoreregexes(const struct filter *f);
struct regex *filter_regex(const struct filter *f, size_t i);
struct regex *filter_ignoreregex(const struct filter *f, size_t i);
struct regex *filter_prefregex(const struct filter *f); /* or NULL */
struct date_detector *filter_dates(const struct filter *f);
str filter_field_name(const struct filter *f, size_t i); /* empty beyond the last */
unsigned filter_maxlines(const struct filter *f);
const char *filter_usedns(const struct filter *f); /* yes, warn, no, raw */
size_t filter_lines_taken(const struct filter *f); /* by the last hit, with maxlines > 1 */
/* The line as the expressions saw it last: without its date. */
str filter_last_text(const struct filter *f);
/* What prefregex left of it; the whole without one. Empty: prefregex did not match. */
str filter_last_content(const struct filter *f);

/* filter_address.c: canonical forms. */
enum { ADDRESS_TEXT = 64 };
/* family 4 or 6, prefix -1: none. False: it is no address (text stays what counts). */
bool address_canonical(str text, int family, int prefix, char ret[ADDRESS_TEXT]);

/* filter_text.c: a line's bytes. */
bool text_is_plain(str s); /* ASCII, none of 0x1c..0x1f */
/* Bytes that are no UTF-8 become U+FFFD, as Python replaces them. */
void text_to_utf8(str s, struct buf *out);
