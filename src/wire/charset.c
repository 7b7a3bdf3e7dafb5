/* SPDX-License-Identifier: ISC */
/* How it works: charsets are looked up by name in a small cache of open converters, since
 * opening one costs a file and a message may hold thousands of encoded words. The cache is
 * process-wide, as the tables themselves are; its entries stay open.
 */
#include "wire/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

enum { CHARSET_NAME_MAX = 40, CONVERTERS_MAX = 48, PIECE = 1024 };
static const uint32_t REPLACEMENT = 0xfffd;

size_t ascii_length(str s)
{
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t x;
        memcpy(&x, s.p + i, 8);
        if (x & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < s.n && (unsigned char)s.p[i] < 0x80)
        i++;
    return i;
}

bool ascii_is_all(str s)
{
    return ascii_length(s) == s.n;
}

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t utf8_length(str s)
{
    if (s.n == 0)
        return 0;
    unsigned char c = (unsigned char)s.p[0];
    if (c < 0x80)
        return 1;
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || s.n < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (!is_tail(s.p[i]))
            return 0;
    }
    unsigned char d = (unsigned char)s.p[1];
    bool bad = (c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
               (c == 0xf4 && d > 0x8f); /* overlong, surrogate, past U+10FFFF */
    return bad ? 0 : n;
}

uint32_t utf8_code(str s)
{
    static const unsigned char lead[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t n = utf8_length(s);
    if (n == 0)
        return REPLACEMENT;
    uint32_t code = (unsigned char)s.p[0] & lead[n];
    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)s.p[i] & 0x3f);
    return code;
}

