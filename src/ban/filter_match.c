/* SPDX-License-Identifier: ISC */
/* ban/filter_match.c -- what one line is to a filter. */
#include <iconv.h>
#include <string.h>

#include "ban/filter_parts.h"

enum { LAST_DATE_S = 60, ODD_TIME_S = 60 };

/* Whatever the encoding, the expressions see UTF-8. */
static str recode(struct filter *f, str line)
{
    buf_reset(&f->decoded);
    char *in = (char *)(uintptr_t)line.p; /* iconv does not write there */
    size_t left = line.n;
    (void)iconv(f->iconv, NULL, NULL, NULL, NULL); /* to the first state: cannot fail */
    while (left) {
        size_t room = 4 * left + 16;
        char *out = buf_room(&f->decoded, room), *at = out;
        if (!out)
            break;
        size_t r = iconv(f->iconv, &in, &left, &at, &room);
        buf_added(&f->decoded, (size_t)(at - out));
        if (r == (size_t)-1 && left) {
            buf_add(&f->decoded, S("\xef\xbf\xbd"));
            in++;
            left--;
        }
    }
    return buf_str(&f->decoded);
}

static str decode(struct filter *f, str line)
{
    if (line.n > FILTER_LINE_MAX) {
        f->counts.cut++;
        line = str_slice(line, 0, FILTER_LINE_MAX);
    }
    f->plain = text_is_plain(line);
    if (f->plain && !f->iconv)
        return line;
    if (f->iconv) {
        line = recode(f, line);
        f->plain = text_is_plain(line);
        return line;
    }
    buf_reset(&f->decoded);
    text_to_utf8(line, &f->decoded);
    return buf_str(&f->decoded);
}

/* The line without its date, LF behind it, in f->joined. */
static void cut_date(struct filter *f, str line, size_t from, size_t to)
{
    buf_reset(&f->joined);
    buf_add(&f->joined, str_slice(line, 0, from));
    buf_add(&f->joined, str_from_at(line, to));
    buf_addc(&f->joined, '\n');
    f->text = str_slice(buf_str(&f->joined), 0, f->joined.n - 1);
}

struct when {
    bool known, no_date;
    double date;
};

static bool last_is_near(const struct filter *f)
{
    return f->has_last && f->last_date > (double)(f->now - LAST_DATE_S);
}

static void find_time(struct filter *f, str line, struct when *ret)
{
    struct date_found d;
    *ret = (struct when){0};
    if (date_find(f->dates, line, f->plain, f->now, &d)) {
        cut_date(f, line, d.from, d.to);
        if (d.has_time) {
            f->counts.dated++;
            *ret = (struct when){.known = true, .date = d.time};
            f->has_last = true;
            f->last_date = d.time;
            return;
        }
        if (d.to == d.from) { /* a pattern that may match nothing: the date is optional */
            bool near = last_is_near(f);
            cut_date(f, line, 0, 0);
            *ret = (struct when){.known = true, .date = near ? f->last_date : (double)f->now};
            return;
        }
        f->counts.bad_date++;
    } else {
        cut_date(f, line, 0, 0);
        f->counts.undated++;
    }
    ret->no_date = true;
    if (last_is_near(f)) {
        cut_date(f, line, 0, 0);
        ret->known = true;
        ret->date = f->last_date;
    } else if (f->time_mode == FILTER_TIME_LIVE) {
        ret->known = true;
        ret->date = (double)f->now;
    }
}

/* False: the line is older than what counts. */
static bool judge_time(struct filter *f, struct when *w)
{
    if (!w->known || f->time_mode == FILTER_TIME_TOOL)
        return true;
    if (f->time_mode == FILTER_TIME_CATCH_UP) {
        bool old = w->date < (double)(f->now - f->findtime);
        f->counts.too_old += old;
        return !old;
    }
    double delta = w->date - (double)f->now;
    if (delta > ODD_TIME_S || delta < -ODD_TIME_S) {
        f->counts.odd_time++;
        w->date = (double)f->now;
        f->has_last = true;
        f->last_date = w->date;
    }
    return true;
}

static bool search(struct filter *f, struct expression *e, str text, struct regex_hit *ret)
{
    if (f->plain && regex_hopeless(e->re, text))
        return false;
    enum regex_outcome o = regex_match(e->re, text, 0, f->plain, ret);
    f->counts.gave_up += o == REGEX_GAVE_UP;
    return o == REGEX_YES;
}

static void read_groups(const struct expression *e, str text, const struct regex_hit *hit,
                        struct fail *to)
{
    for (size_t i = 0; i < e->n_map; i++) {
        const size_t *at = hit->at + 2 * e->map[i].group;
        if (at[0] != SIZE_MAX)
            to->v[e->map[i].field] = str_slice(text, at[0], at[1]);
    }
    for (size_t i = 0; i < e->n_alt; i++) {
        const size_t *at = hit->at + 2 * e->alt[i].group;
        if (at[0] != SIZE_MAX && at[1] > at[0] && !to->v[e->alt[i].field].n)
            to->v[e->alt[i].field] = str_slice(text, at[0], at[1]);
    }
}

