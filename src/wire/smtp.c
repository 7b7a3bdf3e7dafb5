/* SPDX-License-Identifier: ISC */
#include "wire/smtp.h"

#include <string.h>

#include "wire/address.h"
#include "wire/charset.h"

static const struct {
    str name;
    enum smtp_verb verb;
} verbs[] = {
    {S("MAIL"), SMTP_MAIL},          {S("RCPT"), SMTP_RCPT},
    {S("DATA"), SMTP_DATA},          {S("EHLO"), SMTP_EHLO},
    {S("HELO"), SMTP_HELO},          {S("QUIT"), SMTP_QUIT},
    {S("BDAT"), SMTP_BDAT},          {S("RSET"), SMTP_RSET},
    {S("AUTH"), SMTP_AUTH},          {S("STARTTLS"), SMTP_STARTTLS},
    {S("NOOP"), SMTP_NOOP},          {S("VRFY"), SMTP_VRFY},
    {S("EXPN"), SMTP_EXPN},          {S("HELP"), SMTP_HELP},
    {S("GET"), SMTP_HTTP},           {S("POST"), SMTP_HTTP},
    {S("PUT"), SMTP_HTTP},           {S("HEAD"), SMTP_HTTP},
    {S("OPTIONS"), SMTP_HTTP},       {S("CONNECT"), SMTP_HTTP},
    {S("DELETE"), SMTP_HTTP},        {S("PATCH"), SMTP_HTTP},
    {S("TRACE"), SMTP_HTTP},         {S("PRI"), SMTP_HTTP},
    {S("HOST:"), SMTP_HTTP},         {S("USER-AGENT:"), SMTP_HTTP},
    {S("CONTENT-TYPE:"), SMTP_HTTP}, {S("CONTENT-LENGTH:"), SMTP_HTTP},
};

str smtp_verb_name(enum smtp_verb v)
{
    if (v == SMTP_HTTP)
        return S("HTTP");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (verbs[i].verb == v)
            return verbs[i].name;
    return S("?");
}

static enum smtp_verb verb_of(str word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (str_ieq(word, verbs[i].name))
            return verbs[i].verb;
    return SMTP_UNKNOWN;
}

err smtp_parse_command(str line, bool bare_lf_ok, struct smtp_command *ret)
{
    if (line.n && line.p[line.n - 1] == '\n')
        line.n--;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    else if (!bare_lf_ok)
        return err_new(ERR_DENIED, "command line without CRLF");
    if (memchr(line.p, '\r', line.n) || memchr(line.p, '\n', line.n) || memchr(line.p, 0, line.n))
        return err_new(ERR_DENIED, "bare CR, LF or NUL in a command");
    str word = line, args = S("");
    for (size_t i = 0; i < line.n; i++) {
        if (!char_is_space(line.p[i]))
            continue;
        word = str_slice(line, 0, i);
        args = str_trim(str_from_at(line, i));
        break;
    }
    *ret = (struct smtp_command){.verb = verb_of(word), .word = word, .args = args};
    return OK_ERR;
}

/* ---- paths ---- */

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static err check_octets(str s, bool utf8)
{
    bool eight_bit = false;
    for (size_t i = 0; i < s.n; i++) {
        if (is_control(s.p[i]))
            return err_new(ERR_SYNTAX, "control character in an address");
        eight_bit |= (unsigned char)s.p[i] >= 0x80;
    }
    if (!eight_bit)
        return OK_ERR;
    if (!utf8)
        return err_new(ERR_DENIED, "non-ASCII address without SMTPUTF8");
    if (!utf8_is_valid(s))
        return err_new(ERR_SYNTAX, "address is not UTF-8");
    return OK_ERR;
}

/* `args` begins with "FROM:" or "TO:", however spaced. The octets are judged later, when the
 * parameters have said whether SMTPUTF8 is on. */
static err take_path(struct arena *a, str args, str keyword, str *ret_address, str *ret_params)
{
    if (!str_iskip(&args, keyword))
        return err_new(ERR_SYNTAX, "MAIL needs FROM, RCPT needs TO");
    args = str_trim(args);
    (void)str_skip(&args, S(":")); /* qmail needs no colon before a bracket */
    args = str_trim(args);
    if (str_starts(args, S("<"))) {
        err e = address_parse_qmail(a, args, ret_address, ret_params);
        if (failed(e))
            return e;
        if (ret_params->p == args.p || ret_params->p[-1] != '>')
            return err_new(ERR_SYNTAX, "path has no end");
        return OK_ERR;
    }
    /* Without brackets the address ends at a blank. A bracket further on must not become the
     * address: it would be one for us and another for the host before us. */
    str word = args;
    for (size_t i = 0; i < args.n; i++) {
        if (!char_is_space(args.p[i]))
            continue;
        word = str_slice(args, 0, i);
        break;
    }
    if (word.n == 0 || str_find(word, '<') >= 0 || str_find(word, '>') >= 0)
        return err_new(ERR_SYNTAX, "no address");
    str ignored;
    *ret_params = str_from_at(args, word.n);
    return address_parse_qmail(a, arena_printf(a, "<%.*s>", STR_ARG(word)), ret_address, &ignored);
}

