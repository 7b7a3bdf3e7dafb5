/* SPDX-License-Identifier: ISC */
/* wire/arrival.h -- what a mail host wants to know of a header while the message streams in:
 * how many hops it has behind it, and its Message-ID for the events.
 *
 * Feed LF text in pieces of any size; after the empty line that ends the header nothing is
 * looked at any more. Lines are judged by their first ARRIVAL_LINE_MAX octets.
 */
#pragma once
#include "base/base.h"

enum { ARRIVAL_LINE_MAX = 320, ARRIVAL_ID_MAX = 256 };

struct arrival { /* zero value is ready to use */
    bool in_body;
    bool id_may_follow; /* "Message-ID:" stood alone: its value is on the folded line */
    unsigned hops;      /* Received and Delivered-To fields, as qmail-smtpd counts them */
    size_t line_n, id_n;
    char line[ARRIVAL_LINE_MAX];
    char id[ARRIVAL_ID_MAX];
};

void arrival_feed(struct arrival *a, str text);
str arrival_message_id(const struct arrival *a); /* with its brackets, or empty */
