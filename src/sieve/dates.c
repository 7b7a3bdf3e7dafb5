/* SPDX-License-Identifier: ISC */
/* RFC 5260 4. */
#include "sieve/run.h"
#include "wire/date.h"

static str zone_text(struct run *r, int minutes)
{
    unsigned n = (unsigned)(minutes < 0 ? -minutes : minutes);
    return arena_printf(r->scratch, "%c%02u%02u", minutes < 0 ? '-' : '+', n / 60, n % 60);
}

static str clock_text(struct run *r, const struct civil *c)
{
    return arena_printf(r->scratch, "%02d:%02d:%02d", c->hour, c->minute, c->second);
}

static str day_text(struct run *r, const struct civil *c)
{
    return arena_printf(r->scratch, "%04d-%02d-%02d", c->year, c->month, c->day);
}

static str std11(struct run *r, int64_t epoch, int zone)
{
    auto_buf struct buf b;
    buf_init(&b, 64);
    date_write_rfc5322(&b, epoch, zone);
    return arena_copy(r->scratch, buf_str(&b));
}

enum { MJD_OF_EPOCH = 40587, DAY = 86400 };

static int64_t day_number(int64_t local)
{
    return (local >= 0 ? local / DAY : -((DAY - 1 - local) / DAY)) + MJD_OF_EPOCH;
}

static str part_text(struct run *r, enum date_part part, int64_t epoch, int zone)
{
    int64_t local = epoch + (int64_t)zone * 60;
    struct civil c = civil_from_epoch(local);
    str offset;
    switch (part) {
    case DATE_YEAR:
        return arena_printf(r->scratch, "%04d", c.year);
    case DATE_MONTH:
        return arena_printf(r->scratch, "%02d", c.month);
    case DATE_DAY:
        return arena_printf(r->scratch, "%02d", c.day);
    case DATE_DATE:
        return day_text(r, &c);
    case DATE_JULIAN:
        return arena_printf(r->scratch, "%lld", (long long)day_number(local));
    case DATE_HOUR:
        return arena_printf(r->scratch, "%02d", c.hour);
    case DATE_MINUTE:
        return arena_printf(r->scratch, "%02d", c.minute);
    case DATE_SECOND:
        return arena_printf(r->scratch, "%02d", c.second);
    case DATE_TIME:
        return clock_text(r, &c);
    case DATE_ISO8601:
        offset = zone_text(r, zone);
        return arena_printf(r->scratch, "%.*sT%.*s%.*s:%.*s", STR_ARG(day_text(r, &c)),
                            STR_ARG(clock_text(r, &c)), STR_ARG(str_slice(offset, 0, 3)),
                            STR_ARG(str_from_at(offset, 3)));
    case DATE_STD11:
        return std11(r, epoch, zone);
    case DATE_ZONE:
        return zone_text(r, zone);
    case DATE_WEEKDAY:
        return arena_printf(r->scratch, "%d", c.weekday);
    case DATE_UNKNOWN:
        break;
    }
    return S("");
}

static void add(struct run *r, str name, int64_t epoch, int zone, struct values *ret)
{
    enum date_part part = date_part_find(name);
    if (part != DATE_UNKNOWN)
        values_add(r, ret, part_text(r, part, epoch, zone));
}

static int zone_of(struct run *r, const struct node *n, int original)
{
    const struct bound *b = node_get(n, SLOT_ZONE);
    int minutes = r->env->zone_minutes;
    if (b && b->tag->value == 1)
        minutes = original;
    else if (b)
        (void)zone_parse(run_text(r, &b->list[0]), &minutes); /* what is no zone: local time */
    return minutes;
}

void date_values(struct run *r, const struct node *n, struct values *ret)
{
    str name = run_text(r, &node_get(n, SLOT_1)->list[0]);
    str part = run_text(r, &node_get(n, SLOT_2)->list[0]);
    struct values fields = {0};
    header_fields(r, n, name, &fields);
    for (size_t i = 0; i < fields.n && !r->failed; i++) {
        str value = str_slice(fields.at[i], 0, SIEVE_HEADER_VALUE_MAX);
        ptrdiff_t semicolon = str_rfind(value, ';'); /* Received: the date is behind the last one */
        struct mail_date d;
        err e = date_parse(str_from_at(value, (size_t)(semicolon + 1)), &d);
        if (!failed(e))
            add(r, part, d.epoch, zone_of(r, n, d.zone_minutes), ret);
    }
    vec_done(&fields);
}

void currentdate_values(struct run *r, const struct node *n, struct values *ret)
{
    str part = run_text(r, &node_get(n, SLOT_1)->list[0]);
    add(r, part, r->env->now, zone_of(r, n, 0), ret);
}
