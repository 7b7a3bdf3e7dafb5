/* SPDX-License-Identifier: ISC */
#include "ban/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"

enum { CACHE_BYTES = 64 << 20, UNUSED_S = 300, REMEMBERED = 64 };

/* What fail2ban tries when no datepattern is given, in its order (jail.conf(5)). */
static const char *const default_patterns[] = {
    "%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\\s*%z)?",
    "(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
    "(?:%a )?%b %d %ExY %k:%M:%S(?:\\.%f)?",
    "%d(?P<_sep>[-/])%m(?P=_sep)(?:%ExY|%Exy) %k:%M:%S",
    "%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\\.%f)?(?: %z)?",
    "%m/%d/%ExY:%H:%M:%S",
    "%m-%d-%ExY %k:%M:%S(?:\\.%f)?",
    "EPOCH",
    "{^LN-BEG}%H:%M:%S",
    "^<%m/%d/%Exy@%H:%M:%S>",
    "%Exy%Exm%Exd  ?%H:%M:%S",
    "%b %d, %ExY %I:%M:%S %p",
    "^%b-%d-%Exy %k:%M:%S",
    "%ExY%Exm%Exd(?:T|  ?)%ExH%ExM%ExS(?:[.,]%f)?(?:\\s*%z)?",
    "(?:%Z )?(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
    "(?:%z )?(?:%a )?%b %d %k:%M:%S(?:\\.%f)?(?: %ExY)?",
    "TAI64N",
};
enum { DEFAULTS = sizeof default_patterns / sizeof default_patterns[0] };

struct date_cache {
    struct arena *arena;
    str decades;
    struct map *by_pattern;
};

struct entry {
    struct date_template *t;
    uint64_t hits, tried_hits;
    int64_t last_used;
    size_t distance;
};

struct date_detector {
    struct date_cache *cache;
    VEC(struct entry) list;
    size_t last, first_unused;
    /* Where the last date stood and the bytes around its ends; -1: no byte there. */
    size_t pos, end;
    int before_pos, at_pos, before_end, at_end;
    bool has_zone;
    int zone_minutes;
    struct date_memory memory;
    bool slow;
    struct {
        size_t n; /* 0: nothing is remembered */
        char text[REMEMBERED];
        size_t cut, cut_to; /* group 1, from the start of text */
        bool alone;         /* no other template fits such a line */
        struct {
            char letter;
            unsigned char at, n;
        } fields[DATE_FIELDS];
        size_t n_fields;
        bool timed; /* the very text was read before, at `now`: it meant `time` */
        int64_t now;
        double time;
    } shape; /* see quick_find() */
};

struct date_cache *date_cache_new(int64_t now, bool any_year)
{
    struct date_cache *c = mem_alloc("dates", sizeof *c);
    c->arena = arena_new("dates", CACHE_BYTES);
    c->by_pattern = map_new();
    int64_t real = clock_seconds();
    int last = (civil_from_epoch(real > now ? real : now).year + 3) / 10;
    auto_buf struct buf b;
    buf_init(&b, 4096);
    buf_add(&b, S("(?:"));
    for (int decade = any_year ? 196 : 200; decade <= last && decade < 1000; decade++)
        buf_addf(&b, "%s%d", decade > (any_year ? 196 : 200) ? "|" : "", decade);
    buf_addc(&b, ')');
    c->decades = arena_copy(c->arena, buf_str(&b));
    return c;
}

void date_cache_free(struct date_cache *c)
{
    if (!c)
        return;
    size_t at = 0;
    str key;
    void *value;
    while (map_next(c->by_pattern, &at, &key, &value))
        regex_free(((struct date_template *)value)->re);
    map_free(c->by_pattern);
    arena_free(c->arena);
    free(c);
}

/* The template of a pattern, made once. A name that fits a template made before is that one. */
static struct date_template *template_for(struct date_cache *c, str pattern, const char **what)
{
    struct date_template *t = map_get(c->by_pattern, pattern);
    if (t)
        return t;
    t = NEW(c->arena, struct date_template);
    if (!date_template_make(c->arena, pattern, c->decades, t, what))
        return NULL;
    map_put(c->by_pattern, pattern, t);
    return t;
}

static bool have_regex(struct date_template *t)
{
    if (t->re)
        return true;
    struct re_error e;
    t->re = regex_new_plain(t->regex, &e);
    if (!t->re)
        return false;
    const struct re_name *names;
    size_t n = regex_names(t->re, &names);
    for (size_t i = 0; i < n; i++)
        if (names[i].name.n == 1)
            t->fields[names[i].group] = names[i].name.p[0];
    return true;
}

