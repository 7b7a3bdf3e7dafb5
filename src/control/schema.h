/* SPDX-License-Identifier: ISC */
/* control/schema.h -- every control file there is: one row each.
 *
 * The reader (site.h), the checker (check.h), `twinpost show` (show.h) and the manual page all
 * walk this table. A new setting is one row in schema.c and one field of struct site.
 */
#pragma once
#include "base/base.h"

enum control_type {
    CONTROL_LINE,   /* first line: str */
    CONTROL_TEXT,   /* the whole file: str */
    CONTROL_NUMBER, /* digits at the start of line 1, else absent: uint64_t */
    CONTROL_FLAG,   /* present, empty or 1, yes, on, true; 0, no, off, false: bool */
    CONTROL_CHOICE, /* one of a few words: int, the index in choices */
    CONTROL_LIST,   /* struct names */
    CONTROL_MAP,    /* struct names, key:value */
    CONTROL_CDB,    /* constant database, binary: str, empty when absent */
};

enum { /* bit masks: who reads it */
       READ_FRONT = 1 << 0,
       READ_SMTPD = 1 << 1,
       READ_IMAPD = 1 << 2,
       READ_POPD = 1 << 3,
       READ_ROUTE = 1 << 4,
       READ_SCHED = 1 << 5,
       READ_DELIVER = 1 << 6,
       READ_RELAY = 1 << 7,
       READ_INIT = 1 << 8,
       READ_AUTH = 1 << 9,
       READ_KEEPER = 1 << 10,
       READ_INJECT = 1 << 11,
       READ_RECORDER = 1 << 12,
       READ_CTL = 1 << 13,
       READ_SIEVED = 1 << 14,
       READ_ALL = (1 << 15) - 1,
       READ_INTROSPECT = 1 << 20,
       READ_GUARD = 1 << 21,
};

enum { CONTROL_CHOICES = 4, CONTROL_FILE_MAX = 16 << 20, CONTROL_NAME_MAX = 64 };

struct control_entry {
    const char *name; /* file name below control/ */
    enum control_type type;
    const char *fallback; /* value when absent; NULL: nothing; "=me": as the file `me` */
    uint64_t min, max;    /* numbers; outside: the nearer bound */
    const char *choices[CONTROL_CHOICES];
    unsigned readers;
    bool restart;     /* a reload does not suffice */
    bool secret;      /* kept out of the generation that all programs map */
    bool ours;        /* qmail has no such file */
    size_t field;     /* offset in struct site */
    const char *help; /* one line */
};

extern const struct control_entry control_schema[];
extern const size_t control_schema_n;

const struct control_entry *control_find(str name); /* NULL when unknown */
const char *control_type_name(enum control_type t);
/* "smtpd, sched" into b. */
void control_readers(unsigned readers, struct buf *b);
/* A file of a well known qmail patch that we accept and do not act on. */
bool control_is_foreign(str name);
/* The table as the body of a manual page (mdoc is not assumed: man macros). */
void control_manual(struct buf *b);