void utf8_write(struct buf *b, uint32_t code)
{
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        code = REPLACEMENT;
    char c[4];
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        c[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    c[0] = (char)(lead[n] | code);
    buf_add(b, str_of(c, n));
}

/* Octets of well-formed characters at the front. */
static size_t good_length(str s)
{
    size_t i = 0;
    while (i < s.n) {
        unsigned char c = (unsigned char)s.p[i];
        if (c > 0xe0 && c < 0xed && i + 3 <= s.n && is_tail(s.p[i + 1]) && is_tail(s.p[i + 2])) {
            i += 3; /* kana, kanji: no surrogates or overlong forms among them */
            continue;
        }
        size_t n = c < 0x80 ? ascii_length(str_of(s.p + i, s.n - i))
                            : utf8_length(str_of(s.p + i, s.n - i));
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

bool utf8_is_valid(str s)
{
    return good_length(s) == s.n;
}

void utf8_repair(struct buf *b, str s)
{
    while (s.n > 0) {
        size_t good = good_length(s);
        buf_add(b, str_slice(s, 0, good));
        s = str_from_at(s, good);
        if (s.n == 0)
            break;
        utf8_write(b, REPLACEMENT);
        size_t bad = 1;
        while (bad < s.n && is_tail(s.p[bad])) /* one mark for one broken character */
            bad++;
        s = str_from_at(s, bad);
    }
}

/* 0x80 to 0x9f of windows-1252; 0 where it has nothing. */
static const uint16_t cp1252[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                    0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

uint32_t charset_windows1252(unsigned char c)
{
    if (c < 0x80 || c >= 0xa0)
        return c;
    return cp1252[c - 0x80] ? cp1252[c - 0x80] : REPLACEMENT;
}

static void from_latin1(struct buf *b, str in)
{
    /* WHATWG: what calls itself Latin-1 and has C1 octets is windows-1252 */
    for (size_t i = 0; i < in.n; i++)
        utf8_write(b, charset_windows1252((unsigned char)in.p[i]));
}

static const struct alias {
    str name;
    const char *system; /* for iconv; NULL: UTF-8; "": Latin-1 */
} aliases[] = {
    {S("utf-8"), NULL},
    {S("utf8"), NULL},
    {S("us-ascii"), NULL},
    {S("ascii"), NULL},
    {S("ansi_x3.4-1968"), NULL},
    {S("unknown-8bit"), NULL},
    {S("iso-8859-1"), ""},
    {S("latin1"), ""},
    {S("windows-1252"), ""},
    {S("cp1252"), ""},
    /* Supersets that the mail in truth uses. */
    {S("shift_jis"), "CP932"},
    {S("sjis"), "CP932"},
    {S("x-sjis"), "CP932"},
    {S("windows-31j"), "CP932"},
    {S("cp932"), "CP932"},
    {S("ms_kanji"), "CP932"},
    {S("euc-jp"), "EUC-JP-MS"},
    {S("x-euc-jp"), "EUC-JP-MS"},
    {S("gb2312"), "GB18030"},
    {S("gbk"), "GB18030"},
    {S("x-gbk"), "GB18030"},
    {S("ks_c_5601-1987"), "CP949"},
    {S("euc-kr"), "CP949"},
    {S("big5"), "BIG5-HKSCS"},
    {S("unicode-1-1-utf-7"), "UTF-7"},
};

static struct converter {
    char name[CHARSET_NAME_MAX + 1];
    iconv_t cd;
} converters[CONVERTERS_MAX];
static size_t converter_count;

/* Only names that iconv cannot take for options ("//TRANSLIT") or paths. */
static bool is_charset_name(str s)
{
    if (s.n == 0 || s.n > CHARSET_NAME_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '_' && c != '.' &&
            c != ':' && c != '+')
            return false;
    }
    return true;
}

static struct converter *find_converter(const char *name)
{
    for (size_t i = 0; i < converter_count; i++) {
        if (str_ieq(str_from(converters[i].name), str_from(name)))
            return &converters[i];
    }
    if (converter_count == CONVERTERS_MAX)
        return NULL; /* a stranger cannot make us open every table there is */
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1) /* NOLINT: the library's own sentinel */
        return NULL;
    struct converter *c = &converters[converter_count++];
    memcpy(c->name, name, strlen(name) + 1);
    c->cd = cd;
    return c;
}

static void convert(struct converter *conv, struct buf *b, str in)
{
    char out[PIECE];
    /* iconv does not write to its input; its prototype predates const */
    union {
        const char *in;
        char *out;
    } from = {in.p};
    size_t left = in.n;
    (void)iconv(conv->cd, NULL, NULL, NULL, NULL); /* back to the initial shift state */
    while (left > 0) {
        char *to = out;
        size_t room = sizeof out;
        size_t r = iconv(conv->cd, &from.out, &left, &to, &room);
        int why = r == (size_t)-1 ? errno : 0;
        buf_add(b, str_of(out, sizeof out - room));
        if (why == EILSEQ || why == EINVAL) {
            utf8_write(b, REPLACEMENT);
            from.out++;
            left--;
        } else if (why != 0 && why != E2BIG) {
            return;
        }
    }
    char *to = out;
    size_t room = sizeof out;
    (void)iconv(conv->cd, NULL, NULL, &to, &room); /* what a stateful charset still holds */
    buf_add(b, str_of(out, sizeof out - room));
}

static bool is_graphic(str s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i >= s.n || s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    }
    return true;
}

/* ISO-2022-JP as EUC-JP: Japanese mailers put the vendors' characters (circled digits, kabu in
 * parentheses, half-width kana) under its escapes, and EUC-JP-MS is the table that has them. */
static void unshift_jp(struct buf *b, str in)
{
    enum { ASCII, KANA, KANJI, KANJI2 } set = ASCII;
    static const struct {
        str escape;
        int set;
    } escapes[] = {
        {S("\x1b(B"), ASCII}, {S("\x1b(J"), ASCII},  {S("\x1b(I"), KANA},    {S("\x1b$@"), KANJI},
        {S("\x1b$B"), KANJI}, {S("\x1b$(B"), KANJI}, {S("\x1b$(D"), KANJI2}, {S("\x1b&@"), KANJI},
    };
    while (in.n > 0) {
        bool escaped = false;
        for (size_t i = 0; i < sizeof escapes / sizeof *escapes && !escaped; i++) {
            escaped = str_skip(&in, escapes[i].escape);
            set = escaped ? (typeof(set))escapes[i].set : set;
        }
        if (escaped)
            continue;
        if (in.p[0] == '\n' || in.p[0] == '\r')
            set = ASCII; /* RFC 1468: a line starts in ASCII, even if the last forgot to end so */
        size_t n = set == KANJI || set == KANJI2 ? 2 : 1;
        bool in_set = set != ASCII && is_graphic(in, n);
        if (in_set && set != KANJI)
            buf_addc(b, (char)(set == KANA ? 0x8e : 0x8f));
        n = in_set ? n : 1;
        for (size_t i = 0; i < n; i++)
            buf_addc(b, (char)(in_set ? in.p[i] | 0x80 : in.p[i]));
        in = str_from_at(in, n);
    }
}

static err from_iso2022jp(struct buf *b, str in)
{
    struct converter *c = find_converter("EUC-JP-MS");
    if (!c)
        return err_new(ERR_NOTFOUND, "charset");
    auto_buf struct buf euc;
    buf_init(&euc, in.n * 3);
    unshift_jp(&euc, in);
    convert(c, b, buf_str(&euc));
    return OK_ERR;
}

err charset_to_utf8(struct buf *b, str charset, str in)
{
    if (!is_charset_name(charset))
        return err_new(ERR_NOTFOUND, "charset");
    char name[CHARSET_NAME_MAX + 1];
    memcpy(name, charset.p, charset.n);
    name[charset.n] = 0;
    const char *system = name;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (str_ieq(aliases[i].name, charset))
            system = aliases[i].system;
    }
    if (!system) {
        utf8_repair(b, in);
        return OK_ERR;
    }
    if (!*system) {
        from_latin1(b, in);
        return OK_ERR;
    }
    if (str_istarts(charset, S("iso-2022-jp")))
        return from_iso2022jp(b, in);
    struct converter *c = find_converter(system);
    if (!c)
        return err_new(ERR_NOTFOUND, "charset");
    convert(c, b, in);
    return OK_ERR;
}

