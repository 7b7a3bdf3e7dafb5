/* SPDX-License-Identifier: ISC */
/* How it works: a cursor takes words and numbers off the front of the text; commas, comments and
 * blanks between them do not matter. A month name right after the (optional) weekday tells
 * asctime's order from RFC 5322's.
 */
#include "wire/date.h"

#include "wire/lex.h"

static const str months[12] = {S("Jan"), S("Feb"), S("Mar"), S("Apr"), S("May"), S("Jun"),
                               S("Jul"), S("Aug"), S("Sep"), S("Oct"), S("Nov"), S("Dec")};
static const str weekdays[7] = {S("Sun"), S("Mon"), S("Tue"), S("Wed"),
                                S("Thu"), S("Fri"), S("Sat")};

/* RFC 5322 4.3; and JST, which old Japanese mail writes. */
static const struct {
    str name;
    int hours;
} zones[] = {{S("UT"), 0},   {S("UTC"), 0},  {S("GMT"), 0},  {S("EST"), -5},
             {S("EDT"), -4}, {S("CST"), -6}, {S("CDT"), -5}, {S("MST"), -7},
             {S("MDT"), -6}, {S("PST"), -8}, {S("PDT"), -7}, {S("JST"), 9}};

static str skip(str s)
{
    s = lex_skip_cfws(s);
    while (s.n > 0 && s.p[0] == ',')
        s = lex_skip_cfws(str_from_at(s, 1));
    return s;
}

static str take_word(str *in)
{
    str s = skip(*in);
    size_t n = 0;
    while (n < s.n && char_is_alpha(s.p[n]))
        n++;
    *in = str_from_at(s, n);
    return str_slice(s, 0, n);
}

/* At most max digits; their count, so that "26" and "0026" can be told apart. */
static size_t take_number(str *in, size_t max, int *ret_value)
{
    str s = skip(*in);
    int v = 0;
    size_t n = 0;
    while (n < s.n && n < max && char_is_digit(s.p[n]))
        v = v * 10 + (s.p[n++] - '0');
    if (n < s.n && char_is_digit(s.p[n]))
        return 0;
    *ret_value = v;
    *in = str_from_at(s, n);
    return n;
}

static int month_of(str word)
{
    for (int i = 0; i < 12; i++) {
        if (word.n >= 3 && str_ieq(str_slice(word, 0, 3), months[i])) /* "November" too */
            return i + 1;
    }
    return 0;
}

static bool take_time(str *in, struct civil *c)
{
    if (take_number(in, 2, &c->hour) == 0)
        return false;
    *in = skip(*in);
    if (!str_skip(in, S(":")) || take_number(in, 2, &c->minute) == 0)
        return false;
    c->second = 0;
    str after = skip(*in);
    if (str_skip(&after, S(":"))) {
        if (take_number(&after, 2, &c->second) == 0)
            return false;
        *in = after;
    }
    return c->hour < 24 && c->minute < 60 && c->second <= 60; /* a leap second */
}

static bool take_year(str *in, struct civil *c)
{
    size_t n = take_number(in, 4, &c->year);
    if (n == 2) /* RFC 5322 4.3 */
        c->year += c->year < 50 ? 2000 : 1900;
    else if (n == 3)
        c->year += 1900;
    return n >= 2;
}

/* "+0900" or "+09:00". False when no sign is there; one out of range is an unknown zone. */
static bool take_offset(str *in, struct mail_date *d)
{
    str s = skip(*in);
    bool west = str_starts(s, S("-"));
    if (!west && !str_starts(s, S("+")))
        return false;
    s = str_from_at(s, 1);
    int v = 0, minutes;
    size_t n = take_number(&s, 4, &v);
    if (n <= 2 && n > 0 && str_skip(&s, S(":")) && take_number(&s, 2, &minutes) == 2)
        v = v * 100 + minutes;
    *in = s;
    if (n == 0 || v / 100 > 23 || v % 100 > 59)
        return true;
    d->zone_minutes = v / 100 * 60 + v % 100;
    d->zone_known = !west || v != 0;
    if (west)
        d->zone_minutes = -d->zone_minutes;
    return true;
}

