/* SPDX-License-Identifier: ISC */
#include "list/text.h"

#include <iconv.h>
#include <string.h>

#include "list/addresses.h"
#include "wire/charset.h"

enum { TEXT_MAX = 2 << 20 };

static void add_tag(struct buf *b, const struct mlist *l, const struct text_tags *t, char tag)
{
    switch (tag) {
    case 'L':
        buf_add(b, l->outlocal);
        break;
    case 'l':
        buf_add(b, l->local);
        break;
    case 'H':
    case 'h':
        buf_add(b, l->outhost);
        break;
    case 'A':
        buf_add(b, t->target);
        break;
    case 'a':
        buf_add(b, address_local(t->target));
        break;
    case 't':
        buf_add(b, verp_encode(l->arena, t->target));
        break;
    case 'R':
        buf_add(b, t->reply);
        break;
    case 'r':
        buf_add(b, address_local(t->reply));
        break;
    case 'c':
        buf_add(b, t->cookie);
        break;
    case 'C':
        buf_add(b, t->hash);
        break;
    case 'T':
        buf_add(b, t->time);
        break;
    case 'X':
        buf_add(b, t->action);
        break;
    case 'n':
        buf_addf(b, "%llu", (unsigned long long)t->number);
        break;
    case 'd':
        buf_add(b, str_from(l->path));
        break;
    default:
        break; /* unknown tags vanish */
    }
}

void text_expand(struct buf *b, const struct mlist *l, const struct text_tags *t, str text)
{
    for (;;) {
        ptrdiff_t at = str_find_str(text, S("<#"));
        if (at < 0 || (size_t)at + 5 > text.n) {
            buf_add(b, text);
            return;
        }
        buf_add(b, str_slice(text, 0, (size_t)at));
        text = str_from_at(text, (size_t)at);
        if (text.p[3] == '#' && text.p[4] == '>') {
            add_tag(b, l, t, text.p[2]);
            text = str_from_at(text, 5);
        } else {
            buf_add(b, str_slice(text, 0, 2));
            text = str_from_at(text, 2);
        }
    }
}

static bool letter_holds(const struct mlist *l, char letter)
{
    static const struct {
        char letter;
        enum list_flag flag;
    } known[] = {{'a', FLAG_ARCHIVED},       {'b', FLAG_MODGETONLY},   {'d', FLAG_DIGESTED},
                 {'g', FLAG_SUBGETONLY},     {'h', FLAG_NOSUBCONFIRM}, {'i', FLAG_THREADED},
                 {'j', FLAG_NOUNSUBCONFIRM}, {'l', FLAG_MODCANLIST},   {'m', FLAG_MODPOST},
                 {'n', FLAG_MODCANEDIT},     {'o', FLAG_MODPOSTONLY},  {'p', FLAG_PUBLIC},
                 {'r', FLAG_REMOTE},         {'s', FLAG_MODSUB},       {'t', FLAG_ADDTRAILER},
                 {'u', FLAG_SUBPOSTONLY},    {'w', FLAG_NOWARN},       {'y', FLAG_CONFIRMPOST}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].letter == char_lower(letter))
            return list_flag(l, known[i].flag) == (letter >= 'a');
    return false;
}

/* "<=Bn=>": whether the lines behind it are there. False for a line that is no condition. */
static bool is_condition(const struct mlist *l, str line, bool *ret_holds)
{
    if (!str_skip(&line, S("<=")))
        return false;
    ptrdiff_t end = str_find_str(line, S("=>"));
    if (end < 0)
        return false;
    *ret_holds = true;
    for (ptrdiff_t i = 0; i < end; i++)
        if (char_is_alpha(line.p[i]))
            *ret_holds &= letter_holds(l, line.p[i]);
    return true;
}

static void write_lines(struct buf *b, const struct mlist *l, const struct text_tags *t, str text)
{
    bool shown = true;
    str line;
    while (str_line(&text, &line)) {
        if (is_condition(l, line, &shown) || !shown || str_starts(line, S("#")))
            continue;
        if (str_eq(line, S("!A"))) /* 0.53's way of saying it */
            buf_add(b, t->target);
        else if (str_eq(line, S("!R")))
            buf_add(b, t->reply);
        else
            text_expand(b, l, t, line);
        buf_addc(b, '\n');
    }
}

void text_in_charset(struct buf *b, const struct mlist *l, str utf8)
{
    if (ascii_is_all(utf8) || str_ieq(l->charset, S("utf-8"))) {
        buf_add(b, utf8);
        return;
    }
    const char *charset = arena_cstr(l->arena, l->charset);
    iconv_t to = iconv_open(charset, "UTF-8");
    size_t cap = utf8.n * 4 + 64;
    char *out = arena_alloc(l->arena, cap, 1), *at = out;
    char *in = (char *)(uintptr_t)arena_cstr(l->arena, utf8);
    size_t left = utf8.n, room = cap;
    while (to != (iconv_t)-1 && left > 0 && iconv(to, &in, &left, &at, &room) == (size_t)-1 &&
           left > 0 && room > 8) {
        size_t skip = utf8_length(str_of(in, left));
        skip = skip ? skip : 1;
        in += skip;
        left -= skip;
        *at++ = '?';
        room--;
    }
    if (to == (iconv_t)-1) { /* an unknown charset: better all of it than nothing */
        buf_add(b, utf8);
        return;
    }
    (void)iconv(to, NULL, NULL, &at, &room); /* back to ASCII; there is room */
    (void)iconv_close(to);
    buf_add(b, str_of(out, (size_t)(at - out)));
}

bool text_write(struct buf *b, const struct mlist *l, const struct text_tags *t, const char *name)
{
    str text;
    const char *path = arena_printf(l->arena, "text/%s", name).p;
    if (list_file(l, path, LIST_TEXT_MAX, &text)) {
        write_lines(b, l, t, text);
        return true;
    }
    text = text_builtin(name, l->japanese);
    if (!text.p)
        return false;
    auto_buf struct buf utf8;
    buf_init(&utf8, TEXT_MAX);
    write_lines(&utf8, l, t, text);
    text_in_charset(b, l, buf_str(&utf8));
    return true;
}

static str find_message(str messages, const char *name)
{
    str line, key, value;
    while (str_line(&messages, &line))
        if (str_cut(line, ':', &key, &value) && str_ieq(str_trim(key), str_from(name)))
            return str_trim(value);
    return (str){0};
}

void text_message(struct buf *b, const struct mlist *l, const struct text_tags *t, const char *name)
{
    str messages, found = {0};
    if (list_file(l, "text/messages", LIST_TEXT_MAX, &messages))
        found = find_message(messages, name);
    if (!found.p)
        found = find_message(text_builtin("messages", l->japanese), name);
    text_expand(b, l, t, found);
}
