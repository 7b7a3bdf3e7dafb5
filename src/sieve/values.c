/* SPDX-License-Identifier: ISC */
#include "sieve/values.h"

#include "sieve/sieve.h"
#include "wire/address.h"
#include "wire/charset.h"
#include "wire/encoding.h"
#include "wire/limits.h"

static size_t find(const char *const *names, size_t n, str name)
{
    size_t i = 0;
    while (i < n && !str_ieq(name, str_from(names[i])))
        i++;
    return i;
}

enum comparator comparator_find(str name)
{
    static const char *const names[] = {
        [CMP_ASCII] = "i;ascii-casemap",
        [CMP_OCTET] = "i;octet",
        [CMP_NUMERIC] = "i;ascii-numeric",
        [CMP_UNICODE] = "i;unicode-casemap",
    };
    return (enum comparator)find(names, CMP_UNKNOWN, name);
}

enum relation relation_find(str name)
{
    static const char *const names[] = {"gt", "ge", "lt", "le", "eq", "ne"};
    return (enum relation)find(names, REL_UNKNOWN, name);
}

bool is_address_header(str name)
{
    static const char *const names[] = {
        "from",
        "to",
        "cc",
        "bcc",
        "sender",
        "reply-to",
        "resent-from",
        "resent-to",
        "resent-cc",
        "resent-bcc",
        "resent-sender",
        "resent-reply-to",
        "delivered-to",
        "errors-to",
        "return-path",
        "x-original-to",
        "envelope-to",
        "disposition-notification-to",
        "apparently-to",
        "return-receipt-to",
        "x-envelope-to",
        "mail-followup-to",
        "mail-reply-to",
        "abuse-reports-to",
        "x-beenthere",
        "x-envelope-from",
        "original-recipient",
        "original-from",
    };
    size_t n = sizeof names / sizeof names[0];
    return find(names, n, name) < n;
}

bool is_protected_header(str name)
{
    return str_ieq(name, S("Received")) || str_ieq(name, S("Auto-Submitted"));
}

enum envelope_part envelope_part_find(str name)
{
    static const char *const names[] = {"from", "to", "auth"};
    return (enum envelope_part)find(names, ENVELOPE_UNKNOWN, name);
}

enum date_part date_part_find(str name)
{
    static const char *const names[] = {
        "year",   "month", "day",     "date",  "julian", "hour",    "minute",
        "second", "time",  "iso8601", "std11", "zone",   "weekday",
    };
    return (enum date_part)find(names, DATE_UNKNOWN, name);
}

bool zone_parse(str s, int *ret_minutes)
{
    if (s.n != 5 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    for (size_t i = 1; i < 5; i++)
        if (!char_is_digit(s.p[i]))
            return false;
    int hours = (s.p[1] - '0') * 10 + s.p[2] - '0', minutes = (s.p[3] - '0') * 10 + s.p[4] - '0';
    if (hours > 23 || minutes > 59)
        return false;
    *ret_minutes = (hours * 60 + minutes) * (s.p[0] == '-' ? -1 : 1);
    return true;
}

bool mailbox_is_valid(str name)
{
    enum { MAILBOX_NAME_MAX = 512 };
    if (!name.n || name.n > MAILBOX_NAME_MAX || !utf8_is_valid(name))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7f)
            return false;
    return true;
}

bool flag_is_valid(str name)
{
    static const char *const system[] = {"\\seen", "\\answered", "\\flagged", "\\deleted",
                                         "\\draft"};
    if (str_starts(name, S("\\")))
        return find(system, 5, name) < 5;
    if (!name.n || name.n > SIEVE_FLAG_BYTES)
        return false;
    for (size_t i = 0; i < name.n; i++) { /* RFC 3501 9: an atom */
        unsigned char c = (unsigned char)name.p[i];
        if (c <= 0x20 || c >= 0x7f || str_find(S("(){%*\"\\]"), name.p[i]) >= 0)
            return false;
    }
    return true;
}

bool address_is_valid(str s)
{
    auto_arena struct arena *a = arena_new("address", 1 << 16);
    struct address address;
    if (s.n > QMAIL_ENVELOPE_ADDRESS_MAX)
        return false;
    err e = address_parse_mailbox(a, s, ADDRESS_UTF8, &address);
    return !failed(e) && address.domain.n;
}

bool variable_name_parse(str s, bool *ret_global, str *ret_name)
{
    *ret_global = str_iskip(&s, S("global."));
    if (!s.n || s.n > SIEVE_VARIABLE_NAME_MAX || char_is_digit(s.p[0]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!char_is_alpha(s.p[i]) && !char_is_digit(s.p[i]) && s.p[i] != '_')
            return false;
    *ret_name = s;
    return true;
}

static bool percent_decode(struct arena *a, str in, str *ret)
{
    char *p = arena_alloc(a, in.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.n ? hex_digit(in.p[i + 1]) : -1;
            int low = i + 2 < in.n ? hex_digit(in.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0' || c == '\r')
            return false;
        p[n++] = c;
    }
    *ret = str_of(p, n);
    return true;
}

/* RFC 6068: mailto:a@b,c@d?subject=…&body=…; other header fields are left out (RFC 5436 2.7). */
bool mailto_parse(struct arena *a, str uri, str *ret_to, str *ret_subject, str *ret_body)
{
    str query, one, rest;
    if (!str_iskip(&uri, S("mailto:")))
        return false;
    (void)str_cut(uri, '?', &uri, &query);
    *ret_subject = *ret_body = S("");
    if (!percent_decode(a, uri, ret_to))
        return false;
    for (rest = *ret_to; rest.n;) {
        (void)str_cut(rest, ',', &one, &rest);
        if (!address_is_valid(str_trim(one)))
            return false;
    }
    while (query.n) {
        str name, value;
        (void)str_cut(query, '&', &one, &query);
        if (!str_cut(one, '=', &name, &value) || !percent_decode(a, value, &value))
            return false;
        if (str_ieq(name, S("subject")))
            *ret_subject = value;
        else if (str_ieq(name, S("body")))
            *ret_body = value;
        else if (str_ieq(name, S("to")) && !ret_to->n && address_is_valid(value))
            *ret_to = value;
    }
    return ret_to->n > 0;
}
