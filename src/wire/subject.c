/* SPDX-License-Identifier: ISC */
/* How it works: the RFC's steps repeat until nothing changes; done literally that is quadratic for
 * "[a][a][a]…". But what follows a row of blobs decides for all of them at once: after "Re:" they
 * go with it, else they go by themselves, the last one only if it leaves something. */
#include "wire/subject.h"

#include "wire/words.h"

void subject_clean(struct buf *b, str raw_value)
{
    auto_buf struct buf words;
    buf_init(&words, b->max);
    words_to_utf8(&words, raw_value);
    str s = buf_str(&words);
    size_t from = 0;
    bool blank = true; /* none at the start */
    for (size_t i = 0; i <= s.n; i++) {
        bool now = i == s.n || s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r' || s.p[i] == '\n';
        if (!now)
            continue;
        if (i > from) {
            if (!blank)
                buf_addc(b, ' ');
            buf_add(b, str_slice(s, from, i));
            blank = false;
        }
        from = i + 1;
    }
}

static str skip_blanks(str s)
{
    while (s.n > 0 && char_is_space(s.p[0]))
        s = str_from_at(s, 1);
    return s;
}

/* subj-blob: "[" *BLOBCHAR "]" *WSP */
static bool skip_blob(str *s)
{
    if (s->n == 0 || s->p[0] != '[')
        return false;
    for (size_t i = 1; i < s->n; i++) {
        if (s->p[i] == '[')
            return false;
        if (s->p[i] == ']') {
            *s = skip_blanks(str_from_at(*s, i + 1));
            return true;
        }
    }
    return false;
}

/* subj-refwd: ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static bool skip_refwd(str *s)
{
    str at = *s;
    if (!str_iskip(&at, S("re"))) {
        if (!str_iskip(&at, S("fw")))
            return false;
        (void)str_iskip(&at, S("d"));
    }
    at = skip_blanks(at);
    (void)skip_blob(&at);
    if (!str_skip(&at, S(":")))
        return false;
    *s = skip_blanks(at);
    return true;
}

static str drop_trailers(str s, bool *refwd)
{
    for (;;) {
        while (s.n > 0 && char_is_space(s.p[s.n - 1]))
            s.n--;
        if (!str_iends(s, S("(fwd)")))
            return s;
        *refwd = true;
        s.n -= S("(fwd)").n;
    }
}

static str drop_leaders(str s, bool *refwd)
{
    s = skip_blanks(s);
    for (;;) {
        str after = s, last = s;
        for (str at = s; skip_blob(&at);) {
            last = after;
            after = at;
        }
        if (skip_refwd(&after)) {
            *refwd = true;
            s = after;
            continue;
        }
        return after.n > 0 ? after : last;
    }
}

bool subject_base(str clean, str *ret_base)
{
    bool refwd = false;
    str s = clean;
    for (;;) {
        s = drop_leaders(drop_trailers(s, &refwd), &refwd);
        if (!str_istarts(s, S("[fwd:")) || s.p[s.n - 1] != ']')
            break;
        refwd = true;
        s = str_slice(s, S("[fwd:").n, s.n - 1);
    }
    *ret_base = s;
    return refwd;
}
