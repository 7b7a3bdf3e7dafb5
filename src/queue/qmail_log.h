/* SPDX-License-Identifier: ISC */
/* queue/qmail_log.h -- the queue's events as qmail-send's log lines.
 *
 * Pure: one event in, no, one or several lines out (LF after each). qmailanalog, qlogtools,
 * fail2ban filters and mrtg scripts parse these. Deliveries that take less than a moment are
 * one event (delivery.done with "started" absent); its lines still come in qmail's order.
 */
#pragma once
#include "base/base.h"

enum qmail_log_kind {
    QMAIL_LOG_NEW,     /* queue.new */
    QMAIL_LOG_STARTED, /* delivery.started */
    QMAIL_LOG_DONE,    /* delivery.done, .deferred, .failed */
    QMAIL_LOG_BOUNCE,  /* queue.bounce */
    QMAIL_LOG_TRIPLE,  /* queue.triple_bounce */
    QMAIL_LOG_END,     /* queue.end */
    QMAIL_LOG_STATUS,  /* queue.status */
    QMAIL_LOG_STOPPED, /* program stopped */
};

/* Fields carry the same names in the events (log/event.h); absent ones are zero or empty. */
struct qmail_log_event {
    enum qmail_log_kind kind;
    uint64_t id;       /* "id": of the message */
    uint64_t size;     /* "size" */
    str sender;        /* "sender" */
    uint64_t qp, uid;  /* "qp", "uid": process and user that handed it in */
    uint64_t delivery; /* "delivery": D */
    str channel;       /* "channel": local or remote */
    str address;       /* "rcpt" */
    str outcome;       /* success, deferral, failure: by the event's name */
    str text;          /* "text": the report, raw */
    bool started;      /* "started": a delivery.started went before */
    bool ended;        /* "ended": the message's last recipient, no queue.end follows */
    uint64_t bounce;   /* "bounce": id of the bounce message */
    uint64_t local, local_max, remote, remote_max; /* of status lines; max 0: no status line */
    bool exiting;                                  /* "exiting" */
};

void qmail_log_write(struct buf *b, const struct qmail_log_event *e);
/* Newline to '/', space, '%', controls and non-ASCII to '_': the TEXT of delivery lines. */
void qmail_log_safe(struct buf *b, str text);
/* Fills one field by its event name; unknown names are ignored. For readers of events. */
void qmail_log_field(struct qmail_log_event *e, str key, str text, int64_t number);
/* False when this event has no line in qmail's log. `event` is the catalogue's name. */
bool qmail_log_kind_of(str event, struct qmail_log_event *ret);
