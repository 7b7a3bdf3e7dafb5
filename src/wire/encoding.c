/* SPDX-License-Identifier: ISC */
/* How it works: base64 gathers bits in a small register; the streaming coders keep that register
 * between pieces. The quoted-printable decoder is a state machine per octet that holds blanks
 * back until it knows whether a line end follows; the encoder does the same with one blank.
 */
#include "wire/encoding.h"

#include <string.h>

static const char base64_digits[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
    'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'};

static const char hex_upper[] = "0123456789ABCDEF";
static const char hex_lower[] = "0123456789abcdef";

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void put_group(struct buf *b, uint32_t bits, unsigned octets)
{
    char out[4];
    for (unsigned i = 0; i < 4; i++)
        out[i] = i <= octets ? base64_digits[bits >> (18 - 6 * i) & 63] : '=';
    buf_add(b, str_of(out, sizeof out));
}

void base64_encode(struct buf *b, str in)
{
    while (in.n > 0) {
        uint32_t bits = 0;
        unsigned n = in.n < 3 ? (unsigned)in.n : 3;
        for (unsigned i = 0; i < n; i++)
            bits |= (uint32_t)(unsigned char)in.p[i] << (16 - 8 * i);
        put_group(b, bits, n);
        in = str_from_at(in, n);
    }
}

err base64_decode(struct buf *b, str in)
{
    if (in.n % 4 != 0)
        return err_new(ERR_SYNTAX, "base64");
    size_t pads = str_ends(in, S("==")) ? 2 : str_ends(in, S("=")) ? 1 : 0;
    str data = str_slice(in, 0, in.n - pads);
    uint32_t bits = 0;
    for (size_t i = 0; i < data.n; i++) {
        int v = base64_value(data.p[i]);
        if (v < 0)
            return err_new(ERR_SYNTAX, "base64");
        bits = bits << 6 | (uint32_t)v;
        /* RFC 4648 3.5: bits that carry nothing must be zero */
        bool last = i + 1 == data.n;
        if (last && pads > 0 && (bits & (pads == 2 ? 15 : 3)) != 0)
            return err_new(ERR_SYNTAX, "base64 with stray bits");
    }
    struct base64_decoder d = {0};
    base64_decode_feed(&d, b, data);
    base64_decode_end(&d, b);
    return buf_check(b, "base64");
}

static void end_group(struct base64_encoder *e, struct buf *b, str eol)
{
    put_group(b, e->bits << (8 * (3 - e->held)), e->held);
    e->bits = e->held = 0;
    e->column += 4;
    if (e->column == 76) {
        buf_add(b, eol);
        e->column = 0;
    }
}

void base64_encode_feed(struct base64_encoder *e, struct buf *b, str in, str eol)
{
    for (size_t i = 0; i < in.n; i++) {
        e->bits = e->bits << 8 | (unsigned char)in.p[i];
        if (++e->held == 3)
            end_group(e, b, eol);
    }
}

void base64_encode_end(struct base64_encoder *e, struct buf *b, str eol)
{
    if (e->held > 0)
        end_group(e, b, eol);
    if (e->column > 0)
        buf_add(b, eol);
    *e = (struct base64_encoder){0};
}

/* The whole octets of a group that was cut after 2 or 3 digits. */
void base64_decode_end(struct base64_decoder *d, struct buf *b)
{
    if (d->held >= 2)
        buf_addc(b, (char)(d->bits >> (6 * d->held - 8) & 255));
    if (d->held == 3)
        buf_addc(b, (char)(d->bits >> 2 & 255));
    *d = (struct base64_decoder){0};
}

void base64_decode_feed(struct base64_decoder *d, struct buf *b, str in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == '=') { /* bodies glued together by list software: go on after it */
            base64_decode_end(d, b);
            continue;
        }
        int v = base64_value(in.p[i]);
        if (v < 0)
            continue;
        d->bits = d->bits << 6 | (uint32_t)v;
        if (++d->held < 4)
            continue;
        char out[3] = {(char)(d->bits >> 16 & 255), (char)(d->bits >> 8 & 255),
                       (char)(d->bits & 255)};
        buf_add(b, str_of(out, sizeof out));
        *d = (struct base64_decoder){0};
    }
}

/* ---- quoted-printable ---- */

/* A unit of w columns; RFC 2045 6.7 (5): at most 76 with the '=' of a soft break. */
static void qp_put(struct qp_encoder *e, struct buf *b, char c, bool escape, str eol)
{
    unsigned w = escape ? 3 : 1;
    if (e->column + w > 75) {
        buf_addc(b, '=');
        buf_add(b, eol);
        e->column = 0;
    }
    e->column += w;
    if (!escape) {
        buf_addc(b, c);
        return;
    }
    unsigned char u = (unsigned char)c;
    char out[3] = {'=', hex_upper[u >> 4], hex_upper[u & 15]};
    buf_add(b, str_of(out, sizeof out));
}

