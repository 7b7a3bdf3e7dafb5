/* SPDX-License-Identifier: ISC */
/* How it works: the strict parser takes a Local-part, then a domain, off the front of the text
 * and looks at what is left; mailbox and path differ only in what may stand around. qmail's
 * view is one loop over octets with a "quoted" and an "escaped" flag.
 */
#include "wire/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "wire/charset.h"

static bool is_atext(char c, unsigned flags)
{
    if ((unsigned char)c >= 0x80)
        return flags & ADDRESS_UTF8;
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static err take_dot_string(str *in, unsigned flags, str *ret_local)
{
    size_t n = 0;
    bool after_dot = true; /* a dot may neither start, end, nor follow another */
    for (; n < in->n; n++) {
        bool dot = in->p[n] == '.';
        if (dot ? after_dot : !is_atext(in->p[n], flags))
            break;
        after_dot = dot;
    }
    if (n == 0 || after_dot)
        return err_new(ERR_SYNTAX, "local part");
    *ret_local = str_slice(*in, 0, n);
    *in = str_from_at(*in, n);
    return OK_ERR;
}

/* RFC 5321 4.1.2: what stands between the quotes, "\x" being x. */
static str unquote(struct arena *a, str s)
{
    if (str_find(s, '\\') < 0)
        return s;
    char *to = arena_alloc(a, s.n, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n)
            i++;
        to[n++] = s.p[i];
    }
    return str_of(to, n);
}

static err take_quoted(struct arena *a, str *in, unsigned flags, str *ret_local)
{
    size_t n = 1;
    for (; n < in->n && in->p[n] != '"'; n++) {
        if (in->p[n] == '\\' && n + 1 < in->n) {
            n++;
            if ((unsigned char)in->p[n] >= 0x80) /* a quoted-pair is ASCII */
                return err_new(ERR_SYNTAX, "quoted local part");
        }
        unsigned char c = (unsigned char)in->p[n];
        if (c < ' ' || c == 0x7f || (c >= 0x80 && !(flags & ADDRESS_UTF8)))
            return err_new(ERR_SYNTAX, "quoted local part");
    }
    if (n >= in->n)
        return err_new(ERR_SYNTAX, "quoted local part without end");
    *ret_local = unquote(a, str_slice(*in, 1, n));
    *in = str_from_at(*in, n + 1);
    return OK_ERR;
}

static size_t domain_end(str in)
{
    if (in.n > 0 && in.p[0] == '[') {
        ptrdiff_t close = str_find(in, ']');
        return close < 0 ? in.n : (size_t)close + 1;
    }
    size_t n = 0;
    while (n < in.n && !strchr(" \t<>,:;()@\"", in.p[n]))
        n++;
    return n;
}

static err take_domain(str *in, unsigned flags, str *ret_domain)
{
    size_t n = domain_end(*in);
    str d = str_slice(*in, 0, n);
    if (d.n > DOMAIN_MAX)
        return err_new(ERR_LIMIT, "domain too long");
    if (!domain_is_valid(d, flags) && !domain_is_literal(d))
        return err_new(ERR_SYNTAX, "domain");
    *ret_domain = d;
    *in = str_from_at(*in, n);
    return OK_ERR;
}

static err take_mailbox(struct arena *a, str *in, unsigned flags, struct address *ret)
{
    if (in->n > QMAIL_ENVELOPE_ADDRESS_MAX + (size_t)COMMAND_LINE_MAX * 8)
        return err_new(ERR_LIMIT, "address too long");
    str rest = *in;
    struct address got = {0};
    err e = rest.n > 0 && rest.p[0] == '"' ? take_quoted(a, &rest, flags, &got.local)
                                           : take_dot_string(&rest, flags, &got.local);
    if (failed(e))
        return e;
    if (str_skip(&rest, S("@"))) {
        e = take_domain(&rest, flags, &got.domain);
        if (failed(e))
            return e;
    } else if (!(flags & ADDRESS_POSTMASTER_OK) || !str_ieq(got.local, S("postmaster"))) {
        return err_new(ERR_SYNTAX, "address without a domain");
    }
    /* RFC 5321 4.5.3.1 promises 64 octets of local part; VERP and SRS senders use more, so
     * only qmail's limit on the whole is held. */
    if (got.local.n + got.domain.n + 1 > QMAIL_SMTP_ADDRESS_MAX)
        return err_new(ERR_LIMIT, "address too long");
    if (!utf8_is_valid(got.local))
        return err_new(ERR_SYNTAX, "local part is not UTF-8");
    *in = rest;
    *ret = got;
    return OK_ERR;
}

