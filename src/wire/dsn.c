/* SPDX-License-Identifier: ISC */
/* The parameters of RFC 3461. Bounces are in dsn_bounce.c. */
#include "wire/dsn.h"

#include "wire/charset.h"
#include "wire/encoding.h"

err dsn_parse_ret(str value, enum dsn_ret *ret_ret)
{
    bool full = str_ieq(value, S("FULL"));
    if (!full && !str_ieq(value, S("HDRS")))
        return err_new(ERR_SYNTAX, "RET parameter");
    *ret_ret = full ? DSN_RET_FULL : DSN_RET_HDRS;
    return OK_ERR;
}

str dsn_ret_name(enum dsn_ret ret)
{
    return ret == DSN_RET_FULL ? S("FULL") : ret == DSN_RET_HDRS ? S("HDRS") : S("");
}

static const struct {
    str name;
    unsigned bit;
} notify_names[] = {{S("NEVER"), DSN_NOTIFY_NEVER},
                    {S("SUCCESS"), DSN_NOTIFY_SUCCESS},
                    {S("FAILURE"), DSN_NOTIFY_FAILURE},
                    {S("DELAY"), DSN_NOTIFY_DELAY}};
enum { NOTIFY_NAMES = sizeof notify_names / sizeof *notify_names };

err dsn_parse_notify(str value, unsigned *ret_notify)
{
    unsigned got = 0;
    for (bool more = true; more;) {
        str one;
        more = str_cut(value, ',', &one, &value);
        unsigned bit = 0;
        for (size_t i = 0; i < NOTIFY_NAMES; i++)
            bit |= str_ieq(one, notify_names[i].name) ? notify_names[i].bit : 0;
        if (bit == 0)
            return err_new(ERR_SYNTAX, "NOTIFY parameter");
        got |= bit;
    }
    if ((got & DSN_NOTIFY_NEVER) && got != DSN_NOTIFY_NEVER) /* RFC 3461 4.1: alone */
        return err_new(ERR_SYNTAX, "NOTIFY parameter");
    *ret_notify = got;
    return OK_ERR;
}

void dsn_write_notify(struct buf *b, unsigned notify)
{
    bool first = true;
    for (size_t i = 0; i < NOTIFY_NAMES; i++) {
        if (!(notify & notify_names[i].bit))
            continue;
        if (!first)
            buf_addc(b, ',');
        buf_add(b, notify_names[i].name);
        first = false;
    }
}

static bool is_xchar(char c) /* RFC 3461 4 */
{
    return c >= '!' && c <= '~' && c != '+' && c != '=';
}

void xtext_encode(struct buf *b, str in)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < in.n; i++) {
        unsigned char u = (unsigned char)in.p[i];
        if (is_xchar(in.p[i])) {
            buf_addc(b, in.p[i]);
            continue;
        }
        char out[3] = {'+', digits[u >> 4], digits[u & 15]};
        buf_add(b, str_of(out, sizeof out));
    }
}

static bool is_upper_hex(char c)
{
    return hex_digit(c) >= 0 && !(c >= 'a' && c <= 'f');
}

err xtext_decode(struct buf *b, str in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] != '+') {
            if (!is_xchar(in.p[i]))
                return err_new(ERR_SYNTAX, "xtext");
            buf_addc(b, in.p[i]);
            continue;
        }
        if (i + 2 >= in.n || !is_upper_hex(in.p[i + 1]) || !is_upper_hex(in.p[i + 2]))
            return err_new(ERR_SYNTAX, "xtext");
        buf_addc(b, (char)(hex_digit(in.p[i + 1]) << 4 | hex_digit(in.p[i + 2])));
        i += 2;
    }
    return buf_check(b, "xtext");
}

