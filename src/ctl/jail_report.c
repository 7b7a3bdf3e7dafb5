/* SPDX-License-Identifier: ISC */
#include "ctl/jail_report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ban/follow_split.h"
#include "os/fd.h"
#include "os/file.h"

enum { BLOCK = 1 << 16, KEPT_LINE = 1000 };

void report_init(struct report *r, struct jail_tool *t)
{
    *r = (struct report){.tool = t, .arena = arena_new("report", (size_t)256 << 20)};
    r->fail_hits = NEW_N(r->arena, uint64_t, filter_regexes(t->filter) + 1);
    r->ignore_hits = NEW_N(r->arena, uint64_t, filter_ignoreregexes(t->filter) + 1);
}

void report_done(struct report *r)
{
    vec_done(&r->matched_lines.list);
    vec_done(&r->ignored_lines.list);
    vec_done(&r->missed_lines.list);
    vec_done(&r->matched_texts);
    vec_done(&r->shapes);
    arena_free(r->arena);
}

static void keep(struct report *r, struct kept_lines *k, str line)
{
    if (k->list.n < (k->all ? 100u * REPORT_KEEP : REPORT_KEEP))
        vec_push(&k->list, arena_copy(r->arena, str_slice(line, 0, KEPT_LINE)));
}

static bool is_word(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (unsigned char)c >= 0x80;
}

/* Words that hold a digit count for one another, and so do quoted names and what stands behind
 * "user" or "for". */
static uint64_t shape_of(str s)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.n;) {
        size_t from = i;
        bool digit = false;
        while (i < s.n && (is_word(s.p[i]) || (digit && strchr(".:-", s.p[i])))) {
            digit = digit || char_is_digit(s.p[i]);
            i++;
        }
        if (i == from) {
            h = (h ^ (unsigned char)s.p[i++]) * 1099511628211u;
            continue;
        }
        uint64_t w = digit ? 1 : str_hash(str_slice(s, from, i), 1);
        h = (h ^ w) * 1099511628211u;
    }
    return h;
}

static bool has_address(str s)
{
    unsigned dots = 0, colons = 0;
    for (size_t i = 1; i + 1 < s.n; i++) {
        bool between = char_is_digit(s.p[i - 1]) && char_is_digit(s.p[i + 1]);
        if (s.p[i] == '.' && between)
            dots++;
        else if (s.p[i] == ':' && (s.p[i + 1] == ':' || is_word(s.p[i + 1])))
            colons++;
        else if (!is_word(s.p[i]))
            dots = colons = 0;
        if (dots >= 3 || colons >= 3)
            return true;
    }
    return false;
}

/* A word of failure and somebody's address. */
static bool looks_like_failure(str s)
{
    static const char *const words[] = {
        "fail",    "invalid",   "denied", "refused",      "reject", "unknown",   "mismatch",
        "illegal", "not found", "bad ",   "unauthorized", "wrong",  "incorrect", "attack"};
    if (!has_address(s))
        return false;
    for (size_t i = 0; i < s.n; i++)
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
            if (char_lower(s.p[i]) == words[k][0] &&
                str_istarts(str_from_at(s, i), str_from(words[k])))
                return true;
    return false;
}

static void count_missed(struct report *r, str line)
{
    str text = filter_last_text(r->tool->filter);
    uint64_t h = shape_of(text);
    bool bad = looks_like_failure(text);
    r->suspicious += bad;
    for (size_t i = 0; i < r->shapes.n; i++)
        if (r->shapes.at[i].hash == h) {
            r->shapes.at[i].count++;
            return;
        }
    if (r->shapes.n == REPORT_SHAPES) {
        r->more_shapes++;
        return;
    }
    str seen = filter_prefregex(r->tool->filter) && filter_last_content(r->tool->filter).n
                   ? filter_last_content(r->tool->filter)
                   : text;
    vec_push(&r->shapes,
             (struct missed_shape){.hash = h,
                                   .count = 1,
                                   .line = arena_copy(r->arena, str_slice(line, 0, KEPT_LINE)),
                                   .text = arena_copy(r->arena, str_slice(seen, 0, KEPT_LINE)),
                                   .suspicious = bad});
}