/* ---- parameters ---- */

struct parameter {
    str name, value;
    bool has_value;
};

static bool is_keyword(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!char_is_alpha(s.p[i]) && !char_is_digit(s.p[i]) && (s.p[i] != '-' || i == 0))
            return false;
    return s.n > 0;
}

/* RFC 5321 4.1.2 esmtp-value; RFC 6531 3.3 adds UTF-8. */
static bool is_value(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (is_control(s.p[i]) || s.p[i] == '=')
            return false;
    return s.n > 0;
}

static err next_parameter(str *rest, struct parameter *ret, bool *ret_more)
{
    *rest = str_trim(*rest);
    *ret_more = rest->n > 0;
    if (!*ret_more)
        return OK_ERR;
    str word = *rest;
    for (size_t i = 0; i < rest->n; i++) {
        if (!char_is_space(rest->p[i]))
            continue;
        word = str_slice(*rest, 0, i);
        break;
    }
    *rest = str_from_at(*rest, word.n);
    struct parameter p = {0};
    p.has_value = str_cut(word, '=', &p.name, &p.value);
    if (!is_keyword(p.name) || (p.has_value && !is_value(p.value)))
        return err_new(ERR_SYNTAX, "malformed parameter");
    *ret = p;
    return OK_ERR;
}

typedef err take_parameter(struct arena *a, const struct parameter *p, void *into);

/* Each parameter once; how each is read is a row of a table. */
struct known {
    str name;
    bool wants_value;
    take_parameter *take;
};

static err take_parameters(struct arena *a, str rest, const struct known *known, size_t n,
                           void *into)
{
    unsigned seen = 0;
    for (size_t count = 0;; count++) {
        struct parameter p = {0};
        bool more;
        err e = next_parameter(&rest, &p, &more);
        if (failed(e) || !more)
            return e;
        size_t i = 0;
        while (i < n && !str_ieq(p.name, known[i].name))
            i++;
        if (i == n || count == SMTP_PARAMETERS_MAX)
            return err_new(ERR_NOTFOUND, "parameter not implemented");
        if (seen & 1u << i || p.has_value != known[i].wants_value)
            return err_new(ERR_SYNTAX, "parameter twice, or with or without a value");
        seen |= 1u << i;
        e = known[i].take(a, &p, into);
        if (failed(e))
            return e;
    }
}

static err take_size(struct arena *a, const struct parameter *p, void *into)
{
    (void)a; /* a number needs none */
    struct smtp_mail *m = into;
    m->has_size = true;
    if (p->value.n > 20 || !str_u64(p->value, &m->size)) /* RFC 1870 4: 20 digits */
        return err_new(ERR_SYNTAX, "SIZE is not a number");
    return OK_ERR;
}

static err take_body(struct arena *a, const struct parameter *p, void *into)
{
    (void)a; /* a flag needs none */
    struct smtp_mail *m = into;
    m->eight_bit = str_ieq(p->value, S("8BITMIME"));
    if (!m->eight_bit && !str_ieq(p->value, S("7BIT")))
        return err_new(ERR_NOTFOUND, "BODY of that kind");
    return OK_ERR;
}

static err take_smtputf8(struct arena *a, const struct parameter *p, void *into)
{
    (void)a, (void)p; /* its presence says all */
    ((struct smtp_mail *)into)->utf8 = true;
    return OK_ERR;
}

static err take_ret(struct arena *a, const struct parameter *p, void *into)
{
    (void)a; /* a choice needs none */
    return dsn_parse_ret(p->value, &((struct smtp_mail *)into)->ret);
}

static err take_envid(struct arena *a, const struct parameter *p, void *into)
{
    ((struct smtp_mail *)into)->envid = arena_copy(a, p->value);
    return dsn_check_envid(p->value);
}

