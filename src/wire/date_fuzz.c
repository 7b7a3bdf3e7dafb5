/* SPDX-License-Identifier: ISC */
/* A date that was read is written in every form and read back the same. */
#include "wire/date.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void back_again(const struct mail_date *d)
{
    struct mail_date again;
    auto_buf struct buf b;
    buf_init(&b, 200);
    date_write_rfc5322(&b, d->epoch, d->zone_minutes);
    if (d->epoch < -2208988800 + 86400 || d->epoch > 253402300799 - 86400)
        return; /* a zone may move it out of the years that can be written */
    err e = date_parse(buf_str(&b), &again);
    assert(!failed(e) && again.epoch == d->epoch && again.zone_minutes == d->zone_minutes);
    buf_reset(&b);
    date_write_imap(&b, d->epoch, d->zone_minutes);
    e = date_parse_imap(buf_str(&b), &again);
    assert(!failed(e) && again.epoch == d->epoch && again.zone_minutes == d->zone_minutes);
    buf_reset(&b);
    date_write_mbox(&b, d->epoch);
    e = date_parse_mbox(buf_str(&b), &again);
    assert(!failed(e) && again.epoch == d->epoch);
    buf_reset(&b);
    date_write_qmail(&b, d->epoch);
    e = date_parse(buf_str(&b), &again);
    assert(!failed(e) && again.epoch == d->epoch && !again.zone_known);
    assert(date_sent_day(d) % 86400 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str in = str_of(data, size);
    struct mail_date d;
    if (!failed(date_parse(in, &d)))
        back_again(&d);
    if (!failed(date_parse_mbox(in, &d)))
        back_again(&d);
    if (!failed(date_parse_imap(in, &d)))
        back_again(&d);
    int64_t day;
    if (!failed(date_parse_imap_day(in, &day)))
        assert(day % 86400 == 0);
    return 0;
}