static bool append(struct date_detector *d, struct date_template *t)
{
    for (size_t i = 0; i < d->list.n; i++)
        if (str_eq(d->list.at[i].t->name, t->name))
            return false;
    if (d->list.n < DATE_TEMPLATES_MAX)
        vec_push(&d->list, (struct entry){.t = t, .distance = 0x7fffffff});
    return true;
}

static str anchored(struct arena *a, const struct date_template *t)
{
    str p = t->pattern.n ? t->pattern : t->name;
    return arena_printf(a, "{^LN-BEG}%.*s", STR_ARG(p));
}

/* All defaults, each anchored one before all that may stand anywhere. */
static void append_defaults(struct date_detector *d, bool only_line_begin)
{
    const char *what;
    for (int anchor = 1; anchor >= 0; anchor--)
        for (size_t i = 0; i < DEFAULTS; i++) {
            struct date_template *t = template_for(d->cache, str_from(default_patterns[i]), &what);
            if (t && anchor) {
                if (str_starts(t->name, S("{^LN-BEG}")) || str_starts(t->name, S("^")))
                    continue;
                t = template_for(d->cache, anchored(d->cache->arena, t), &what);
                if (t)
                    t->weight = 100;
            }
            if (!t || (only_line_begin && !(t->flags & DATE_LINE_BEGIN)))
                continue;
            t->own = true;
            (void)append(d, t); /* one that is there already */
        }
}

/* What a default is when {DATE} in a pattern stands for it: without its own bounds. */
static str unbound(str p)
{
    if (!str_skip(&p, S("{UNB}")))
        (void)str_skip(&p, S("{^LN-BEG}")); /* either, or none */
    return p;
}

static ptrdiff_t find_date_tag(str p, size_t from)
{
    for (size_t i = from; i + 6 <= p.n; i++)
        if (str_istarts(str_from_at(p, i), S("{DATE}")) && !(i > 0 && p.p[i - 1] == '\\'))
            return (ptrdiff_t)i;
    return -1;
}

static bool append_around(struct date_detector *d, str pattern, const char **what)
{
    bool dup_ok = d->list.n > 0;
    for (size_t i = 0; i < DEFAULTS; i++) {
        struct date_template *inner = template_for(d->cache, str_from(default_patterns[i]), what);
        if (!inner)
            return false;
        str by = unbound(inner->pattern.n ? inner->pattern : inner->name);
        auto_buf struct buf b;
        buf_init(&b, REGEX_MAX);
        size_t done = 0;
        for (ptrdiff_t at; (at = find_date_tag(pattern, done)) >= 0; done = (size_t)at + 6) {
            buf_add(&b, str_slice(pattern, done, (size_t)at));
            buf_add(&b, by);
        }
        buf_add(&b, str_from_at(pattern, done));
        struct date_template *t = template_for(d->cache, buf_str(&b), what);
        if (!t)
            return false;
        if (!append(d, t) && !dup_ok) {
            *what = "two of its forms are the same";
            return false;
        }
    }
    return true;
}

static bool append_pattern(struct date_detector *d, str pattern, const char **what)
{
    if (str_ieq(pattern, S("{^LN-BEG}")) || str_ieq(pattern, S("{DEFAULT}"))) {
        append_defaults(d, pattern.p[1] == '^');
        return true;
    }
    if (find_date_tag(pattern, 0) >= 0)
        return append_around(d, pattern, what);
    struct date_template *t = template_for(d->cache, pattern, what);
    if (!t)
        return false;
    if (!have_regex(t)) {
        *what = "it is no regular expression";
        return false;
    }
    if (!append(d, t)) {
        *what = "it stands there twice";
        return false;
    }
    return true;
}

struct date_detector *date_detector_new(struct date_cache *c, struct findings *f,
                                        const struct conf_text *patterns)
{
    struct date_detector *d = mem_alloc("dates", sizeof *d);
    d->cache = c;
    d->last = SIZE_MAX;
    d->pos = 1;
    d->end = SIZE_MAX;
    d->before_pos = d->at_pos = d->before_end = d->at_end = -2;
    size_t at = 0;
    while (patterns && at < patterns->s.n) {
        str rest = str_from_at(patterns->s, at), line;
        (void)str_cut(rest, '\n', &line, &rest); /* the last one is all that is left */
        str pattern = str_trim(line);
        const char *what = "";
        if (pattern.n && !append_pattern(d, pattern, &what)) {
            finding_add(f, FINDING_ERROR, conf_place_at(patterns, at),
                        "see jail.conf(5) on datepattern; in files a percent sign is written %%",
                        "datepattern %.*s: %s", STR_ARG(str_slice(pattern, 0, 80)), what);
            date_detector_free(d);
            return NULL;
        }
        at += line.n + 1;
    }
    if (!d->list.n)
        append_defaults(d, false);
    return d;
}

