/* SPDX-License-Identifier: ISC */
/* ban/date_value.c -- fields of a date to seconds, with fail2ban's guesses for what is not said:
 * this year (or the last one, if that would be tomorrow or later), today (or yesterday). */
#include <string.h>
#include <time.h>

#include "ban/date.h"

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};
static const char *const weekdays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};

/* Zones by name have a fixed offset each, in quarters of an hour east of Greenwich. */
static const struct {
    int quarters;
    const char *names;
} zones[] = {
    {-48, "Y"},
    {-44, "X NUT SST"},
    {-40, "W CKT HAST HST TAHT TKT"},
    {-38, "MART MIT"},
    {-36, "V AKST GAMT GIT HADT HNY"},
    {-32, "U AKDT CIST HAY HNP PST PT"},
    {-28, "T HAP HNR MST PDT"},
    {-24, "S CST EAST GALT HAR HNC MDT"},
    {-20, "R CDT COT EASST ECT EST ET HAC HNE PET"},
    {-18, "HLV VET"},
    {-16, "Q AST BOT CLT COST EDT FKT GYT HAE HNA PYT"},
    {-14, "HNT NST NT"},
    {-12, "P ADT ART BRT CLST FKST GFT HAA PMST PYST SRT UYT WGT"},
    {-10, "HAT NDT"},
    {-8, "O BRST FNT PMDT UYST WGST"},
    {-4, "N AZOT CVT EGT"},
    {0, "Z EGST GMT UTC WET WT"},
    {4, "A CET DFT WAT WEDT WEST"},
    {8, "B CAT CEDT CEST EET SAST WAST"},
    {12, "C EAT EEDT EEST IDT MSK"},
    {14, "IRST"},
    {16, "D AMT AZT GET GST KUYT MSD MUT RET SAMT SCT"},
    {18, "AFT IRDT"},
    {20, "E AMST AQTT AZST HMT MAWT MVT PKT TFT TJT TMT UZT YEKT"},
    {22, "SLT"},
    {23, "NPT"},
    {24, "F ALMT BIOT BTT IOT KGT NOVT OMST YEKST"},
    {26, "CCT MMT"},
    {28, "G CXT DAVT HOVT ICT KRAT NOVST OMSST THA WIB"},
    {32, "H ACT AWST BDT BNT CAST HKT IRKT KRAST MYT PHT SGT ULAT WITA WST"},
    {36, "I AWDT IRKST JST KST PWT TLT WDT WIT YAKT"},
    {38, "ACST"},
    {40, "K AEST ChST PGT VLAT YAKST YAPT"},
    {42, "ACDT LHST"},
    {44, "L AEDT LHDT MAGT NCT PONT SBT VLAST VUT"},
    {46, "NFT"},
    {48, "M ANAST ANAT FJT GILT MAGST MHT NZST PETST PETT TVT WFT"},
    {52, "FJST NZDT"},
};

static bool zone_named(str name, int *ret_minutes)
{
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        str rest = str_from(zones[i].names), one;
        while (rest.n) {
            (void)str_cut(rest, ' ', &one, &rest); /* the last one is all that is left */
            if (str_eq(one, name)) {
                *ret_minutes = zones[i].quarters * 15;
                return true;
            }
        }
    }
    return false;
}