/* ---- guessing ---- */

static bool between(char c, unsigned from, unsigned to)
{
    return (unsigned char)c >= from && (unsigned char)c <= to;
}

/* Octets of the character of that charset at the front of s; 0: none. */
static size_t euc_length(str s)
{
    if ((unsigned char)s.p[0] < 0x80)
        return 1;
    size_t n = (unsigned char)s.p[0] == 0x8f ? 3 : 2;
    bool lead = between(s.p[0], 0xa1, 0xfe) || between(s.p[0], 0x8e, 0x8f);
    for (size_t i = 1; i < n && lead; i++)
        lead = i < s.n && between(s.p[i], 0xa1, 0xfe);
    return lead ? n : 0;
}

static size_t sjis_length(str s)
{
    if ((unsigned char)s.p[0] < 0x80 || between(s.p[0], 0xa1, 0xdf))
        return 1;
    bool lead = between(s.p[0], 0x81, 0x9f) || between(s.p[0], 0xe0, 0xfc);
    bool tail = s.n > 1 && s.p[1] != 0x7f && between(s.p[1], 0x40, 0xfc);
    return lead && tail ? 2 : 0;
}

/* "naive" with an i diaeresis in Latin-1 is good Shift_JIS too: kana, or pairs of high octets, make
 * at least half of what is not ASCII in true Japanese. */
static bool is_like_sjis(str s)
{
    size_t pairs = 0, others = 0;
    while (s.n > 0) {
        size_t n = sjis_length(s);
        bool kana = n == 2 && between(s.p[0], 0x82, 0x83);
        if (kana || (n == 2 && (unsigned char)s.p[1] >= 0x80))
            pairs++;
        else if ((unsigned char)s.p[0] >= 0x80)
            others++;
        s = str_from_at(s, n ? n : 1);
    }
    return pairs >= others;
}

/* UTF-8 that somebody has damaged: more good characters than bad octets. */
static bool is_like_utf8(str s)
{
    size_t good = 0, bad = 0;
    while (s.n > 0) {
        size_t n = utf8_length(s);
        good += n > 1;
        bad += n == 0;
        s = str_from_at(s, n ? n : 1);
    }
    return good > bad;
}

/* A character that the look's end cuts is no mistake. */
static bool is_all(str s, bool cut, size_t (*length)(str s))
{
    while (s.n > 0) {
        size_t n = length(s);
        if (n == 0)
            return cut && s.n < 4;
        s = str_from_at(s, n);
    }
    return true;
}

str charset_guess(str s)
{
    bool cut = s.n > CHARSET_GUESS_MAX;
    s = str_slice(s, 0, CHARSET_GUESS_MAX);
    if (ascii_is_all(s))
        return str_find(s, '\x1b') >= 0 &&
                       (str_find_str(s, S("\x1b$")) >= 0 || str_find_str(s, S("\x1b(I")) >= 0)
                   ? S("iso-2022-jp")
                   : S("utf-8");
    size_t good = good_length(s);
    if (good == s.n || (cut && s.n - good < 4))
        return S("utf-8");
    if (is_all(s, cut, euc_length))
        return S("euc-jp");
    if (is_all(s, cut, sjis_length) && is_like_sjis(s))
        return S("shift_jis");
    return is_like_utf8(s) ? S("utf-8") : S("windows-1252");
}

size_t charset_warm(void)
{
    static const char *const common[] = {
        "CP932",      "EUC-JP-MS",   "GB18030",      "CP949",        "BIG5-HKSCS", "ISO-2022-KR",
        "ISO-8859-2", "ISO-8859-15", "WINDOWS-1250", "WINDOWS-1251", "KOI8-R",
    };
    size_t found = 0;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        found += find_converter(common[i]) != NULL;
    return found;
}
