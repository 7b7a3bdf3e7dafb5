/* SPDX-License-Identifier: ISC */
#include "wire/arrival.h"

#include <string.h>

static bool field(str line, str name, str *ret_value)
{
    if (!str_iskip(&line, name))
        return false;
    line = str_trim(line);
    if (!str_skip(&line, S(":")))
        return false;
    *ret_value = str_trim(line);
    return true;
}

static void keep_id(struct arrival *a, str value)
{
    ptrdiff_t open = str_find(value, '<'), close = str_find(value, '>');
    if (open >= 0 && close > open)
        value = str_slice(value, (size_t)open, (size_t)close + 1);
    a->id_n = value.n < sizeof a->id ? value.n : sizeof a->id;
    memcpy(a->id, value.p, a->id_n);
}

static void line_ended(struct arrival *a)
{
    str line = str_of(a->line, a->line_n), value;
    a->line_n = 0;
    if (line.n == 0) {
        a->in_body = true;
        return;
    }
    if (char_is_space(line.p[0])) {
        if (a->id_may_follow)
            keep_id(a, str_trim(line));
    } else if (field(line, S("received"), &value) || field(line, S("delivered-to"), &value)) {
        a->hops++;
    } else if (a->id_n == 0 && field(line, S("message-id"), &value)) {
        if (value.n)
            keep_id(a, value);
        a->id_may_follow = value.n == 0;
        return;
    }
    a->id_may_follow = false;
}

void arrival_feed(struct arrival *a, str text)
{
    while (text.n && !a->in_body) {
        const char *lf = memchr(text.p, '\n', text.n);
        size_t n = lf ? (size_t)(lf - text.p) : text.n;
        size_t room = sizeof a->line - a->line_n;
        size_t take = n < room ? n : room;
        memcpy(a->line + a->line_n, text.p, take);
        a->line_n += take;
        text = str_from_at(text, lf ? n + 1 : n);
        if (lf)
            line_ended(a);
    }
}

str arrival_message_id(const struct arrival *a)
{
    return str_of(a->id, a->id_n);
}
