/* SPDX-License-Identifier: ISC */
/* How it works: words_next finds "=?charset?B?text?=" by hand and never looks back, so that a
 * header full of "=?" stays linear. words_to_utf8 keeps the octets of a run of words in one
 * charset together and converts the run: mailers cut multi-octet characters between words.
 */
#include "wire/words.h"

#include "wire/charset.h"
#include "wire/encoding.h"
#include "wire/lex.h"

enum {
    CHARSET_PART_MAX = 80, /* RFC 2047 2 says 75 for the whole word; text may be longer */
    WORD_MAX = 75,
    LINE_MAX_WORDS = 76,
};

/* "=?charset[*lang]?E?text?=" at the front. Bounded look-ahead but for the text, whose end is
 * looked for only up to the next blank or '?': so no octet is scanned twice for its sake. */
static bool take_encoded(str s, struct word *ret)
{
    size_t i = 2;
    while (i < s.n && i < CHARSET_PART_MAX && s.p[i] != '?' && s.p[i] > ' ' && s.p[i] < 127)
        i++;
    if (i == 2 || i + 3 >= s.n || s.p[i] != '?' || s.p[i + 2] != '?')
        return false;
    char encoding = char_upper(s.p[i + 1]);
    if (encoding != 'B' && encoding != 'Q')
        return false;
    struct word w = {.encoded = true, .encoding = encoding};
    if (!str_cut(str_slice(s, 2, i), '*', &w.charset, &w.language))
        w.language = str_slice(s, i, i);
    size_t start = i + 3, end = start;
    /* blanks are illegal in a word, and common in Q */
    while (end < s.n && s.p[end] != '?' && s.p[end] != '\n' && s.p[end] != '\r')
        end++;
    if (end + 1 >= s.n || s.p[end] != '?' || s.p[end + 1] != '=')
        return false;
    w.text = str_slice(s, start, end);
    w.raw = str_slice(s, 0, end + 2);
    *ret = w;
    return true;
}

bool words_next(str *rest, struct word *ret_word)
{
    str s = *rest;
    if (s.n == 0)
        return false;
    if (str_starts(s, S("=?")) && take_encoded(s, ret_word)) {
        s = str_from_at(s, ret_word->raw.n);
        struct word after;
        str next = lex_skip_blanks(s);
        /* RFC 2047 6.2: blanks between two encoded words are not shown */
        *rest = str_starts(next, S("=?")) && take_encoded(next, &after) ? next : s;
        return true;
    }
    size_t n = 1;
    struct word found;
    while (n < s.n && !(s.p[n] == '=' && str_starts(str_from_at(s, n), S("=?")) &&
                        take_encoded(str_from_at(s, n), &found)))
        n++;
    *ret_word = (struct word){.text = str_slice(s, 0, n), .raw = str_slice(s, 0, n)};
    *rest = str_from_at(s, n);
    return true;
}

void word_decode(struct buf *b, const struct word *word)
{
    str t = word->text;
    if (word->encoding == 'B') {
        struct base64_decoder d = {0};
        base64_decode_feed(&d, b, t);
        base64_decode_end(&d, b);
        return;
    }
    for (size_t i = 0; i < t.n; i++) {
        bool escape = t.p[i] == '=' && i + 2 < t.n && hex_digit(t.p[i + 1]) >= 0 &&
                      hex_digit(t.p[i + 2]) >= 0;
        if (escape) {
            buf_addc(b, (char)(hex_digit(t.p[i + 1]) << 4 | hex_digit(t.p[i + 2])));
            i += 2;
        } else {
            buf_addc(b, t.p[i] == '_' ? ' ' : t.p[i]);
        }
    }
}

/* A run of words in one charset: octets go out when the charset changes or plain text comes. */
struct run {
    str charset;
    struct buf octets;
};