static str kept(struct filter *f, str s)
{
    return f->scratch && s.p ? arena_copy(f->scratch, s) : s;
}

static void push(struct filter *f, struct filter_result r, const struct fail *fail)
{
    struct fail copy = {0};
    for (size_t i = 0; i < FILTER_FIELDS && fail; i++)
        copy.v[i] = kept(f, fail->v[i]);
    vec_push(&f->fails, copy);
    vec_push(&f->results, r);
}

/* -1: there is no ignoreregex that matches. */
static int ignored_by(struct filter *f, str text)
{
    struct regex_hit hit;
    for (size_t i = 0; i < f->n_ignore; i++)
        if (search(f, &f->ignore[i], text, &hit))
            return (int)i;
    return -1;
}

static void push_ignored(struct filter *f, int by, const struct when *w, str text)
{
    struct regex_hit hit;
    push(f,
         (struct filter_result){.verdict = FILTER_IGNORED,
                                .regex = (unsigned)by,
                                .has_time = w->known,
                                .time = w->date},
         NULL);
    /* fail2ban-regex counts each that matches. */
    for (size_t i = (size_t)by + 1; f->options.check_all && i < f->n_ignore; i++)
        if (search(f, &f->ignore[i], text, &hit))
            push(f,
                 (struct filter_result){.verdict = FILTER_IGNORED,
                                        .regex = (unsigned)i,
                                        .has_time = w->known,
                                        .time = w->date},
                 NULL);
}

static str address_or(struct filter *f, str text, int family, const struct fail *fail, char *room,
                      bool *ret_is)
{
    uint64_t prefix = UINT64_MAX;
    if (fail->v[FIELD_CIDR].n)
        (void)str_u64(fail->v[FIELD_CIDR], &prefix); /* \d+ it is; too large: none */
    *ret_is = address_canonical(text, family, prefix <= 128 ? (int)prefix : -1, room);
    return *ret_is ? kept(f, str_from(room)) : kept(f, text);
}

/* Who failed: the address in the line, or what <F-ID> says. False: nobody is named yet. */
static bool identify(struct filter *f, const struct fail *fail, struct filter_result *r)
{
    str fid = fail->v[FIELD_FID], host;
    bool is_address = false, is_name = false, named = true;
    if (fail->v[FIELD_IP4].p) {
        host = address_or(f, fail->v[FIELD_IP4], 4, fail, f->addresses[0], &is_address);
        named = false;
    } else if (fail->v[FIELD_IP6].p) {
        host = address_or(f, fail->v[FIELD_IP6], 6, fail, f->addresses[0], &is_address);
        named = false;
    } else if (fail->v[FIELD_DNS].p) {
        host = kept(f, fail->v[FIELD_DNS]);
        is_name = strcmp(f->usedns, "raw") != 0;
        named = false;
    } else {
        host = kept(f, fid);
    }
    if (!host.p)
        return false;
    r->host = r->id = host;
    r->id_is_address = is_address;
    r->host_is_name = is_name;
    bool same = str_eq(fid, fail->v[FIELD_IP4]) || str_eq(fid, fail->v[FIELD_IP6]);
    if (!named && fid.p && !same && !fail->v[FIELD_DNS].p) {
        r->id = kept(f, fid);
        r->id_is_address = false;
        r->host_is_name = false;
    }
    if (named) { /* an <F-ID> may be an address too */
        int family = str_find(fid, ':') >= 0 ? 6 : 4;
        if (address_canonical(fid, family, -1, f->addresses[1])) {
            r->id = r->host = kept(f, str_from(f->addresses[1]));
            r->id_is_address = true;
        }
    }
    return true;
}

/* True: no more expressions are to be tried. */
static bool take_hit(struct filter *f, unsigned i, const struct fail *before, str text,
                     const struct regex_hit *hit, const struct when *w)
{
    struct fail fail = {0};
    read_groups(&f->fail[i], text, hit, &fail);
    for (size_t k = 0; k < FILTER_FIELDS; k++)
        if (!fail.v[k].p)
            fail.v[k] = before->v[k];
    struct filter_result r = {
        .verdict = FILTER_FOUND, .regex = i, .has_time = w->known, .time = w->date};
    struct connection *c = NULL;
    if (fail.v[FIELD_MLFID].p) {
        connection_merge(f, &fail, &c);
        fail = c->f;
    }
    r.user = kept(f, fail.v[FIELD_USER]);
    if (c && fail.v[FIELD_NOFAIL].n)
        r.verdict = FILTER_NOFAIL;
    bool known = identify(f, &fail, &r);
    if (!known && r.verdict == FILTER_FOUND) {
        r.verdict = FILTER_PENDING;
        if (c)
            c->pending = true;
    }
    push(f, r, &fail);
    return !f->options.check_all;
}

/* fail2ban's rule when an ignoreregex is tried before the failregexes. */
static bool ignore_first(const struct filter *f)
{
    return f->n_ignore && f->n_ignore + 2 < f->n_fail;
}