void date_detector_free(struct date_detector *d)
{
    if (!d)
        return;
    vec_done(&d->list);
    free(d);
}

bool date_detector_zone(struct date_detector *d, str zone)
{
    d->has_zone = date_zone(zone, &d->zone_minutes);
    return d->has_zone;
}

bool date_template_info(const struct date_detector *d, size_t i, str *ret_name, uint64_t *ret_hits)
{
    if (i >= d->list.n)
        return false;
    *ret_name = d->list.at[i].t->name;
    *ret_hits = d->list.at[i].hits;
    return true;
}

void date_detector_slow_for_test(struct date_detector *d)
{
    d->slow = true;
}

static int byte_at(str s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : -1;
}

static bool is_alnum(int c)
{
    return c >= 0x80 || (c > 0 && (char_is_alpha((char)c) || char_is_digit((char)c)));
}

struct match {
    size_t from, to;    /* of the whole */
    size_t cut, cut_to; /* of group 1 */
    struct date_fields fields;
    str epoch;
};

/* `line` may be cut short at its end; from: where the search starts. */
static bool try_template(struct entry *e, str line, size_t from, bool plain, struct match *ret)
{
    struct regex_hit hit;
    if (!have_regex(e->t) || (plain && from == 0 && regex_hopeless(e->t->re, line)) ||
        regex_match(e->t->re, line, from, plain, &hit) != REGEX_YES)
        return false;
    e->tried_hits++;
    ret->from = hit.at[0];
    ret->to = hit.at[1];
    bool cut = hit.groups > 1 && hit.at[2] != SIZE_MAX;
    ret->cut = cut ? hit.at[2] : 0;
    ret->cut_to = cut ? hit.at[3] : 0;
    if (e->t->kind == DATE_PATTERN) {
        ret->fields = (struct date_fields){0};
        for (uint32_t g = 1; g < hit.groups; g++) {
            char letter = e->t->fields[g];
            if (letter && hit.at[2 * g] != SIZE_MAX)
                ret->fields.at[(int)letter] = str_slice(line, hit.at[2 * g], hit.at[2 * g + 1]);
        }
    } else {
        uint32_t g = e->t->kind == DATE_TAI64N ? 1 : e->t->epoch_group;
        ret->epoch = g < hit.groups && hit.at[2 * g] != SIZE_MAX
                         ? str_slice(line, hit.at[2 * g], hit.at[2 * g + 1])
                         : S("");
    }
    return true;
}

static double weight(const struct entry *e)
{
    return (double)e->hits * e->t->weight / (double)(e->distance > 1 ? e->distance : 1);
}

static bool moveable(const struct date_detector *d, const struct entry *e, size_t to)
{
    return weight(e) > weight(&d->list.at[to]) ||
           e->last_used - UNUSED_S > d->list.at[to].last_used;
}

/* Templates that fit often move to the front: at once to the first unused place or half way,
 * else by one. */
static size_t reorder(struct date_detector *d, size_t num)
{
    struct entry e = d->list.at[num];
    size_t to = d->first_unused < num ? d->first_unused : num / 2;
    if (!moveable(d, &e, to)) {
        if (to == num - 1)
            return num;
        to = num - 1;
        if (!moveable(d, &e, to))
            return num;
    }
    memmove(&d->list.at[to + 1], &d->list.at[to], (num - to) * sizeof e);
    d->list.at[to] = e;
    while (d->first_unused < d->list.n && d->list.at[d->first_unused].tried_hits)
        d->first_unused++;
    return to;
}

/* The template that fitted last, first of all. True: it is the one. *skip: it was tried on the
 * whole line. *best: it fits, but elsewhere. */