static void qp_hard_break(struct qp_encoder *e, struct buf *b, str eol)
{
    if (e->blank)
        qp_put(e, b, e->blank, true, eol); /* rule (3): a blank at a line end is escaped */
    e->blank = 0;
    buf_add(b, eol);
    e->column = 0;
}

static void qp_plain(struct qp_encoder *e, struct buf *b, char c, str eol)
{
    if (e->blank)
        qp_put(e, b, e->blank, false, eol);
    e->blank = 0;
    if (char_is_space(c)) {
        e->blank = c;
        return;
    }
    unsigned char u = (unsigned char)c;
    bool escape = u < ' ' || u > '~' || c == '=';
    /* "From " and a lone dot at a line start are mangled on the way by mbox and SMTP software */
    escape |= e->column == 0 && (c == 'F' || c == '.');
    qp_put(e, b, c, escape, eol);
}

void qp_encode_feed(struct qp_encoder *e, struct buf *b, str in, enum qp_mode mode, str eol)
{
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (mode == QP_BINARY) {
            qp_plain(e, b, c, eol);
            continue;
        }
        if (c == '\n') {
            e->cr = false;
            qp_hard_break(e, b, eol);
            continue;
        }
        if (e->cr)
            qp_plain(e, b, '\r', eol);
        e->cr = c == '\r';
        if (!e->cr)
            qp_plain(e, b, c, eol);
    }
}

void qp_encode_end(struct qp_encoder *e, struct buf *b, str eol)
{
    if (e->cr)
        qp_plain(e, b, '\r', eol);
    if (e->blank)
        qp_put(e, b, e->blank, true, eol);
    *e = (struct qp_encoder){0};
}

static void qp_flush_blanks(struct qp_decoder *d, struct buf *b)
{
    buf_add(b, str_of(d->held, d->blanks));
    d->blanks = 0;
}

/* An octet of plain text, or the start of an escape. */
static void qp_text(struct qp_decoder *d, struct buf *b, char c)
{
    d->state = QP_PLAIN;
    if (char_is_space(c)) {
        if (d->blanks == QP_BLANKS_MAX)
            qp_flush_blanks(d, b);
        d->held[d->blanks++] = c;
        return;
    }
    if (c == '\n' || c == '\r')
        d->blanks = 0; /* RFC 2045 6.7 (3): added in transport */
    qp_flush_blanks(d, b);
    if (c == '=')
        d->state = QP_EQUAL;
    else
        buf_addc(b, c);
}

static void qp_step(struct qp_decoder *d, struct buf *b, char c)
{
    switch (d->state) {
    case QP_PLAIN:
        qp_text(d, b, c);
        return;
    case QP_EQUAL:
        if (hex_digit(c) >= 0) {
            d->first = c;
            d->state = QP_HEX;
        } else if (c == '\n') {
            d->state = QP_PLAIN;
        } else if (c == '\r') {
            d->state = QP_SOFT_CR;
        } else if (char_is_space(c)) {
            d->state = QP_SOFT; /* blanks between '=' and the line end */
        } else {
            buf_addc(b, '=');
            qp_text(d, b, c);
        }
        return;
    case QP_HEX:
        if (hex_digit(c) >= 0) {
            buf_addc(b, (char)(hex_digit(d->first) << 4 | hex_digit(c)));
            d->state = QP_PLAIN;
        } else {
            buf_addc(b, '=');
            buf_addc(b, d->first);
            qp_text(d, b, c);
        }
        return;
    case QP_SOFT:
        if (c == '\n')
            d->state = QP_PLAIN;
        else if (c == '\r')
            d->state = QP_SOFT_CR;
        else if (!char_is_space(c))
            qp_text(d, b, c);
        return;
    case QP_SOFT_CR:
        d->state = QP_PLAIN;
        if (c != '\n')
            qp_text(d, b, c);
        return;
    }
}

void qp_decode_feed(struct qp_decoder *d, struct buf *b, str in)
{
    for (size_t i = 0; i < in.n; i++)
        qp_step(d, b, in.p[i]);
}

void qp_decode_end(struct qp_decoder *d, struct buf *b)
{
    if (d->state == QP_HEX) {
        buf_addc(b, '=');
        buf_addc(b, d->first);
    }
    *d = (struct qp_decoder){0}; /* blanks and a soft break at the end are dropped */
}

/* ---- hex ---- */

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void hex_encode(struct buf *b, str in)
{
    for (size_t i = 0; i < in.n; i++) {
        unsigned char u = (unsigned char)in.p[i];
        buf_addc(b, hex_lower[u >> 4]);
        buf_addc(b, hex_lower[u & 15]);
    }
}

err hex_decode(struct buf *b, str in)
{
    if (in.n % 2 != 0)
        return err_new(ERR_SYNTAX, "hex");
    for (size_t i = 0; i < in.n; i++) {
        if (hex_digit(in.p[i]) < 0)
            return err_new(ERR_SYNTAX, "hex");
    }
    for (size_t i = 0; i < in.n; i += 2)
        buf_addc(b, (char)(hex_digit(in.p[i]) << 4 | hex_digit(in.p[i + 1])));
    return buf_check(b, "hex");
}