static void see_time(struct report *r, const struct filter_result *x)
{
    if (!x->has_time)
        return;
    if (!r->timed || x->time < r->first_time)
        r->first_time = x->time;
    if (!r->timed || x->time > r->last_time)
        r->last_time = x->time;
    r->timed = true;
}

void report_line(struct report *r, str line)
{
    const struct filter_result *x;
    if (!line.n || (r->skip_comments && line.p[0] == '#')) {
        r->blank++;
        return;
    }
    struct filter *f = r->tool->filter;
    size_t n = filter_feed(f, line, r->tool->now, &x), hits = 0;
    bool ignored = false;
    r->lines++;
    for (size_t i = 0; i < n; i++) {
        if (x[i].verdict == FILTER_IGNORED) {
            r->ignore_hits[x[i].regex]++;
            ignored = true;
            continue;
        }
        r->fail_hits[x[i].regex]++;
        see_time(r, &x[i]);
        if (x[i].verdict == FILTER_NOFAIL)
            ignored = true;
        else
            hits++;
    }
    for (size_t i = 0; i < n && r->each && (!ignored || r->each_ignored); i++)
        r->each(r->ctx, &x[i], line);
    size_t more = filter_lines_taken(f);
    if (more > 1 && r->missed >= more - 1) { /* lines before it that took part */
        r->missed -= more - 1;
        r->matched += more - 1;
    }
    r->ignored += ignored;
    if (ignored) {
        keep(r, &r->ignored_lines, line);
    } else if (hits) {
        r->matched++;
        keep(r, &r->matched_lines, line);
        if (r->matched_texts.n < REPORT_TEXTS)
            vec_push(&r->matched_texts,
                     arena_copy(r->arena, str_slice(filter_last_text(f), 0, KEPT_LINE)));
    } else {
        r->missed++;
        keep(r, &r->missed_lines, line);
        count_missed(r, line);
    }
}

bool report_file(struct report *r, const char *path, uint64_t tail, err *ret)
{
    auto_fd int fd = -1;
    struct stat st;
    *ret = file_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, &fd);
    if (!failed(*ret) && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
        *ret = err_new(ERR_DENIED, "it is no regular file");
    if (failed(*ret))
        return false;
    bool skip = tail && (uint64_t)st.st_size > tail;
    if (skip && lseek(fd, st.st_size - (off_t)tail, SEEK_SET) < 0)
        skip = false;
    struct follow_split split;
    follow_split_init(&split);
    char *block = arena_alloc(r->arena, BLOCK, 1);
    ssize_t n;
    str line;
    while ((n = read(fd, block, BLOCK)) > 0 || (n < 0 && errno == EINTR)) {
        str rest = str_of(block, n > 0 ? (size_t)n : 0);
        while (follow_split_next(&split, &rest, &line)) {
            if (!skip)
                report_line(r, line);
            skip = false; /* the first one after a jump is a piece */
        }
    }
    if (follow_split_rest(&split, &line) && !skip)
        report_line(r, line);
    follow_split_done(&split);
    *ret = n < 0 ? err_sys("read") : OK_ERR;
    return n == 0;
}

static void nearest_of(struct report *r, struct missed_shape *s)
{
    struct filter *f = r->tool->filter;
    auto_buf struct buf text;
    buf_init(&text, 2 * KEPT_LINE);
    buf_add(&text, s->text);
    buf_addc(&text, '\n');
    double best = 0;
    for (size_t i = 0; i < filter_regexes(f); i++) {
        struct regex_near near;
        if (!regex_nearest(filter_regex(f, i), buf_str(&text), &near) || near.items == near.of)
            continue;
        double score = (double)near.items / (double)near.of + (double)near.column / (double)text.n;
        if (near.column < 3 || score <= best)
            continue;
        best = score;
        s->near_known = true;
        s->near_regex = i;
        s->near = near;
        s->near.wanted = arena_copy(r->arena, near.wanted);
    }
}

void report_nearest(struct report *r)
{
    size_t looked = 0;
    for (size_t i = 0; i < r->shapes.n && looked < REPORT_NEAR_SHAPES; i++)
        if (r->shapes.at[i].suspicious) {
            nearest_of(r, &r->shapes.at[i]);
            looked++;
        }
}