static bool try_last(struct date_detector *d, str line, bool plain, struct match *m, size_t *skip,
                     struct match *best, size_t *best_i)
{
    size_t i = d->last;
    if (i >= d->list.n)
        return false;
    struct entry *e = &d->list.at[i];
    bool fixed = e->t->flags & (DATE_LINE_BEGIN | DATE_LINE_END), hit;
    if (fixed) {
        hit = try_template(e, line, 0, plain, m);
        *skip = i;
    } else {
        int before = d->pos ? byte_at(line, d->pos - 1) : -1;
        bool left =
            before == d->before_pos || (byte_at(line, d->pos) == d->at_pos && !is_alnum(d->at_pos));
        bool right =
            byte_at(line, d->end) == d->at_end ||
            (d->end && byte_at(line, d->end - 1) == d->before_end && !is_alnum(d->before_end));
        if (left && right && d->pos <= line.n) {
            hit = try_template(e, str_slice(line, 0, d->end), d->pos, plain, m);
        } else {
            hit = try_template(e, line, 0, plain, m);
            *skip = i;
        }
    }
    if (!hit)
        return false;
    if (d->list.n == 1 || fixed || (m->from == d->pos && m->to == d->end))
        return true;
    *best = *m;
    *best_i = i;
    return false;
}

static bool search(struct date_detector *d, str line, bool plain, size_t skip, struct match *m,
                   size_t *ret_i, struct match *best, size_t *best_i)
{
    for (size_t i = 0; i < d->list.n; i++) {
        struct entry *e = &d->list.at[i];
        if (i == skip || !try_template(e, line, 0, plain, m))
            continue;
        *ret_i = i;
        if (i + 1 == d->list.n || e->t->flags & (DATE_LINE_BEGIN | DATE_LINE_END) ||
            (m->from == 0 && e->hits && !d->list.at[i + 1].tried_hits))
            return true;
        if (m->from <= e->distance && m->from <= d->pos)
            return true;
        /* Further right than before: perhaps a date in the text of the message. */
        if (*best_i == SIZE_MAX || m->from < best->from) {
            *best = *m;
            *best_i = i;
        }
    }
    if (*best_i == SIZE_MAX)
        return false;
    *m = *best;
    *ret_i = *best_i;
    return true;
}

static double decimal(str s)
{
    char text[40];
    if (!s.n || s.n >= sizeof text)
        return 0;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return strtod(text, NULL);
}

static double epoch_value(const struct date_template *t, str v)
{
    double x = decimal(v);
    if (t->kind == DATE_LONG_EPOCH && v.n >= 13)
        x /= v.n >= 16 && str_find(v, '.') < 0 ? 1e6 : 1e3;
    return x;
}

static double tai_value(str v)
{
    uint64_t x = 0;
    for (size_t i = 2; i < 17 && i < v.n; i++) {
        char c = v.p[i];
        x = x << 4 | (uint64_t)(char_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return (double)x;
}

static void read_value(struct date_detector *d, const struct date_template *t,
                       const struct match *m, int64_t now, struct date_found *ret)
{
    ret->has_time = true;
    if (t->kind == DATE_TAI64N)
        ret->time = tai_value(m->epoch);
    else if (t->kind != DATE_PATTERN)
        ret->time = epoch_value(t, m->epoch);
    else
        ret->has_time =
            date_value(&m->fields, d->has_zone, d->zone_minutes, now, &d->memory, &ret->time);
}

/* Another look at whether a date would go on behind its end: a fraction, a year, a zone. */
static bool may_go_on(str line, size_t end)
{
    int c = byte_at(line, end);
    if (c == '.' || c == ',' || c == ':')
        return true;
    while (end < line.n && (line.p[end] == ' ' || (line.p[end] >= '\t' && line.p[end] <= '\r')))
        end++;
    str rest = str_from_at(line, end);
    c = byte_at(line, end);
    return c == '+' || c == '-' || c == 'z' || c == 'Z' || (c >= '0' && c <= '9') ||
           str_istarts(rest, S("utc")) || str_istarts(rest, S("gmt"));
}

static bool same_shape(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] && !(char_is_digit(a[i]) && char_is_digit(b[i])))
            return false;
    return true;
}

static unsigned digits(str s)
{
    unsigned v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v * 10 + (s.p[i] == ' ' ? 0u : (unsigned)(s.p[i] - '0'));
    return v;
}

/* What the templates' own expressions ask of a field, once its shape is right. */
static bool field_fits(char letter, str now, str then)
{
    unsigned v;
    switch (letter) {
    case 'H':
        return digits(now) <= 23;
    case 'I':
        return (v = digits(now)) >= 1 && v <= 12;
    case 'M':
        return digits(now) <= 59;
    case 'S':
        return digits(now) <= 61;
    case 'd':
        return (v = digits(now)) >= 1 && v <= 31;
    case 'm':
        return (v = digits(now)) >= 1 && v <= 12;
    case 'Y':
        return str_eq(str_slice(now, 0, 3), str_slice(then, 0, 3));
    case 'y':
    case 'f':
        return true;
    default:
        return str_eq(now, then);
    }
}