static void take_zone(str *in, struct mail_date *d)
{
    if (take_offset(in, d))
        return;
    str name = take_word(in);
    if (str_ieq(name, S("Z")))
        d->zone_known = true;
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        if (str_ieq(name, zones[i].name)) {
            d->zone_minutes = zones[i].hours * 60;
            d->zone_known = true;
        }
    }
}

static bool civil_is_valid(const struct civil *c)
{
    static const int days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;
    return c->year >= 1900 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days[c->month - 1] && (c->month != 2 || c->day < 29 || leap);
}

static err finish(const struct civil *c, struct mail_date d, struct mail_date *ret_date)
{
    if (!civil_is_valid(c))
        return err_new(ERR_SYNTAX, "date");
    d.epoch = civil_to_epoch(c) - (int64_t)d.zone_minutes * 60;
    *ret_date = d;
    return OK_ERR;
}

/* Nov 24 15:10:56 [JST] 2026 [+0900], the month being read already. */
static err parse_asctime(str in, int month, struct mail_date *ret_date)
{
    struct civil c = {.month = month};
    struct mail_date d = {0};
    if (take_number(&in, 2, &c.day) == 0 || !take_time(&in, &c))
        return err_new(ERR_SYNTAX, "date");
    str s = skip(in);
    if (s.n > 0 && !char_is_digit(s.p[0]))
        take_zone(&in, &d);
    if (!take_year(&in, &c))
        return err_new(ERR_SYNTAX, "date");
    if (!d.zone_known)
        take_zone(&in, &d);
    return finish(&c, d, ret_date);
}

static void skip_dash(str *in)
{
    *in = skip(*in);
    (void)str_skip(in, S("-")); /* "24-Nov-26", RFC 850's way */
}

err date_parse(str value, struct mail_date *ret_date)
{
    struct civil c = {0};
    struct mail_date d = {0};
    str in = value;
    str word = take_word(&in);
    int month = month_of(word);
    if (month == 0 && word.n > 0) {
        in = skip(in);
        (void)str_skip(&in, S(".")); /* "Tue. 24 Nov" */
        str after = in;
        month = month_of(take_word(&after));
        in = month ? after : in;
    }
    if (month)
        return parse_asctime(in, month, ret_date);
    if (take_number(&in, 2, &c.day) == 0)
        return err_new(ERR_SYNTAX, "date");
    skip_dash(&in);
    c.month = month_of(take_word(&in));
    skip_dash(&in);
    if (c.month == 0 || !take_year(&in, &c) || !take_time(&in, &c))
        return err_new(ERR_SYNTAX, "date");
    take_zone(&in, &d);
    return finish(&c, d, ret_date);
}

err date_parse_mbox(str s, struct mail_date *ret_date)
{
    str in = s;
    int month = month_of(take_word(&in));
    if (month == 0)
        month = month_of(take_word(&in));
    if (month == 0)
        return err_new(ERR_SYNTAX, "date");
    return parse_asctime(in, month, ret_date);
}

int64_t date_sent_day(const struct mail_date *date)
{
    int64_t local = date->epoch + (int64_t)date->zone_minutes * 60;
    int64_t rest = local % 86400;
    return local - (rest < 0 ? rest + 86400 : rest);
}

/* ---- IMAP: fixed columns, so no cursor ---- */

static bool digits_at(str s, size_t at, size_t n, int *ret_value)
{
    int v = 0;
    if (s.n < at + n)
        return false;
    for (size_t i = at; i < at + n; i++) {
        if (!char_is_digit(s.p[i]))
            return false;
        v = v * 10 + (s.p[i] - '0');
    }
    *ret_value = v;
    return true;
}

/* -Nov-2026, at the front. */
static bool month_and_year(str s, struct civil *c)
{
    if (s.n < 9 || s.p[0] != '-' || s.p[4] != '-')
        return false;
    c->month = month_of(str_slice(s, 1, 4));
    return c->month != 0 && digits_at(s, 5, 4, &c->year) && civil_is_valid(c);
}

