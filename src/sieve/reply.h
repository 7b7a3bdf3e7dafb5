/* SPDX-License-Identifier: ISC */
/* sieve/reply.h -- what a script sends by itself: vacation's answer (RFC 5230) and notify's mail
 * (RFC 5436); and when it must be silent (RFC 3834 2).
 */
#pragma once
#include "sieve/sieve.h"

enum sieve_silence {
    SIEVE_MAY_ANSWER,
    SIEVE_NO_SENDER,    /* a bounce */
    SIEVE_OWN_SENDER,   /* written by the owner himself */
    SIEVE_ROBOT_SENDER, /* owner-…, …-request, MAILER-DAEMON and the like */
    SIEVE_AUTOMATIC,    /* Auto-Submitted, Precedence: bulk, a list's fields */
    SIEVE_NOT_NAMED,    /* none of the owner's addresses stands in To or Cc */
};
const char *sieve_silence_text(enum sieve_silence s);

/* own: the owner's addresses, the one this message came to first; those of :addresses are added.
 * *ret_named: the address by which he was written to. */
enum sieve_silence sieve_vacation_silence(const struct sieve_vacation *v,
                                          const struct sieve_message *m, const str *own, size_t n,
                                          struct arena *a, str *ret_named);
/* An automatic message: neither a notification nor an answer goes out for it. */
bool sieve_is_automatic(str header);

struct sieve_letter {
    str from;       /* address, or "Name <address>" */
    str to;         /* addresses, commas between */
    str message_id; /* with its brackets */
    int64_t epoch;
    int zone_minutes;
};
/* Whole messages, LF line ends, 7-bit. */
void sieve_vacation_write(struct buf *b, const struct sieve_vacation *v,
                          const struct sieve_message *m, const struct sieve_letter *l);
void sieve_notify_write(struct buf *b, const struct sieve_action *n, const struct sieve_message *m,
                        const struct sieve_letter *l, str subject);
/* To the owner, about his script. */
void sieve_notice_write(struct buf *b, str problem_en, str problem_ja,
                        const struct sieve_letter *l);
