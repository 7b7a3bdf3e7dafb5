/* SPDX-License-Identifier: ISC */
/* log/event.h -- every message, session and decision is an event: a name from the catalogue
 * (log/events.def) plus typed fields.
 *
 * A process opens its log once. Events leave as a packet each, a JSON object on one line:
 * {"t":"2026-11-24T15:10:56.123456Z","event":"smtp.accepted","program":"smtpd","pid":7,…}.
 * They go to the recorder through LOG_FD, or to stderr in plain words when there is none.
 * Emitting never blocks for more than a second and never fails the caller: an event that
 * cannot leave is counted and the count goes with the next one that can.
 */
#pragma once
#include "base/base.h"

enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_NOTICE, LEVEL_WARN, LEVEL_ERROR, LEVEL_ALARM };

enum field_type { FIELD_STR, FIELD_INT, FIELD_ERR };
struct field {
    const char *key;
    enum field_type type;
    str s;
    int64_t i;
    err e;
};
#define F_STR(k, v) ((struct field){.key = (k), .type = FIELD_STR, .s = (v)})
#define F_INT(k, v) ((struct field){.key = (k), .type = FIELD_INT, .i = (int64_t)(v)})
#define F_ERR(v) ((struct field){.key = "error", .type = FIELD_ERR, .e = (v)})

/* For programs with an event loop: from now on events of a round wait for log_release(), and leave
 * as one packet, a line each. One of level notice or above takes all that wait with it at once. */
void log_hold(void);
void log_release(void *unused); /* fit for loop_each_round() */

struct log; /* carries inherited fields: sid, peer, user */

void log_open(const char *program,
              int fd); /* fd -1: stderr. Once per process; again after fork is not needed */
struct log *
log_new(const struct log *parent); /* NULL parent: the root. Inherits a copy of its fields */
void log_free(struct log *l);
void log_set(struct log *l, const char *key, str value); /* adds or replaces an inherited field */

enum event {
#define EVENT(id, name, level, help) id,
#include "log/events.def"
#undef EVENT
    EVENT_COUNT,
};
const char *event_name(enum event e);
enum level event_level(enum event e);
const char *event_help(enum event e);
const char *level_name(enum level l);

/* l may be NULL. The level is the event's own, from the catalogue. */
void log_emit(const struct log *l, enum event e, const struct field *f, size_t n);
#define log_event(l, e, ...)                                                                       \
    log_emit((l), (e), (struct field[]){__VA_ARGS__},                                              \
             sizeof((struct field[]){__VA_ARGS__}) / sizeof(struct field))
