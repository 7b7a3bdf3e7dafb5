/* SPDX-License-Identifier: ISC */
#include "list/subject.h"

#include "wire/addrlist.h"
#include "wire/header.h"
#include "wire/words.h"

enum { VALUE_MAX = 16'384 };

static str decoded(struct arena *a, str raw_value)
{
    struct buf b;
    struct word w;
    buf_init(&b, 4 * VALUE_MAX);
    str rest = header_unfold(a, str_slice(raw_value, 0, VALUE_MAX));
    while (words_next(&rest, &w)) {
        if (w.encoded)
            word_decode(&b, &w);
        else
            buf_add(&b, w.text);
    }
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '\n' || b.p[i] == '\r' || b.p[i] == 0)
            b.p[i] = ' '; /* or one line of the index would be two */
    str text = arena_copy(a, str_trim(buf_str(&b)));
    buf_done(&b);
    return text;
}

size_t prefix_length(str text, str prefix)
{
    str t = text;
    for (size_t i = 0; i < prefix.n; i++) {
        if (prefix.p[i] == '#') {
            size_t digits = 0;
            while (digits < t.n && char_is_digit(t.p[digits]))
                digits++;
            if (!digits && !(t.n && *t.p == '#'))
                return 0;
            t = str_from_at(t, digits ? digits : 1);
        } else if (!t.n || *t.p != prefix.p[i]) {
            return 0;
        } else {
            t = str_from_at(t, 1);
        }
    }
    return text.n - t.n;
}

/* "Re: " and its like; longer marks only if they end like "Re[2]:". */
static size_t reply_mark(str text)
{
    for (size_t i = 0; i + 1 < text.n && text.p[i] != ' ' && text.p[i] != '\t'; i++) {
        if (text.p[i] != ':')
            continue;
        char before = i ? text.p[i - 1] : 0;
        bool numbered = before == ')' || before == ']' || char_is_digit(before);
        if (char_is_space(text.p[i + 1]) && i >= 2 && (i <= 4 || numbered))
            return i + 1;
        return 0;
    }
    return 0;
}

str subject_of(struct arena *a, str raw_value, str prefix, bool *ret_reply)
{
    str text = decoded(a, raw_value);
    *ret_reply = false;
    for (;;) {
        text = str_trim(text);
        size_t n = reply_mark(text);
        *ret_reply |= n > 0;
        if (!n && prefix.n)
            n = prefix_length(text, prefix);
        if (!n)
            break;
        text = str_from_at(text, n);
    }
    if (str_iends(text, S("-Reply"))) {
        *ret_reply = true;
        text = str_trim(str_slice(text, 0, text.n - 6));
    }
    return text;
}

static bool ends_author(char c)
{
    return c == '<' || c == '>' || c == ';' || char_is_space(c);
}

str author_key(struct arena *a, str raw_value)
{
    str text = header_unfold(a, str_slice(raw_value, 0, VALUE_MAX));
    ptrdiff_t found = str_rfind(text, '@');
    if (found < 0)
        return text;
    size_t at = (size_t)found, from = at, to = at, dash;
    while (from > 0 && !ends_author(text.p[from - 1]))
        from--;
    from -= from > 0; /* the delimiter is hashed too */
    while (to < text.n && !ends_author(text.p[to]))
        to++;
    for (dash = from; dash < at && text.p[dash] != '-'; dash++)
        continue;
    return arena_printf(a, "%.*s%.*s", (int)(dash - from), text.p + from, (int)(to - at),
                        text.p + at);
}

str author_name(struct arena *a, str raw_value)
{
    str text = decoded(a, raw_value);
    struct addrlist l = addrlist_parse(a, text, 0);
    for (size_t i = 0; i < l.n; i++) {
        if (l.at[i].kind != ADDR_MAILBOX)
            continue;
        return l.at[i].name.n ? l.at[i].name : l.at[i].mailbox;
    }
    return text;
}