err date_parse_imap(str s, struct mail_date *ret_date)
{
    struct civil c = {0};
    int hours, minutes;
    bool ok =
        s.n == 26 && (s.p[0] == ' ' ? digits_at(s, 1, 1, &c.day) : digits_at(s, 0, 2, &c.day)) &&
        month_and_year(str_from_at(s, 2), &c) && s.p[11] == ' ' && digits_at(s, 12, 2, &c.hour) &&
        s.p[14] == ':' && digits_at(s, 15, 2, &c.minute) && s.p[17] == ':' &&
        digits_at(s, 18, 2, &c.second) && s.p[20] == ' ' && (s.p[21] == '+' || s.p[21] == '-') &&
        digits_at(s, 22, 2, &hours) && digits_at(s, 24, 2, &minutes);
    if (!ok || c.hour > 23 || c.minute > 59 || c.second > 60 || hours > 23 || minutes > 59)
        return err_new(ERR_SYNTAX, "date-time");
    int zone = hours * 60 + minutes;
    bool west = s.p[21] == '-';
    struct mail_date d = {.zone_minutes = west ? -zone : zone, .zone_known = !west || zone != 0};
    return finish(&c, d, ret_date);
}

err date_parse_imap_day(str s, int64_t *ret_day)
{
    struct civil c = {0};
    size_t n = s.n == 11 ? 2 : 1;
    if (s.n != n + 9 || !digits_at(s, 0, n, &c.day) || !month_and_year(str_from_at(s, n), &c))
        return err_new(ERR_SYNTAX, "date");
    *ret_day = civil_to_epoch(&c);
    return OK_ERR;
}

/* ---- writing ---- */

/* Years that no form has digits for are clamped: a file's time may be anything. */
static struct civil civil_at(int64_t epoch)
{
    const int64_t first = -2208988800, last = 253402300799; /* 1900 and 9999 */
    return civil_from_epoch(epoch < first ? first : epoch > last ? last : epoch);
}

void date_write_qmail(struct buf *b, int64_t epoch)
{
    struct civil c = civil_at(epoch);
    buf_addf(b, "%d %s %d %02d:%02d:%02d -0000", c.day, months[c.month - 1].p, c.year, c.hour,
             c.minute, c.second);
}

static void write_zone(struct buf *b, int zone_minutes)
{
    int z = zone_minutes < 0 ? -zone_minutes : zone_minutes;
    buf_addf(b, "%c%02d%02d", zone_minutes < 0 ? '-' : '+', z / 60 % 24, z % 60);
}

void date_write_rfc5322(struct buf *b, int64_t epoch, int zone_minutes)
{
    struct civil c = civil_at(epoch + (int64_t)zone_minutes * 60);
    buf_addf(b, "%s, %d %s %d %02d:%02d:%02d ", weekdays[c.weekday].p, c.day, months[c.month - 1].p,
             c.year, c.hour, c.minute, c.second);
    write_zone(b, zone_minutes);
}

void date_write_mbox(struct buf *b, int64_t epoch)
{
    struct civil c = civil_at(epoch);
    buf_addf(b, "%s %s %2d %02d:%02d:%02d %d", weekdays[c.weekday].p, months[c.month - 1].p, c.day,
             c.hour, c.minute, c.second, c.year);
}

void date_write_imap(struct buf *b, int64_t epoch, int zone_minutes)
{
    struct civil c = civil_at(epoch + (int64_t)zone_minutes * 60);
    buf_addf(b, "%2d-%s-%d %02d:%02d:%02d ", c.day, months[c.month - 1].p, c.year, c.hour, c.minute,
             c.second);
    write_zone(b, zone_minutes);
}

void date_write_stamp(struct buf *b, int64_t epoch)
{
    struct civil c = civil_at(epoch);
    buf_addf(b, "%d%02d%02d%02d%02d%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
}
