/* SPDX-License-Identifier: ISC */
/* smtpd/message.h -- the message that is being taken: from the client's octets to the queue.
 *
 * Holds at most SUBMIT_MEMORY_MAX and a little of it in memory; what is larger goes to a file
 * that sched opened. A message that is refused (too large, looping, not text) is still read to
 * its end, and thrown away, so that the reply comes where the client looks for it.
 */
#pragma once
#include "ipc/submit.h"
#include "smtpd/services.h"
#include "wire/arrival.h"
#include "wire/dotdata.h"

enum message_refusal {
    MESSAGE_TAKEN,
    MESSAGE_TOO_LARGE, /* databytes */
    MESSAGE_LOOPS,
    MESSAGE_NOT_TEXT, /* NUL, or a line that is no line */
    MESSAGE_NO_ROOM,  /* sched or the disk said no: temporary */
};

struct message {
    struct dotdata data;
    struct arrival arrival;
    struct buf body;
    uint64_t size;     /* of all: our Received line too */
    uint64_t received; /* of it, the client's octets, with LF line ends */
    uint64_t limit;    /* of received; 0: none */
    uint64_t file;
    int fd; /* the file, or -1 */
    enum message_refusal refusal;
    char why[160]; /* sched's words for MESSAGE_NO_ROOM */
};

void message_begin(struct message *m, str trace, uint64_t limit, bool chunks);
void message_done(struct message *m);
/* Client octets. ERR_SYNTAX: a bare CR or LF, after which nothing can be believed. */
err message_feed(struct message *m, struct services *v, str in, size_t *ret_used);
err message_finish_chunks(struct message *m);
/* Hands it over and waits until it is durable. `envelope` has everything but the message. Only
 * when refusal is MESSAGE_TAKEN. */
err message_submit(struct message *m, struct services *v, struct submit *envelope,
                   struct submit_done *ret);
