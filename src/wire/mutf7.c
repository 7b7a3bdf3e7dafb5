/* SPDX-License-Identifier: ISC */
#include "wire/mutf7.h"

#include "wire/charset.h"

static const str digits = S("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,");

struct shift { /* the bits of a shifted stretch that are not yet a digit, or not yet a unit */
    uint32_t bits;
    unsigned held;
};

static void put_unit(struct buf *b, struct shift *s, uint32_t unit)
{
    s->bits = s->bits << 16 | unit;
    s->held += 16;
    while (s->held >= 6) {
        s->held -= 6;
        buf_addc(b, digits.p[s->bits >> s->held & 63]);
    }
    s->bits &= (1U << s->held) - 1;
}

static void put_code(struct buf *b, struct shift *s, uint32_t code)
{
    if (code < 0x10000) {
        put_unit(b, s, code);
        return;
    }
    code -= 0x10000;
    put_unit(b, s, 0xd800 | code >> 10);
    put_unit(b, s, 0xdc00 | (code & 0x3ff));
}

static void shift_out(struct buf *b, struct shift *s)
{
    if (s->held > 0)
        buf_addc(b, digits.p[s->bits << (6 - s->held) & 63]);
    *s = (struct shift){0};
    buf_addc(b, '-');
}

err mutf7_encode(struct buf *b, str utf8)
{
    if (!utf8_is_valid(utf8) || str_find(utf8, 0) >= 0)
        return err_new(ERR_SYNTAX, "mailbox name is not UTF-8");
    struct shift s = {0};
    bool shifted = false;
    while (utf8.n > 0) {
        uint32_t code = utf8_code(utf8);
        bool direct = code >= 0x20 && code <= 0x7e;
        if (direct && shifted)
            shift_out(b, &s);
        if (!direct && !shifted)
            buf_addc(b, '&');
        shifted = !direct;
        if (!direct)
            put_code(b, &s, code);
        else if (code == '&')
            buf_add(b, S("&-"));
        else
            buf_addc(b, (char)code);
        utf8 = str_from_at(utf8, utf8_length(utf8));
    }
    if (shifted)
        shift_out(b, &s);
    return buf_check(b, "mailbox name");
}

/* One UTF-16 unit; *high keeps the first half of a pair. False: no text, or not canonical. */
static bool take_unit(struct buf *b, uint32_t unit, uint32_t *high)
{
    bool is_high = unit >= 0xd800 && unit < 0xdc00;
    bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (unit == 0 || is_low != (*high != 0) || (unit >= 0x20 && unit <= 0x7e))
        return false;
    if (is_high) {
        *high = unit;
        return true;
    }
    utf8_write(b, is_low ? 0x10000 + ((*high & 0x3ff) << 10 | (unit & 0x3ff)) : unit);
    *high = 0;
    return true;
}

/* What stands between '&' and '-'. */
static err take_shifted(struct buf *b, str text)
{
    struct shift s = {0};
    uint32_t high = 0;
    for (size_t i = 0; i < text.n; i++) {
        ptrdiff_t v = str_find(digits, text.p[i]);
        if (v < 0)
            return err_new(ERR_SYNTAX, "mailbox name");
        s.bits = (s.bits << 6 | (uint32_t)v) & 0x3fffff;
        s.held += 6;
        if (s.held < 16)
            continue;
        s.held -= 16;
        if (!take_unit(b, s.bits >> s.held & 0xffff, &high))
            return err_new(ERR_SYNTAX, "mailbox name");
    }
    /* what is left is padding: fewer than 6 bits, all zero */
    if (high != 0 || s.held >= 6 || (s.bits & ((1U << s.held) - 1)) != 0)
        return err_new(ERR_SYNTAX, "mailbox name");
    return OK_ERR;
}

err mutf7_decode(struct buf *b, str name)
{
    bool after_shift = false;
    while (name.n > 0) {
        char c = name.p[0];
        if (c < 0x20 || c > 0x7e)
            return err_new(ERR_SYNTAX, "mailbox name");
        if (c != '&') {
            buf_addc(b, c);
            name = str_from_at(name, 1);
            after_shift = false;
            continue;
        }
        str text, rest;
        if (!str_cut(str_from_at(name, 1), '-', &text, &rest))
            return err_new(ERR_SYNTAX, "mailbox name without end of shift");
        if (text.n == 0) {
            buf_addc(b, '&');
        } else if (after_shift) { /* two stretches in a row are one: not canonical */
            return err_new(ERR_SYNTAX, "mailbox name");
        } else {
            err e = take_shifted(b, text);
            if (failed(e))
                return e;
        }
        after_shift = text.n > 0;
        name = rest;
    }
    return buf_check(b, "mailbox name");
}