static err take_auth(struct arena *a, const struct parameter *p, void *into)
{
    ((struct smtp_mail *)into)->auth = arena_copy(a, p->value);
    return p->value.n > 500 ? err_new(ERR_LIMIT, "AUTH= is too long") : OK_ERR; /* RFC 4954 3 */
}

static err take_notify(struct arena *a, const struct parameter *p, void *into)
{
    (void)a; /* a set of bits needs none */
    return dsn_parse_notify(p->value, &((struct smtp_rcpt *)into)->notify);
}

static err take_orcpt(struct arena *a, const struct parameter *p, void *into)
{
    str type, address;
    ((struct smtp_rcpt *)into)->orcpt = arena_copy(a, p->value);
    return dsn_parse_orcpt(a, p->value, &type, &address);
}

static const struct known mail_parameters[] = {
    {S("SIZE"), true, take_size},          {S("BODY"), true, take_body},
    {S("SMTPUTF8"), false, take_smtputf8}, {S("RET"), true, take_ret},
    {S("ENVID"), true, take_envid},        {S("AUTH"), true, take_auth},
};
static const struct known rcpt_parameters[] = {
    {S("NOTIFY"), true, take_notify},
    {S("ORCPT"), true, take_orcpt},
};

err smtp_parse_mail(struct arena *a, str args, struct smtp_mail *ret)
{
    struct smtp_mail m = {0};
    str params;
    err e = take_path(a, args, S("FROM"), &m.sender, &params);
    if (!failed(e) && params.n && !char_is_space(params.p[0]))
        return err_new(ERR_SYNTAX, "text after the path");
    if (!failed(e))
        e = take_parameters(a, params, mail_parameters,
                            sizeof mail_parameters / sizeof mail_parameters[0], &m);
    if (!failed(e))
        e = check_octets(m.sender, m.utf8);
    if (failed(e))
        return e;
    *ret = m;
    return OK_ERR;
}

err smtp_parse_rcpt(struct arena *a, str args, bool utf8, struct smtp_rcpt *ret)
{
    struct smtp_rcpt r = {0};
    str params;
    err e = take_path(a, args, S("TO"), &r.recipient, &params);
    if (!failed(e) && (r.recipient.n == 0 || (params.n && !char_is_space(params.p[0]))))
        return err_new(ERR_SYNTAX, "no recipient, or text after the path");
    if (!failed(e))
        e = take_parameters(a, params, rcpt_parameters,
                            sizeof rcpt_parameters / sizeof rcpt_parameters[0], &r);
    if (!failed(e))
        e = check_octets(r.recipient, utf8);
    if (failed(e))
        return e;
    *ret = r;
    return OK_ERR;
}

err smtp_parse_bdat(str args, struct smtp_bdat *ret)
{
    struct smtp_bdat b = {0};
    if (!str_take_u64(&args, &b.size))
        return err_new(ERR_SYNTAX, "BDAT needs a size");
    if (args.n && !char_is_space(args.p[0]))
        return err_new(ERR_SYNTAX, "BDAT size is not a number");
    args = str_trim(args);
    b.last = str_ieq(args, S("LAST"));
    if (args.n && !b.last)
        return err_new(ERR_SYNTAX, "BDAT takes a size and LAST");
    *ret = b;
    return OK_ERR;
}

err smtp_parse_auth(struct arena *a, str args, struct smtp_auth *ret)
{
    struct smtp_auth out = {0};
    str name = args;
    out.has_initial = str_cut(args, ' ', &name, &out.initial);
    out.initial = str_trim(out.initial);
    if (name.n == 0 || name.n > 20) /* RFC 4422 3.1 */
        return err_new(ERR_SYNTAX, "AUTH needs a mechanism");
    char *upper = arena_alloc(a, name.n, 1);
    for (size_t i = 0; i < name.n; i++) {
        char c = upper[i] = char_upper(name.p[i]);
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '_')
            return err_new(ERR_SYNTAX, "not a mechanism's name");
    }
    if (str_find(out.initial, ' ') >= 0 || (out.has_initial && out.initial.n == 0))
        return err_new(ERR_SYNTAX, "AUTH takes a mechanism and one response");
    out.mechanism = str_of(upper, name.n);
    *ret = out;
    return OK_ERR;
}

err smtp_check_helo(str args)
{
    if (args.n > SMTP_HELO_MAX)
        return err_new(ERR_LIMIT, "name is too long");
    for (size_t i = 0; i < args.n; i++)
        if (is_control(args.p[i]))
            return err_new(ERR_SYNTAX, "control character in a name");
    return OK_ERR;
}
