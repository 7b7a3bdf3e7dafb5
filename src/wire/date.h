/* SPDX-License-Identifier: ISC */
/* wire/date.h -- the ways mail writes a time: RFC 5322, qmail, mbox, IMAP.
 *
 * No clock and no zone data base: an instant is seconds since 1970 in UTC, a zone is minutes
 * east of Greenwich. Years 1900 to 9999 are taken; what is out of range is ERR_SYNTAX.
 */
#pragma once
#include "base/base.h"

struct mail_date {
    int64_t epoch;    /* UTC */
    int zone_minutes; /* east is positive; 0 also for -0000 and unknown names */
    bool zone_known;  /* false for -0000, for military letters, for a missing zone */
};

/* RFC 5322 3.3 and 4.3: comments, obsolete zones and years, the weekday unchecked, seconds
 * optional; also asctime's order, which some programs put into Date. Folded is fine. */
err date_parse(str value, struct mail_date *ret_date);
/* The calendar day the sender saw (IMAP SENTON disregards the zone), at 00:00 UTC. */
int64_t date_sent_day(const struct mail_date *date);

void date_write_qmail(struct buf *b, int64_t epoch); /* 4 Nov 2026 15:10:56 -0000 */
void date_write_rfc5322(struct buf *b, int64_t epoch,
                        int zone_minutes);          /* Wed, 4 Nov 2026 ... +0900 */
void date_write_mbox(struct buf *b, int64_t epoch); /* Wed Nov  4 15:10:56 2026 */
void date_write_imap(struct buf *b, int64_t epoch,
                     int zone_minutes); /* " 4-Nov-2026 15:10:56 +0900" without quotes */
void date_write_stamp(struct buf *b, int64_t epoch); /* 20261104151056 */

/* The date of an mbox "From " line: asctime, with or without seconds and a zone name or number. */
err date_parse_mbox(str s, struct mail_date *ret_date);
/* RFC 9051 date-time without its quotes. */
err date_parse_imap(str s, struct mail_date *ret_date);
/* RFC 9051 date ("4-Nov-2026", unquoted): midnight UTC of that day. */
err date_parse_imap_day(str s, int64_t *ret_day);
