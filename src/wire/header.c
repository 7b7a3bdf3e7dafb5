/* SPDX-License-Identifier: ISC */
#include "wire/header.h"

#include <string.h>

#include "wire/crlf.h"

/* Length of the first line with its LF; the whole when there is none. */
static size_t line_length(str s)
{
    const char *lf = s.n ? memchr(s.p, '\n', s.n) : NULL;
    return lf ? (size_t)(lf - s.p) + 1 : s.n;
}

static bool is_empty_line(str line)
{
    return str_eq(line, S("\n")) || str_eq(line, S("\r\n"));
}

bool header_name_is_valid(str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] < 33 || name.p[i] > 126 || name.p[i] == ':')
            return false;
    }
    return name.n > 0;
}

/* RFC 5322 4.5 allows blanks between the name and the colon in old mail. */
static bool cut_name(str line, str *ret_name, str *ret_after)
{
    size_t n = 0;
    while (n < line.n && line.p[n] != ':' && line.p[n] > 32 && line.p[n] < 127)
        n++;
    size_t colon = n;
    while (colon < line.n && char_is_space(line.p[colon]))
        colon++;
    if (n == 0 || colon == line.n || line.p[colon] != ':')
        return false;
    *ret_name = str_slice(line, 0, n);
    *ret_after = str_from_at(line, colon + 1);
    return true;
}

struct header_split header_split(str message, unsigned flags)
{
    size_t at = 0;
    bool in_field = false;
    while (at < message.n) {
        str rest = str_from_at(message, at);
        str line = str_slice(rest, 0, line_length(rest));
        if (is_empty_line(line))
            return (struct header_split){.header = str_slice(message, 0, at),
                                         .separator = line,
                                         .body = str_from_at(rest, line.n)};
        str name, after;
        bool folded = in_field && char_is_space(line.p[0]);
        in_field = folded || cut_name(line, &name, &after);
        if ((flags & HEADER_STOP_AT_JUNK) && !in_field)
            break;
        at += line.n;
        in_field = true; /* blanks after a junk line are its folding too */
    }
    return (struct header_split){.header = str_slice(message, 0, at),
                                 .separator = str_slice(message, at, at),
                                 .body = str_from_at(message, at)};
}

static str without_line_end(str s)
{
    if (str_ends(s, S("\n")))
        s.n--;
    if (str_ends(s, S("\r")))
        s.n--;
    return s;
}

bool header_next(str *rest, struct header_field *ret_field)
{
    if (rest->n == 0)
        return false;
    size_t n = line_length(*rest);
    str name = str_slice(*rest, 0, 0), after;
    bool is_field = cut_name(str_slice(*rest, 0, n), &name, &after);
    while (n < rest->n && char_is_space(rest->p[n]))
        n += line_length(str_from_at(*rest, n));
    str raw = str_slice(*rest, 0, n);
    size_t value_at = is_field ? (size_t)(after.p - raw.p) : 0;
    *ret_field = (struct header_field){
        .name = name, .value = without_line_end(str_from_at(raw, value_at)), .raw = raw};
    *rest = str_from_at(*rest, n);
    return true;
}

bool header_find_next(str *rest, str name, struct header_field *ret_field)
{
    struct header_field f;
    while (header_next(rest, &f)) {
        if (f.name.n > 0 && str_ieq(f.name, name)) {
            *ret_field = f;
            return true;
        }
    }
    return false;
}

bool header_find(str header, str name, struct header_field *ret_field)
{
    return header_find_next(&header, name, ret_field);
}

size_t header_count(str header, str name)
{
    size_t n = 0;
    for (struct header_field f; header_find_next(&header, name, &f);)
        n++;
    return n;
}

size_t header_hops(str header)
{
    size_t n = 0;
    for (struct header_field f; header_next(&header, &f);)
        n += str_ieq(f.name, S("Received")) || str_ieq(f.name, S("Delivered-To"));
    return n;
}

void header_unfold_to(struct buf *b, str value)
{
    value = str_trim(value);
    while (value.n > 0) {
        size_t n = line_length(value);
        buf_add(b, without_line_end(str_slice(value, 0, n)));
        value = str_from_at(value, n);
    }
}

str header_unfold(struct arena *a, str value)
{
    value = str_trim(value);
    if (str_find(value, '\n') < 0)
        return value;
    char *to = arena_alloc(a, value.n, 1);
    size_t n = 0;
    while (value.n > 0) {
        size_t len = line_length(value);
        str line = without_line_end(str_slice(value, 0, len));
        memcpy(to + n, line.p, line.n);
        n += line.n;
        value = str_from_at(value, len);
    }
    return str_of(to, n);
}

str header_value(struct arena *a, str header, str name)
{
    struct header_field f;
    if (!header_find(header, name, &f))
        return (str){0};
    return header_unfold(a, f.value);
}

static bool is_among(str name, const str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_ieq(name, names[i]))
            return true;
    }
    return false;
}

void header_pick(struct buf *b, str header, const str *names, size_t n, enum header_pick how)
{
    for (struct header_field f; header_next(&header, &f);) {
        bool named = f.name.n > 0 && is_among(f.name, names, n);
        if (named != (how == HEADER_PICK_NAMED))
            continue;
        crlf_write(b, f.raw);
        if (!str_ends(f.raw, S("\n"))) /* a header cut off in its last line */
            buf_add(b, S("\r\n"));
    }
    buf_add(b, S("\r\n"));
}
