/* SPDX-License-Identifier: ISC */
/* How it works: the last change before the instant says which of the file's types holds; after the
 * last change of all the rule in the footer does (POSIX TZ: "CET-1CEST,M3.5.0,M10.5.0/3"). */
#include "wire/zone.h"

enum {
    HEADER = 44,
    TYPE = 6,
    DAY = 86400,
    HOUR = 3600,
    HOURS_MAX = 167, /* RFC 8536 3.3.1: of a rule's time of day */
};

struct body {
    const unsigned char *times, *kinds, *types;
    uint32_t n_times, n_types;
    size_t wide; /* octets of one time */
    str after;
};

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool read_body(str s, size_t wide, struct body *ret)
{
    if (s.n < HEADER || !str_starts(s, S("TZif")))
        return false;
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t counts[6]; /* isut, isstd, leap, time, type, char */
    for (size_t i = 0; i < 6; i++) {
        counts[i] = get32(p + 20 + 4 * i);
        if (counts[i] > ZONE_FILE_MAX)
            return false;
    }
    size_t n_times = counts[3], n_types = counts[4];
    size_t size = HEADER + n_times * (wide + 1) + n_types * TYPE + counts[5] +
                  counts[2] * (wide + 4) + counts[1] + counts[0];
    if (size > s.n || n_types == 0)
        return false;
    *ret = (struct body){.times = p + HEADER,
                         .kinds = p + HEADER + n_times * wide,
                         .types = p + HEADER + n_times * (wide + 1),
                         .n_times = counts[3],
                         .n_types = counts[4],
                         .wide = wide,
                         .after = str_from_at(s, size)};
    return true;
}

static int64_t time_at(const struct body *b, uint32_t i)
{
    const unsigned char *p = b->times + (size_t)i * b->wide;
    if (b->wide == 4)
        return (int32_t)get32(p);
    return (int64_t)((uint64_t)get32(p) << 32 | get32(p + 4));
}

static int32_t offset_of(const struct body *b, uint32_t type)
{
    int32_t offset = type < b->n_types ? (int32_t)get32(b->types + (size_t)type * TYPE) : 0;
    return offset > -DAY * 2 && offset < DAY * 2 ? offset : 0;
}

/* ---- the rule after the last change ---- */

static bool name(str *s)
{
    size_t n = 0;
    if (str_skip(s, S("<"))) {
        ptrdiff_t end = str_find(*s, '>');
        *s = str_from_at(*s, end >= 0 ? (size_t)end + 1 : s->n);
        return end > 0;
    }
    while (n < s->n && char_is_alpha(s->p[n]))
        n++;
    *s = str_from_at(*s, n);
    return n > 0;
}

static bool number(str *s, uint64_t max, int32_t *ret)
{
    uint64_t n;
    if (!str_take_u64(s, &n) || n > max)
        return false;
    *ret = (int32_t)n;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool clock_time(str *s, int32_t *ret)
{
    bool minus = str_skip(s, S("-"));
    if (!minus)
        (void)str_skip(s, S("+"));
    int32_t h = 0, m = 0, sec = 0;
    if (!number(s, HOURS_MAX, &h))
        return false;
    if (str_skip(s, S(":")) && !number(s, 59, &m))
        return false;
    if (str_skip(s, S(":")) && !number(s, 59, &sec))
        return false;
    *ret = (h * HOUR + m * 60 + sec) * (minus ? -1 : 1);
    return true;
}

static int64_t day_of(int year, int month, int day)
{
    return civil_to_epoch(&(struct civil){.year = year, .month = month, .day = day});
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Mm.w.d: the w-th weekday d of the month; 5 is the last one. */
static int64_t weekday_of(int year, int month, int week, int weekday)
{
    int64_t first = day_of(year, month, 1);
    int64_t next = month == 12 ? day_of(year + 1, 1, 1) : day_of(year, month + 1, 1);
    int ahead = (weekday - civil_from_epoch(first).weekday + 7) % 7;
    int64_t day = first + ((int64_t)ahead + 7 * (week - 1)) * DAY;
    return day >= next ? day - 7 * DAY : day;
}

/* ","date["/"time]: when that is in the year, by the clock that ends then. */
static bool change(str *s, int year, int64_t *ret)
{
    int32_t a = 0, week = 0, weekday = 0, at = 2 * HOUR;
    if (!str_skip(s, S(",")))
        return false;
    if (str_skip(s, S("M"))) {
        if (!number(s, 12, &a) || a == 0 || !str_skip(s, S(".")) || !number(s, 5, &week) ||
            week == 0 || !str_skip(s, S(".")) || !number(s, 6, &weekday))
            return false;
        *ret = weekday_of(year, a, week, weekday);
    } else {
        bool julian = str_skip(s, S("J")); /* 1 to 365, never counting 29 February */
        if (!number(s, 365, &a) || (julian && a == 0))
            return false;
        if (julian)
            a -= is_leap(year) && a >= 60 ? 0 : 1;
        *ret = day_of(year, 1, 1) + (int64_t)a * DAY;
    }
    if (str_skip(s, S("/")) && !clock_time(s, &at))
        return false;
    *ret += at;
    return true;
}

static bool by_rule(str s, int64_t epoch, int32_t *ret)
{
    int32_t std = 0, dst = 0;
    if (!name(&s) || !clock_time(&s, &std))
        return false;
    *ret = std = -std; /* POSIX counts west */
    if (s.n == 0)
        return true;
    if (!name(&s))
        return false;
    dst = std + HOUR;
    if (s.n > 0 && s.p[0] != ',') {
        if (!clock_time(&s, &dst))
            return false;
        dst = -dst;
    }
    int year = civil_from_epoch(epoch + std).year;
    int64_t start = 0, end = 0;
    if (!change(&s, year, &start) || !change(&s, year, &end) || s.n > 0)
        return false;
    start -= std;
    end -= dst;
    bool summer = start < end ? epoch >= start && epoch < end : !(epoch >= end && epoch < start);
    *ret = summer ? dst : std;
    return true;
}

/* ---- */

/* RFC 8536 3.2: before the first change type 0 holds. */
static int32_t by_table(const struct body *b, int64_t epoch)
{
    uint32_t from = 0, to = b->n_times;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (time_at(b, middle) <= epoch)
            from = middle + 1;
        else
            to = middle;
    }
    return offset_of(b, from == 0 ? 0 : b->kinds[from - 1]);
}

int32_t zone_offset(str tzif, int64_t epoch)
{
    struct body b, wide;
    if (tzif.n > ZONE_FILE_MAX || !read_body(tzif, 4, &b))
        return 0;
    if (tzif.p[4] < '2' || !read_body(b.after, 8, &wide))
        return by_table(&b, epoch);
    bool after = wide.n_times == 0 || epoch >= time_at(&wide, wide.n_times - 1);
    str footer = wide.after, rule;
    int32_t offset;
    if (after && str_skip(&footer, S("\n")) && str_line(&footer, &rule) && rule.n > 0 &&
        epoch > -INT64_C(60000000000) && epoch < INT64_C(250000000000) &&
        by_rule(rule, epoch, &offset))
        return offset;
    return by_table(&wide, epoch);
}