/* digit : one or two digits : digit; every template with a clock time in it has that. */
static bool clock_at(str s, size_t colon)
{
    size_t i = colon + 1;
    if (colon == 0 || !char_is_digit(s.p[colon - 1]) || i >= s.n || !char_is_digit(s.p[i]))
        return false;
    i += i + 1 < s.n && char_is_digit(s.p[i + 1]) ? 2 : 1;
    return i + 1 < s.n && s.p[i] == ':' && char_is_digit(s.p[i + 1]);
}

/* A run of digits is a date at the start of a line or behind audit( (seconds), or with a time
 * behind it (20261124T160041). */
static bool digits_matter(str s, size_t from, size_t to)
{
    if (from <= 1 || s.p[from - 1] == '(')
        return true;
    if (to >= s.n || (s.p[to] != 'T' && s.p[to] != ' '))
        return false;
    to += to + 1 < s.n && s.p[to] == ' ' && s.p[to + 1] == ' ' ? 2 : 1;
    return to < s.n && char_is_digit(s.p[to]);
}

/* Whether anything in s could be (part of) a date: a clock time, eight digits in a row, TAI64N. */
static bool date_like(str s)
{
    const char *end = s.p + s.n;
    for (const char *c = s.p; s.n && (c = memchr(c, ':', (size_t)(end - c))); c++)
        if (clock_at(s, (size_t)(c - s.p)))
            return true;
    for (size_t i = 7; i < s.n; i += 8) {
        if (!char_is_digit(s.p[i]))
            continue;
        size_t from = i, to = i + 1;
        while (from > 0 && char_is_digit(s.p[from - 1]))
            from--;
        while (to < s.n && char_is_digit(s.p[to]))
            to++;
        if (to - from >= 8 && digits_matter(s, from, to))
            return true;
        i = to; /* each digit is looked at once, however many there are */
    }
    return s.n > 24 && memchr(s.p, '@', s.n - 24) != NULL;
}

/* Where in the line a date of the remembered shape stands; SIZE_MAX: nowhere sure. */
static size_t shape_position(const struct date_detector *d, str line, bool fixed)
{
    size_t n = d->shape.n, pos = d->pos;
    if (fixed)
        return pos + n <= line.n && same_shape(d->shape.text, line.p + pos, n) ? pos : SIZE_MAX;
    if (!d->shape.alone || d->before_pos < 0)
        return SIZE_MAX;
    const char *end = line.p + line.n, *at = line.p;
    while (line.n && (at = memchr(at, d->before_pos, (size_t)(end - at))) != NULL) {
        at++;
        if ((size_t)(end - at) < n)
            break;
        if (same_shape(d->shape.text, at, n)) {
            pos = (size_t)(at - line.p);
            /* Its own first digits may go on what stands before; so look at both with it. */
            if (date_like(str_slice(line, 0, pos)) || date_like(str_from_at(line, pos + n)))
                return SIZE_MAX;
            return pos;
        }
    }
    return SIZE_MAX;
}

/* False: a field is out of its range. */
static bool quick_time(struct date_detector *d, str text, int64_t now, struct date_found *ret)
{
    if (d->shape.timed && d->shape.now == now && memcmp(d->shape.text, text.p, text.n) == 0) {
        ret->time = d->shape.time;
        return true;
    }
    struct date_fields f;
    memset(f.at, 0, sizeof f.at);
    for (size_t i = 0; i < d->shape.n_fields; i++) {
        size_t at = d->shape.fields[i].at, n = d->shape.fields[i].n;
        str v = str_of(text.p + at, n);
        if (!field_fits(d->shape.fields[i].letter, v, str_of(d->shape.text + at, n)))
            return false;
        f.at[(int)d->shape.fields[i].letter] = v;
    }
    ret->has_time = date_value(&f, d->has_zone, d->zone_minutes, now, &d->memory, &ret->time);
    memcpy(d->shape.text, text.p, text.n);
    d->shape.timed = ret->has_time;
    d->shape.now = now;
    d->shape.time = ret->time;
    return true;
}

