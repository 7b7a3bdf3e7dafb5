/* SPDX-License-Identifier: ISC */
#include "log/line.h"

#include <time.h>

/* The end of a quoted text whose opening quote is already taken; false when there is none. */
static bool quoted(str *rest, str *ret_raw)
{
    for (size_t i = 0; i < rest->n; i++) {
        if (rest->p[i] == '\\') {
            i++;
        } else if (rest->p[i] == '"') {
            *ret_raw = str_slice(*rest, 0, i);
            *rest = str_from_at(*rest, i + 1);
            return true;
        }
    }
    return false;
}

bool log_line_next(str *rest, struct log_pair *ret)
{
    str s = *rest;
    if (!str_skip(&s, S("{\"")) && !str_skip(&s, S(",\"")))
        return false;
    struct log_pair p = {0};
    if (!quoted(&s, &p.key) || !str_skip(&s, S(":")))
        return false;
    p.is_text = str_skip(&s, S("\""));
    if (p.is_text) {
        if (!quoted(&s, &p.raw))
            return false;
    } else {
        size_t n = 0;
        while (n < s.n && (char_is_digit(s.p[n]) || s.p[n] == '-'))
            n++;
        p.raw = str_slice(s, 0, n);
        s = str_from_at(s, n);
        if (n == 0)
            return false;
    }
    *rest = s;
    *ret = p;
    return true;
}

bool log_line_get(str line, str key, struct log_pair *ret)
{
    struct log_pair p;
    while (log_line_next(&line, &p)) {
        if (str_eq(p.key, key)) {
            *ret = p;
            return true;
        }
    }
    return false;
}

bool log_line_is(str line, str key, str text)
{
    struct log_pair p;
    return log_line_get(line, key, &p) && str_eq(p.raw, text);
}

static int hex_digit(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_code_point(struct buf *out, unsigned c)
{
    if (c < 0x80) {
        buf_addc(out, (char)c);
        return;
    }
    buf_addc(out, (char)(0xc0 | (c >> 6 & 0x1f)));
    buf_addc(out, (char)(0x80 | (c & 0x3f)));
}

void log_text(str raw, struct buf *out)
{
    while (raw.n) {
        if (*raw.p != '\\' || raw.n < 2) {
            buf_addc(out, *raw.p);
            raw = str_from_at(raw, 1);
            continue;
        }
        if (raw.p[1] != 'u' || raw.n < 6) {
            buf_addc(out, raw.p[1]);
            raw = str_from_at(raw, 2);
            continue;
        }
        unsigned c = 0;
        for (size_t i = 2; i < 6; i++) {
            int d = hex_digit(raw.p[i]);
            c = c << 4 | (unsigned)(d < 0 ? 0 : d);
        }
        add_code_point(out, c & 0xff); /* event.c writes no others */
        raw = str_from_at(raw, 6);
    }
}

/* "2026-11-24T15:10:56.123456Z" as local wall time; anything else as it stands. */
static void add_time(struct buf *out, str t)
{
    uint64_t v[6];
    str s = t;
    static const char separators[] = "--T::";
    for (size_t i = 0; i < 6; i++)
        if (!str_take_u64(&s, &v[i]) || (i < 5 && (!s.n || *s.p != separators[i]))) {
            buf_add(out, t);
            return;
        } else if (i < 5) {
            s = str_from_at(s, 1);
        }
    struct civil c = {(int)v[0], (int)v[1], (int)v[2], (int)v[3], (int)v[4], (int)v[5], 0};
    time_t at = (time_t)civil_to_epoch(&c);
    struct tm tm;
    if (localtime_r(&at, &tm))
        buf_addf(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool is_head(str key)
{
    return str_eq(key, S("t")) || str_eq(key, S("event")) || str_eq(key, S("level")) ||
           str_eq(key, S("program")) || str_eq(key, S("pid"));
}

/* One line for one event, whatever a stranger put into a field: no controls reach a terminal. */
static void add_visible(struct buf *out, str text)
{
    bool spaced = str_find(text, ' ') >= 0 || text.n == 0;
    if (spaced)
        buf_addc(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        buf_addc(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
    if (spaced)
        buf_addc(out, '"');
}

void log_line_readable(str line, struct buf *out)
{
    struct log_pair p;
    if (log_line_get(line, S("t"), &p))
        add_time(out, p.raw);
    if (log_line_get(line, S("level"), &p) && !str_eq(p.raw, S("info")) &&
        !str_eq(p.raw, S("debug")))
        buf_addf(out, " [%.*s]", STR_ARG(p.raw));
    if (log_line_get(line, S("event"), &p))
        buf_addf(out, " %.*s", STR_ARG(p.raw));
    auto_buf struct buf text;
    buf_init(&text, 1 << 16);
    while (log_line_next(&line, &p)) {
        if (is_head(p.key))
            continue;
        buf_addf(out, " %.*s=", STR_ARG(p.key));
        buf_reset(&text);
        log_text(p.raw, &text);
        add_visible(out, buf_str(&text));
    }
}