err address_parse_mailbox(struct arena *a, str in, unsigned flags, struct address *ret_address)
{
    struct address got;
    err e = take_mailbox(a, &in, flags, &got);
    if (failed(e))
        return e;
    if (in.n > 0)
        return err_new(ERR_SYNTAX, "text after the address");
    *ret_address = got;
    return OK_ERR;
}

/* RFC 5321 4.1.2 A-d-l and appendix F.2: "@a,@b:" is accepted and ignored. */
static err skip_route(str *in, unsigned flags)
{
    while (str_skip(in, S("@"))) {
        str dropped;
        err e = take_domain(in, flags, &dropped);
        if (failed(e))
            return e;
        if (str_skip(in, S(":")))
            return OK_ERR;
        if (!str_skip(in, S(",")))
            break;
    }
    return err_new(ERR_SYNTAX, "source route");
}

err address_parse_path(struct arena *a, str in, unsigned flags, struct address *ret_address,
                       str *ret_rest)
{
    if (!str_skip(&in, S("<")))
        return err_new(ERR_SYNTAX, "path without <");
    struct address got = {0};
    err e = OK_ERR;
    if ((flags & ADDRESS_NULL_OK) && str_starts(in, S(">"))) {
        got.local = str_slice(in, 0, 0);
    } else {
        if (str_starts(in, S("@")))
            e = skip_route(&in, flags);
        if (!failed(e))
            e = take_mailbox(a, &in, flags, &got);
    }
    if (failed(e))
        return e;
    if (!str_skip(&in, S(">")))
        return err_new(ERR_SYNTAX, "path without >");
    *ret_address = got;
    *ret_rest = in;
    return OK_ERR;
}

/* Where the address starts and which octet ends it, as qmail-smtpd looks for them. */
static bool qmail_start(str *in, char *ret_end)
{
    ptrdiff_t at = str_find(*in, '<');
    if (at >= 0) {
        *in = str_from_at(*in, (size_t)at + 1);
        *ret_end = '>';
        return true;
    }
    at = str_find(*in, ':');
    if (at < 0)
        return false;
    *in = str_from_at(*in, (size_t)at + 1);
    while (in->n > 0 && in->p[0] == ' ')
        *in = str_from_at(*in, 1);
    *ret_end = ' ';
    return true;
}

err address_parse_qmail(struct arena *a, str in, str *ret_address, str *ret_rest)
{
    char end;
    if (!qmail_start(&in, &end))
        return err_new(ERR_SYNTAX, "no address");
    if (str_starts(in, S("@"))) {
        ptrdiff_t colon = str_find(in, ':');
        in = str_from_at(in, colon < 0 ? in.n : (size_t)colon + 1);
    }
    char got[QMAIL_SMTP_ADDRESS_MAX];
    size_t n = 0, i = 0;
    bool quoted = false, escaped = false;
    for (; i < in.n; i++) {
        char c = in.p[i];
        if (!escaped) {
            if (c == end && !quoted)
                break;
            if (c == '\\' || c == '"') {
                escaped = c == '\\';
                quoted ^= c == '"';
                continue;
            }
        }
        escaped = false;
        if (n == sizeof got)
            return err_new(ERR_LIMIT, "address too long");
        got[n++] = c;
    }
    *ret_rest = str_from_at(in, i < in.n ? i + 1 : i);
    *ret_address = arena_copy(a, str_of(got, n));
    return OK_ERR;
}

struct address address_split(str s)
{
    ptrdiff_t at = str_rfind(s, '@');
    if (at < 0)
        return (struct address){.local = s};
    return (struct address){.local = str_slice(s, 0, (size_t)at),
                            .domain = str_from_at(s, (size_t)at + 1)};
}

