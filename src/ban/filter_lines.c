/* SPDX-License-Identifier: ISC */
/* ban/filter_lines.c -- the last lines of a log, for filters that look at several at once. */
#include <stdlib.h>
#include <string.h>

#include "ban/filter_parts.h"

enum { SKIPPED_MAX = 8 };

static struct log_line line_of(str text)
{
    struct log_line l = {mem_alloc("log line", text.n + 1), text.n};
    if (text.n)
        memcpy(l.text, text.p, text.n);
    return l;
}

static void drop_at(struct filter *f, size_t i)
{
    free(f->lines[i].text);
    memmove(&f->lines[i], &f->lines[i + 1], (f->n_lines - i - 1) * sizeof *f->lines);
    f->n_lines--;
}

void lines_push(struct filter *f, str text)
{
    if (!f->lines)
        f->lines = mem_alloc("log lines", (f->maxlines + 1) * sizeof *f->lines);
    f->lines[f->n_lines++] = line_of(text);
    if (f->n_lines > f->maxlines)
        drop_at(f, 0);
}

void lines_set(struct filter *f, str text)
{
    while (f->n_lines)
        drop_at(f, 0);
    lines_push(f, text);
}

void lines_free(struct filter *f)
{
    while (f->n_lines)
        drop_at(f, 0);
    free(f->lines);
    f->lines = NULL;
}

str lines_join(struct filter *f)
{
    buf_reset(&f->lines_text);
    for (size_t i = 0; i < f->n_lines; i++) {
        buf_add(&f->lines_text, str_of(f->lines[i].text, f->lines[i].n));
        buf_addc(&f->lines_text, '\n');
    }
    return buf_str(&f->lines_text);
}

static size_t count_lf(str text, size_t to)
{
    size_t n = 0;
    for (size_t i = 0; i < to && i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

/* The lines from the one in which the match starts to the one in which it ends. */
static void matched_range(const struct filter *f, str text, const size_t *at, size_t *ret_from,
                          size_t *ret_to)
{
    ptrdiff_t before = str_rfind(str_slice(text, 0, at[0] + 1), '\n');
    size_t start = before < 0 ? 0 : (size_t)before + 1;
    size_t from = at[1] ? at[1] - 1 : 0;
    ptrdiff_t after = str_find(str_from_at(text, from), '\n');
    size_t end = after < 0 ? text.n : from + (size_t)after + 1;
    *ret_from = count_lf(text, start);
    *ret_to = count_lf(text, end);
    if (*ret_to > f->n_lines)
        *ret_to = f->n_lines;
    if (*ret_from > *ret_to)
        *ret_from = *ret_to;
}

static bool is_skipped(const struct expression *e, str text, const size_t *at, const char *line,
                       size_t n)
{
    for (size_t i = 0; i < e->n_skiplines; i++) {
        const size_t *span = at + 2 * e->skiplines[i];
        str rest = span[0] == SIZE_MAX ? S("") : str_slice(text, span[0], span[1]), one;
        while (str_cut(rest, '\n', &one, &rest))
            if (str_eq(one, str_of(line, n)))
                return true;
    }
    return false;
}

void lines_take(struct filter *f, const struct expression *e, str text, const size_t *at)
{
    size_t from, to;
    matched_range(f, text, at, &from, &to);
    for (size_t i = from, left = to - from; left > 0; left--) {
        if (is_skipped(e, text, at, f->lines[i].text, f->lines[i].n)) {
            i++;
        } else {
            drop_at(f, i);
            f->taken++;
        }
    }
}

str lines_matched(struct filter *f, str text, const size_t *at, struct buf *out)
{
    size_t from, to;
    matched_range(f, text, at, &from, &to);
    buf_reset(out);
    for (size_t i = from; i < to; i++) {
        buf_add(out, str_of(f->lines[i].text, f->lines[i].n));
        buf_addc(out, '\n');
    }
    return buf_str(out);
}