static bool two_digits(str s, size_t at, int *ret)
{
    if (at + 2 > s.n || !char_is_digit(s.p[at]) || !char_is_digit(s.p[at + 1]))
        return false;
    *ret = (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
    return true;
}

/* [NAME][+-hh[[:]mm]] */
bool date_zone(str text, int *ret_minutes)
{
    size_t n = 0;
    while (n < text.n && text.p[n] >= 'A' && text.p[n] <= 'Z')
        n++;
    int base = 0, hours, minutes = 0;
    if (n == 2 || n > 5 || (n && !zone_named(str_slice(text, 0, n), &base)))
        return false;
    str rest = str_from_at(text, n);
    if (!rest.n) {
        *ret_minutes = base;
        return n > 0;
    }
    if ((rest.p[0] != '+' && rest.p[0] != '-') || !two_digits(rest, 1, &hours) || hours > 19)
        return false;
    size_t at = rest.n > 3 && rest.p[3] == ':' ? 4 : 3;
    if (rest.n > 3 && (!two_digits(rest, at, &minutes) || at + 2 != rest.n))
        return false;
    *ret_minutes = base + (rest.p[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* Digits, after blanks. */
static int number(str s)
{
    int v = 0;
    for (size_t i = 0; i < s.n; i++)
        if (char_is_digit(s.p[i]) && v < 100000)
            v = v * 10 + (s.p[i] - '0');
    return v;
}

static int name_index(const char *const *names, int n, str s)
{
    for (int i = 0; s.n >= 3 && i < n; i++)
        if (str_istarts(str_from(names[i]), s))
            return i;
    return -1;
}

static bool leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int month_days(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[m - 1] + (m == 2 && leap(y));
}

static struct civil local_civil(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!localtime_r(&t, &tm))
        return civil_from_epoch(seconds);
    return (struct civil){.year = tm.tm_year + 1900,
                          .month = tm.tm_mon + 1,
                          .day = tm.tm_mday,
                          .hour = tm.tm_hour,
                          .minute = tm.tm_min,
                          .second = tm.tm_sec};
}

static int64_t from_local(const struct civil *c)
{
    struct tm tm = {.tm_year = c->year - 1900,
                    .tm_mon = c->month - 1,
                    .tm_mday = c->day,
                    .tm_hour = c->hour,
                    .tm_min = c->minute,
                    .tm_sec = c->second,
                    .tm_isdst = -1};
    return (int64_t)mktime(&tm);
}

static bool valid(const struct civil *c)
{
    return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= month_days(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
           c->second <= 59;
}

static void read_hour(const struct date_fields *f, struct civil *c)
{
    if (f->at['H'].n)
        c->hour = number(f->at['H']);
    if (!f->at['I'].n)
        return;
    c->hour = number(f->at['I']);
    bool pm = str_ieq(f->at['p'], S("pm"));
    if (c->hour == 12 && !pm)
        c->hour = 0;
    else if (c->hour != 12 && pm)
        c->hour += 12;
}

static int day_of_week_number(const struct date_fields *f)
{
    if (f->at['A'].n)
        return name_index(weekdays, 7, f->at['A']);
    if (f->at['a'].n)
        return name_index(weekdays, 7, f->at['a']);
    if (f->at['w'].n)
        return (number(f->at['w']) + 6) % 7;
    return -1;
}

/* The day of the year from %j, or from the week and the day of the week. 0: unknown. */
static int day_of_year(const struct date_fields *f, int year)
{
    if (f->at['j'].n)
        return number(f->at['j']);
    int weekday = day_of_week_number(f);
    str week = f->at['U'].n ? f->at['U'] : f->at['W'];
    if (weekday < 0 || !week.n)
        return 0;
    struct civil first = {.year = year, .month = 1, .day = 1};
    int first_day = (civil_from_epoch(civil_to_epoch(&first)).weekday + 6) % 7; /* Monday: 0 */
    if (f->at['U'].n) {
        first_day = (first_day + 1) % 7;
        weekday = (weekday + 1) % 7;
    }
    if (number(week) == 0)
        return 1 + weekday - first_day;
    return 1 + (7 - first_day) % 7 + 7 * (number(week) - 1) + weekday;
}

static void read_day(const struct date_fields *f, struct civil *c)
{
    if (f->at['m'].n)
        c->month = number(f->at['m']);
    else if (f->at['b'].n || f->at['B'].n)
        c->month = 1 + name_index(months, 12, f->at['b'].n ? f->at['b'] : f->at['B']);
    if (f->at['d'].n)
        c->day = number(f->at['d']);
    if (c->month && c->day)
        return;
    int day = day_of_year(f, c->year);
    if (!day)
        return;
    struct civil first = {.year = c->year, .month = 1, .day = 1};
    struct civil then = civil_from_epoch(civil_to_epoch(&first) + (day - 1) * INT64_C(86400));
    c->year = then.year;
    c->month = then.month;
    c->day = then.day;
}

static bool zone_of(const struct date_fields *f, bool has_default, int minutes, bool *ret_has,
                    int *ret_minutes)
{
    str z = f->at['z'].n ? f->at['z'] : f->at['Z'];
    *ret_has = z.n || has_default;
    *ret_minutes = minutes;
    if (!z.n)
        return true;
    if (str_eq(z, S("Z")) || str_eq(z, S("UTC")) || str_eq(z, S("GMT"))) {
        *ret_minutes = 0;
        return true;
    }
    return date_zone(z, ret_minutes);
}

static const struct civil *now_local(struct date_memory *m, int64_t now)
{
    int64_t minute = now / 60;
    if (m->now_minute != minute || !m->now.year) {
        m->now = local_civil(now);
        m->now_minute = minute;
    }
    m->now.second = (int)(now % 60);
    return &m->now;
}

static bool remembered(struct date_memory *m, const struct civil *c, int64_t *ret)
{
    if (!m->valid || m->minute != c->minute || m->hour != c->hour || m->day != c->day ||
        m->month != c->month || m->year != c->year)
        return false;
    *ret = m->epoch + c->second;
    return true;
}

bool date_value(const struct date_fields *f, bool has_zone, int zone_minutes, int64_t now,
                struct date_memory *memory, double *ret)
{
    struct civil c = {0};
    bool assume_year = false, assume_today = false, zoned;
    int minutes;
    if (f->at['Y'].n) {
        c.year = number(f->at['Y']);
    } else if (f->at['y'].n) {
        c.year = number(f->at['y']) + 2000;
    } else {
        c.year = now_local(memory, now)->year;
        assume_year = true;
    }
    read_day(f, &c);
    if (!c.month && !c.day) {
        c.month = now_local(memory, now)->month;
        c.day = now_local(memory, now)->day;
        assume_today = true;
    }
    read_hour(f, &c);
    c.minute = number(f->at['M']);
    c.second = number(f->at['S']);
    if (!valid(&c) || !zone_of(f, has_zone, zone_minutes, &zoned, &minutes))
        return false;
    int month = c.month, day = c.day, year = c.year;
    int64_t flat = civil_to_epoch(&c); /* as if it were UTC: for comparing */
    if (zoned)
        flat -= minutes * INT64_C(60);
    if (assume_today || assume_year) {
        int64_t flat_now = civil_to_epoch(now_local(memory, now));
        if (assume_today && flat > flat_now)
            flat -= 86400;
        if (assume_year && flat > flat_now + 86400) {
            struct civil last = civil_from_epoch(flat);
            last.year = year - 1;
            last.month = month;
            last.day = day;
            if (!valid(&last)) /* 29 February */
                return false;
            flat = civil_to_epoch(&last);
        }
    }
    if (zoned) {
        *ret = (double)flat;
        return true;
    }
    c = civil_from_epoch(flat);
    int64_t epoch;
    if (!remembered(memory, &c, &epoch)) {
        epoch = from_local(&c);
        *memory = (struct date_memory){.valid = true,
                                       .year = c.year,
                                       .month = c.month,
                                       .day = c.day,
                                       .hour = c.hour,
                                       .minute = c.minute,
                                       .epoch = epoch - c.second,
                                       .now_minute = memory->now_minute,
                                       .now = memory->now};
    }
    *ret = (double)epoch;
    return true;
}