struct search_state {
    str text; /* what the failregexes see, LF at its end */
    struct fail before;
    const struct when *when;
};

/* One failregex. True: done with this line. */
static bool try_regex(struct filter *f, unsigned i, struct search_state *s)
{
    struct regex_hit hit;
    bool many = f->maxlines > 1;
    if (many && !f->lines_current)
        s->text = lines_join(f);
    f->lines_current = true;
    if (!search(f, &f->fail[i], s->text, &hit))
        return false;
    if (f->n_ignore) {
        /* The match data of this hit is its own expression's: it stays. */
        str seen = many ? lines_matched(f, s->text, hit.at, &f->content) : s->text;
        int by = ignored_by(f, seen);
        if (by >= 0) {
            if (many)
                lines_take(f, &f->fail[i], s->text, hit.at);
            f->lines_current = false;
            push_ignored(f, by, s->when, seen);
            return !f->options.check_all;
        }
    }
    if (s->when->no_date && !s->when->known && f->time_mode != FILTER_TIME_TOOL)
        return false;
    bool done = take_hit(f, i, &s->before, s->text, &hit, s->when);
    if (many) {
        lines_take(f, &f->fail[i], s->text, hit.at);
        f->lines_current = false;
    }
    return done;
}

static void try_all(struct filter *f, struct search_state *s)
{
    if (!f->plain || f->maxlines > 1 || !s->text.n) {
        for (unsigned i = 0; i < f->n_fail; i++)
            if (try_regex(f, i, s))
                return;
        return;
    }
    const uint64_t *row = f->by_first + (unsigned char)s->text.p[0] * f->n_words;
    for (size_t w = 0; w < f->n_words; w++)
        for (uint64_t bits = row[w]; bits; bits &= bits - 1)
            if (try_regex(f, (unsigned)(w * 64 + (size_t)__builtin_ctzll(bits)), s))
                return;
}

/* What prefregex leaves for the failregexes. False: it does not match. */
static bool narrow(struct filter *f, struct search_state *s)
{
    struct regex_hit hit;
    if (!search(f, &f->pref, s->text, &hit))
        return false;
    f->counts.pref_matched++;
    read_groups(&f->pref, s->text, &hit, &s->before);
    str content = s->before.v[FIELD_CONTENT];
    s->before.v[FIELD_CONTENT] = (str){0};
    if (!content.n)
        return true;
    f->last_content = content;
    if (f->maxlines > 1) {
        auto_buf struct buf copy; /* it is a piece of the lines that are replaced */
        buf_init(&copy, FILTER_LINE_MAX * 4);
        buf_add(&copy, content);
        for (size_t i = 0; i < FILTER_FIELDS; i++)
            s->before.v[i] = kept(f, s->before.v[i]);
        lines_set(f, buf_str(&copy));
        f->lines_current = false;
        return true;
    }
    size_t end = (size_t)(content.p - s->text.p) + content.n;
    if (end + 1 == s->text.n) {
        s->text = str_from_at(s->text, (size_t)(content.p - s->text.p));
        return true;
    }
    buf_reset(&f->content);
    buf_add(&f->content, content);
    buf_addc(&f->content, '\n');
    s->text = buf_str(&f->content);
    return true;
}

static void begin(struct filter *f, int64_t now)
{
    f->now = now;
    f->results.n = f->fails.n = f->taken = 0;
    f->last_content = S("");
    f->counts.lines++;
    if (f->retired)
        connection_retire(f);
    if (f->scratch && arena_used(f->scratch))
        arena_reset(f->scratch);
}

static size_t feed(struct filter *f, struct when *w, const struct filter_result **ret)
{
    if (!judge_time(f, w))
        return 0;
    struct search_state s = {.text = buf_str(&f->joined), .when = w};
    if (f->maxlines > 1) {
        lines_push(f, f->text);
        s.text = lines_join(f);
        f->plain = text_is_plain(s.text);
    }
    f->lines_current = true;
    int by = ignore_first(f) ? ignored_by(f, s.text) : -1;
    if (by >= 0) {
        push_ignored(f, by, w, s.text);
    } else {
        f->last_content = f->has_pref ? S("") : f->text;
        if (!f->has_pref || narrow(f, &s))
            try_all(f, &s);
    }
    for (size_t i = 0; i < f->results.n; i++)
        f->results.at[i].fields = f->fails.at[i].v;
    *ret = f->results.at;
    return f->results.n;
}

size_t filter_feed(struct filter *f, str line, int64_t now, const struct filter_result **ret)
{
    struct when w;
    *ret = NULL;
    begin(f, now);
    line = decode(f, line);
    find_time(f, line, &w);
    return feed(f, &w, ret);
}

size_t filter_feed_at(struct filter *f, str line, double time, int64_t now,
                      const struct filter_result **ret)
{
    struct when w = {.known = true, .date = time};
    *ret = NULL;
    begin(f, now);
    line = decode(f, line);
    cut_date(f, line, 0, 0);
    f->has_last = true;
    f->last_date = time;
    f->counts.dated++;
    return feed(f, &w, ret);
}