str address_join(struct arena *a, const struct address *parts)
{
    if (!parts->domain.p)
        return arena_copy(a, parts->local);
    char *p = arena_alloc(a, parts->local.n + parts->domain.n + 2, 1);
    if (parts->local.n)
        memcpy(p, parts->local.p, parts->local.n);
    p[parts->local.n] = '@';
    if (parts->domain.n)
        memcpy(p + parts->local.n + 1, parts->domain.p, parts->domain.n);
    return str_of(p, parts->local.n + parts->domain.n + 1);
}

bool address_needs_quotes(str local)
{
    str rest = local, got;
    return failed(take_dot_string(&rest, ADDRESS_UTF8, &got)) || rest.n > 0;
}

void address_write(struct buf *b, const struct address *address)
{
    str local = address->local;
    /* an empty local part without a domain is the null sender, not "" */
    bool quote = address_needs_quotes(local) && (local.n > 0 || address->domain.p);
    if (quote)
        buf_addc(b, '"');
    for (size_t i = 0; i < local.n; i++) {
        char c = local.p[i];
        if (quote && (c == '"' || c == '\\'))
            buf_addc(b, '\\');
        buf_addc(b, c == '\n' || c == '\r' ? '_' : c);
    }
    if (quote)
        buf_addc(b, '"');
    if (!address->domain.p)
        return;
    buf_addc(b, '@');
    for (size_t i = 0; i < address->domain.n; i++) {
        char c = address->domain.p[i];
        buf_addc(b, c == '\n' || c == '\r' ? '_' : c);
    }
}

void address_write_str(struct buf *b, str address)
{
    struct address parts = address_split(address);
    address_write(b, &parts);
}

void address_write_path(struct buf *b, str address)
{
    buf_addc(b, '<');
    address_write_str(b, address);
    buf_addc(b, '>');
}

static bool label_is_valid(str label, unsigned flags)
{
    if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    bool ascii = true;
    for (size_t i = 0; i < label.n; i++) {
        char c = label.p[i];
        if ((unsigned char)c >= 0x80)
            ascii = false;
        else if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '_')
            return false;
    }
    /* a U-label's limit is on its A-label, which is dns/'s to make */
    return ascii ? label.n <= DOMAIN_LABEL_MAX : (flags & ADDRESS_UTF8) && utf8_is_valid(label);
}

bool domain_is_valid(str domain, unsigned flags)
{
    if (domain.n == 0 || domain.n > DOMAIN_MAX)
        return false;
    str label;
    bool more = true;
    while (more) {
        str rest;
        more = str_cut(domain, '.', &label, &rest);
        if (!label_is_valid(label, flags))
            return false;
        domain = rest;
    }
    return true;
}

bool domain_is_literal(str domain)
{
    if (domain.n < 3 || domain.n > DOMAIN_MAX || domain.p[0] != '[' ||
        domain.p[domain.n - 1] != ']')
        return false;
    unsigned char ip[16];
    if (domain_literal_ip(domain, ip))
        return true;
    str tag, text;
    if (!str_cut(str_slice(domain, 1, domain.n - 1), ':', &tag, &text) || text.n == 0 ||
        str_ieq(tag, S("IPv6")) || !label_is_valid(tag, 0))
        return false;
    for (size_t i = 0; i < text.n; i++) { /* RFC 5321 4.1.3: dcontent */
        char c = text.p[i];
        /* '@' is legal, but the house cuts addresses at the last one */
        if (c < 33 || c > 126 || c == '[' || c == '\\' || c == ']' || c == '@')
            return false;
    }
    return true;
}

size_t domain_literal_ip(str domain, unsigned char ret_ip[16])
{
    char text[INET6_ADDRSTRLEN];
    if (domain.n < 3 || domain.p[0] != '[' || domain.p[domain.n - 1] != ']')
        return 0;
    str inside = str_slice(domain, 1, domain.n - 1);
    bool six = str_iskip(&inside, S("IPv6:"));
    if (inside.n >= sizeof text || memchr(inside.p, 0, inside.n))
        return 0;
    memcpy(text, inside.p, inside.n);
    text[inside.n] = 0;
    unsigned char ip[16];
    if (inet_pton(six ? AF_INET6 : AF_INET, text, ip) != 1)
        return 0;
    size_t n = six ? 16 : 4;
    memcpy(ret_ip, ip, n);
    return n;
}
