/* SPDX-License-Identifier: ISC */
/* ban/jail_conf_text.c -- values that remember where each piece of them came from. */
#include <string.h>

#include "ban/jail_conf.h"

struct conf_place conf_place_at(const struct conf_text *t, size_t at)
{
    struct conf_place place = {0};
    for (size_t i = 0; i < t->n_marks && (i == 0 || t->marks[i].at <= at); i++)
        place = t->marks[i].place;
    return place;
}

struct conf_text conf_text_of(str s, struct conf_place place, struct arena *a)
{
    struct conf_mark *m = NEW(a, struct conf_mark);
    *m = (struct conf_mark){0, place};
    return (struct conf_text){arena_copy(a, s), m, 1};
}

struct conf_text conf_text_slice(const struct conf_text *t, size_t from, size_t to, struct arena *a)
{
    struct conf_build b;
    conf_build_init(&b);
    conf_build_add(&b, t, from, to);
    if (!b.marks.n)
        conf_build_raw(&b, S(""), conf_place_at(t, from));
    struct conf_text r = conf_build_text(&b, a);
    conf_build_done(&b);
    return r;
}

void conf_build_init(struct conf_build *b)
{
    *b = (struct conf_build){0};
    buf_init(&b->b, CONF_VALUE_MAX);
}

void conf_build_done(struct conf_build *b)
{
    buf_done(&b->b);
    vec_done(&b->marks);
}

static void mark(struct conf_build *b, struct conf_place place)
{
    if (b->marks.n) {
        struct conf_mark *last = &b->marks.at[b->marks.n - 1];
        if (last->place.line == place.line && last->place.file.p == place.file.p)
            return;
        if (last->at == b->b.n) {
            last->place = place;
            return;
        }
    }
    vec_push(&b->marks, (struct conf_mark){b->b.n, place});
}

void conf_build_raw(struct conf_build *b, str s, struct conf_place place)
{
    mark(b, place);
    buf_add(&b->b, s);
}

void conf_build_add(struct conf_build *b, const struct conf_text *t, size_t from, size_t to)
{
    size_t at = from, i = 0;
    while (i + 1 < t->n_marks && t->marks[i + 1].at <= from)
        i++;
    while (at < to) {
        size_t end = i + 1 < t->n_marks && t->marks[i + 1].at < to ? t->marks[i + 1].at : to;
        conf_build_raw(b, str_slice(t->s, at, end),
                       t->n_marks ? t->marks[i].place : (struct conf_place){0});
        at = end;
        i++;
    }
}

struct conf_text conf_build_text(const struct conf_build *b, struct arena *a)
{
    struct conf_mark *marks = NEW_N(a, struct conf_mark, b->marks.n ? b->marks.n : 1);
    if (b->marks.n)
        memcpy(marks, b->marks.at, b->marks.n * sizeof *marks);
    return (struct conf_text){arena_copy(a, buf_str(&b->b)), marks, b->marks.n};
}