/* Most lines have a date of the same form as the line before. Without asking any expression:
 * digits where digits were, all else as it was, each field in its range, nothing behind it that
 * could belong to it; and, where the date may stand anywhere, nothing else in the line that could
 * be a date, and no other template that fits such a line. Then the last template is the one that
 * the search below would find. */
static bool quick_find(struct date_detector *d, str line, int64_t now, struct date_found *ret)
{
    if (d->last >= d->list.n || !d->shape.n)
        return false;
    struct entry *e = &d->list.at[d->last];
    bool fixed = e->t->flags & DATE_LINE_BEGIN;
    size_t pos = shape_position(d, line, fixed), end = pos + d->shape.n;
    if (pos == SIZE_MAX || byte_at(line, end) != d->at_end || may_go_on(line, end))
        return false;
    struct date_found found = {
        .from = pos + d->shape.cut, .to = pos + d->shape.cut_to, .has_time = true};
    if (!quick_time(d, str_slice(line, pos, end), now, &found))
        return false;
    *ret = found;
    e->hits++;
    e->tried_hits++;
    if (d->first_unused == d->last)
        d->first_unused++;
    e->last_used = now;
    e->distance = d->pos = pos;
    d->end = end;
    d->at_pos = byte_at(line, pos);
    d->before_end = byte_at(line, end - 1);
    return true;
}

static bool no_other_fits(struct date_detector *d, size_t i, str line)
{
    struct regex_hit hit;
    for (size_t k = 0; k < d->list.n; k++)
        if (k != i && have_regex(d->list.at[k].t) &&
            regex_match(d->list.at[k].t->re, line, 0, true, &hit) != REGEX_NO)
            return false;
    return true;
}

static void remember(struct date_detector *d, size_t i, str line, const struct match *m)
{
    const struct date_template *t = d->list.at[i].t;
    size_t n = m->to - m->from, k = 0;
    d->shape.n = 0;
    bool fixed = t->flags & DATE_LINE_BEGIN;
    if (d->slow || !t->own || t->kind != DATE_PATTERN || n > REMEMBERED || m->cut_to <= m->cut ||
        m->cut < m->from || t->flags & DATE_LINE_END || (fixed && m->from != 0))
        return;
    for (int letter = 'A'; letter <= 'z'; letter++) {
        str v = m->fields.at[letter];
        if (!v.p)
            continue;
        size_t at = (size_t)(v.p - line.p) - m->from;
        if (k == DATE_FIELDS || v.n > 20)
            return;
        d->shape.fields[k].letter = (char)letter;
        d->shape.fields[k].at = (unsigned char)at;
        d->shape.fields[k++].n = (unsigned char)v.n;
    }
    d->shape.n_fields = k;
    d->shape.timed = false;
    memcpy(d->shape.text, line.p + m->from, n);
    d->shape.cut = m->cut - m->from;
    d->shape.cut_to = m->cut_to - m->from;
    /* A month by its name: digits alone can be read in more ways than one. */
    d->shape.alone = !fixed && m->fields.at['b'].n && !date_like(str_slice(line, 0, m->from)) &&
                     !date_like(str_from_at(line, m->to)) && no_other_fits(d, i, line);
    d->shape.n = fixed || d->shape.alone ? n : 0;
}

bool date_find(struct date_detector *d, str line, bool plain, int64_t now, struct date_found *ret)
{
    struct match m, best;
    size_t skip = SIZE_MAX, best_i = SIZE_MAX, i = d->last;
    if (plain && quick_find(d, line, now, ret))
        return true;
    if (!try_last(d, line, plain, &m, &skip, &best, &best_i) &&
        !search(d, line, plain, skip, &m, &i, &best, &best_i))
        return false;
    struct entry *e = &d->list.at[i];
    struct date_template *t = e->t;
    e->hits++;
    e->last_used = now;
    e->distance = m.from;
    if (d->first_unused == i)
        d->first_unused++;
    d->pos = m.from;
    d->end = m.to;
    d->before_pos = m.from ? byte_at(line, m.from - 1) : -1;
    d->at_pos = byte_at(line, m.from);
    d->before_end = m.to ? byte_at(line, m.to - 1) : -1;
    d->at_end = byte_at(line, m.to);
    if (i && i != d->last)
        i = reorder(d, i);
    d->last = i;
    d->shape.n = 0; /* it belonged to the template before */
    if (plain)
        remember(d, i, line, &m);
    *ret = (struct date_found){.from = m.cut, .to = m.cut_to};
    if (m.cut_to > m.cut)
        read_value(d, t, &m, now, ret);
    return true;
}