err dsn_check_envid(str value)
{
    if (value.n > DSN_ENVID_MAX)
        return err_new(ERR_LIMIT, "ENVID parameter");
    auto_buf struct buf b;
    buf_init(&b, DSN_ENVID_MAX);
    err e = xtext_decode(&b, value);
    if (failed(e))
        return e;
    /* RFC 3461 4.4: printable; so that it cannot break the report's fields */
    str s = buf_str(&b);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~')
            return err_new(ERR_SYNTAX, "ENVID parameter");
    }
    return value.n ? OK_ERR : err_new(ERR_SYNTAX, "ENVID parameter");
}

/* RFC 6533 3: "\x{41}" escapes, or plain UTF-8, or xtext's "+41". */
static err utf8_address(struct buf *b, str s)
{
    while (s.n > 0) {
        size_t n = utf8_length(s);
        if (n == 0)
            return err_new(ERR_SYNTAX, "ORCPT parameter");
        str digits, after;
        str in = s;
        if (!str_skip(&in, S("\\x{"))) {
            bool plus = s.p[0] == '+';
            if (plus && (s.n < 3 || !is_upper_hex(s.p[1]) || !is_upper_hex(s.p[2])))
                return err_new(ERR_SYNTAX, "ORCPT parameter");
            if (plus)
                buf_addc(b, (char)(hex_digit(s.p[1]) << 4 | hex_digit(s.p[2])));
            else
                buf_add(b, str_slice(s, 0, n));
            s = str_from_at(s, plus ? 3 : n);
            continue;
        }
        uint32_t code = 0;
        if (!str_cut(in, '}', &digits, &after) || digits.n < 2 || digits.n > 6)
            return err_new(ERR_SYNTAX, "ORCPT parameter");
        for (size_t i = 0; i < digits.n; i++) {
            if (!is_upper_hex(digits.p[i]))
                return err_new(ERR_SYNTAX, "ORCPT parameter");
            code = code << 4 | (uint32_t)hex_digit(digits.p[i]);
        }
        utf8_write(b, code);
        s = after;
    }
    return buf_check(b, "ORCPT parameter");
}

err dsn_parse_orcpt(struct arena *a, str value, str *ret_type, str *ret_address)
{
    str type, text;
    if (value.n > DSN_ORCPT_MAX)
        return err_new(ERR_LIMIT, "ORCPT parameter");
    if (!str_cut(value, ';', &type, &text) || type.n == 0 || text.n == 0)
        return err_new(ERR_SYNTAX, "ORCPT parameter");
    for (size_t i = 0; i < type.n; i++) {
        char c = type.p[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '-')
            return err_new(ERR_SYNTAX, "ORCPT parameter");
    }
    auto_buf struct buf b;
    buf_init(&b, DSN_ORCPT_MAX);
    err e = str_ieq(type, S("utf-8")) ? utf8_address(&b, text) : xtext_decode(&b, text);
    if (failed(e))
        return e;
    str got = buf_str(&b);
    if (str_ieq(type, S("utf-8")) && !utf8_is_valid(got))
        return err_new(ERR_SYNTAX, "ORCPT parameter");
    for (size_t i = 0; i < got.n; i++) {
        unsigned char c = (unsigned char)got.p[i];
        if (c < ' ' || c == 0x7f) /* decoded into a report's field later */
            return err_new(ERR_SYNTAX, "ORCPT parameter");
    }
    *ret_type = type;
    *ret_address = arena_copy(a, got);
    return OK_ERR;
}

void dsn_write_orcpt(struct buf *b, str type, str address)
{
    buf_add(b, type);
    buf_addc(b, ';');
    if (!str_ieq(type, S("utf-8"))) {
        xtext_encode(b, address);
        return;
    }
    while (address.n > 0) { /* 7-bit, so that it passes servers without SMTPUTF8 */
        size_t n = utf8_length(address);
        char c = address.p[0];
        if (n == 1 && is_xchar(c) && c != '\\')
            buf_addc(b, c);
        else
            buf_addf(b, "\\x{%02X}", (unsigned)utf8_code(address));
        address = str_from_at(address, n ? n : 1);
    }
}