static void run_flush(struct run *r, struct buf *b)
{
    if (!r->charset.p)
        return;
    err e = charset_to_utf8(b, r->charset, buf_str(&r->octets));
    if (failed(e)) /* unknown charset: what is readable stays so */
        utf8_repair(b, buf_str(&r->octets));
    buf_reset(&r->octets);
    r->charset = (str){0};
}

static void add_plain(struct buf *b, str s)
{
    while (s.n > 0) { /* line ends go, the rest is repaired */
        size_t n = 0;
        while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
            n++;
        utf8_repair(b, str_slice(s, 0, n));
        s = str_from_at(s, n < s.n ? n + 1 : n);
    }
}

void words_to_utf8(struct buf *b, str value)
{
    str rest = str_trim(value);
    struct run run = {0};
    buf_init(&run.octets, rest.n + 1); /* decoding never makes text longer */
    for (struct word w; words_next(&rest, &w);) {
        if (!w.encoded) {
            run_flush(&run, b);
            add_plain(b, w.text);
            continue;
        }
        if (run.charset.p && !str_ieq(run.charset, w.charset))
            run_flush(&run, b);
        run.charset = w.charset;
        word_decode(&run.octets, &w);
    }
    run_flush(&run, b);
    buf_done(&run.octets);
}

static bool is_q_plain(unsigned char c) /* RFC 2047 5 (3): safe in phrases too */
{
    return char_is_alpha((char)c) || char_is_digit((char)c) || c == '!' || c == '*' || c == '+' ||
           c == '-' || c == '/';
}

static size_t q_width(str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == ' ' || is_q_plain((unsigned char)s.p[i]) ? 1 : 3;
    return n;
}

static void q_write(struct buf *b, str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == ' ') {
            buf_addc(b, '_');
        } else if (is_q_plain(c)) {
            buf_addc(b, (char)c);
        } else {
            char out[3] = {'=', digits[c >> 4], digits[c & 15]};
            buf_add(b, str_of(out, sizeof out));
        }
    }
}

/* Whole characters from the front of s whose encoding fits `room`; at least one. */
static str fitting(str s, size_t room, char encoding)
{
    size_t n = 0, width = 0;
    while (n < s.n) {
        size_t len = utf8_length(str_from_at(s, n));
        len = len ? len : 1;
        size_t w =
            encoding == 'Q' ? width + q_width(str_slice(s, n, n + len)) : (n + len + 2) / 3 * 4;
        if (w > room && n > 0)
            break;
        width = w;
        n += len;
    }
    return str_slice(s, 0, n);
}

static bool needs_encoding(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~')
            return true;
    }
    return str_find_str(s, S("=?")) >= 0; /* else it would be decoded */
}

void words_encode(struct buf *b, str utf8, size_t column, str eol)
{
    if (!needs_encoding(utf8)) {
        buf_add(b, utf8);
        return;
    }
    auto_buf struct buf clean;
    buf_init(&clean, utf8.n * 3 + 1);
    utf8_repair(&clean, utf8);
    str s = buf_str(&clean);
    char encoding = q_width(s) <= (s.n + 2) / 3 * 4 ? 'Q' : 'B';
    const size_t frame = 12; /* "=?UTF-8?B?" and "?=" */
    for (bool first = true; s.n > 0; first = false) {
        size_t left = first && column < LINE_MAX_WORDS ? LINE_MAX_WORDS - column : WORD_MAX;
        size_t room = left < WORD_MAX ? left : WORD_MAX;
        if (!first || room < frame + 12) { /* 12: any one character in Q */
            buf_add(b, eol);
            buf_addc(b, ' ');
            room = WORD_MAX;
        }
        str piece = fitting(s, room - frame, encoding);
        buf_add(b, S("=?UTF-8?"));
        buf_addc(b, encoding);
        buf_addc(b, '?');
        if (encoding == 'Q')
            q_write(b, piece);
        else
            base64_encode(b, piece);
        buf_add(b, S("?="));
        s = str_from_at(s, piece.n);
    }
}
