/* SPDX-License-Identifier: ISC */
/* ban/filter_parts.h -- the inside of a filter, for filter_new.c, filter_match.c, filter_lines.c
 * and filter_connection.c. */
#pragma once
#include "ban/filter.h"

/* The fields that the engine itself reads; others follow, for actions. */
enum filter_field {
    FIELD_FID,
    FIELD_IP4,
    FIELD_IP6,
    FIELD_DNS,
    FIELD_CIDR,
    FIELD_USER,
    FIELD_MLFID,
    FIELD_NOFAIL,
    FIELD_MLFFORGET,
    FIELD_MLFGAINED,
    FIELD_CONTENT,
    FIELD_OTHERS,
};

struct fail { /* .p NULL: absent */
    str v[FILTER_FIELDS];
};

struct expression {
    struct regex *re;
    struct {
        uint32_t group;
        unsigned field;
    } map[FILTER_FIELDS], alt[FILTER_FIELDS];
    size_t n_map, n_alt;
    uint32_t skiplines[8];
    size_t n_skiplines;
};

struct connection { /* what is known of one <F-MLFID> */
    struct connection *hash_next;
    struct list by_age;
    uint32_t hash;
    int64_t until;
    struct fail f;
    bool many_users, pending;
    char *room;
    size_t room_n;
};

struct log_line { /* of the line buffer: the date cut out, and as the expressions see it */
    char *text;
    size_t n;
};

struct filter {
    struct filter_options options;
    struct expression pref, *fail, *ignore;
    size_t n_fail, n_ignore;
    bool has_pref, raw_host;
    char usedns[8];
    unsigned maxlines;
    struct date_detector *dates;
    void *iconv;
    /* Which failregexes can begin with a byte: for texts that are plain. */
    uint64_t *by_first; /* 128 rows of n_words */
    size_t n_words;
    char names[FILTER_FIELDS][48];
    size_t n_names;
    /* The last date. */
    bool has_last;
    double last_date;
    struct filter_counts counts;
    struct buf decoded, joined, content, lines_text;
    str text, last_content;
    struct log_line *lines; /* maxlines > 1 */
    size_t n_lines;
    size_t taken; /* lines that the last hits used up */
    bool plain, lines_current;
    int64_t now;
    struct connection *hash[256];
    struct list by_age;
    size_t n_connections;
    struct connection *retired;
    struct arena *scratch; /* texts of results, when a line can have several or the lines move */
    enum filter_time time_mode;
    int64_t findtime;
    char addresses[2][ADDRESS_TEXT];
    VEC(struct filter_result) results;
    VEC(struct fail) fails; /* of the results, by index */
};

/* filter_new.c */
unsigned filter_field_for(struct filter *f, str name);

/* filter_connection.c: fail2ban's merging of lines of one connection; ret->f is then all that is
 * known of it. */
void connection_merge(struct filter *f, struct fail *fail, struct connection **ret);
void connection_retire(struct filter *f);
void connections_free(struct filter *f);

/* filter_lines.c */
void lines_push(struct filter *f, str text);
void lines_set(struct filter *f, str text);
str lines_join(struct filter *f);
/* After a hit over several lines: those that took part leave the buffer. */
void lines_take(struct filter *f, const struct expression *e, str text, const size_t *at);
/* The lines that took part, joined, for an ignoreregex. */
str lines_matched(struct filter *f, str text, const size_t *at, struct buf *out);
void lines_free(struct filter *f);
