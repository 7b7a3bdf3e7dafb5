/* SPDX-License-Identifier: ISC */
#include "people/card.h"

#include "wire/charset.h"

static const char *const key_names[CARD_KEYS] = {
    [CARD_CLASS] = "class",
    [CARD_LOGIN] = "login",
    [CARD_STATE] = "state",
    [CARD_UID] = "uid",
    [CARD_NAME_JA] = "name_ja",
    [CARD_NAME_EN] = "name_en",
    [CARD_PHONE] = "phone",
    [CARD_FAX] = "fax",
    [CARD_AFFILIATION] = "affiliation",
    [CARD_ADDRESS] = "address",
    [CARD_GUARANTOR] = "guarantor",
    [CARD_EMAIL] = "email",
    [CARD_CATEGORY] = "category",
    [CARD_LANGUAGE] = "language",
    [CARD_MEMBERS] = "members",
    [CARD_IP] = "ip",
    [CARD_IP6] = "ip6",
    [CARD_SERIAL] = "serial",
    [CARD_APPLIED_AT] = "applied_at",
    [CARD_DECIDED_AT] = "decided_at",
    [CARD_DECIDED_BY] = "decided_by",
    [CARD_REASON] = "reason",
    [CARD_EXPIRES_AT] = "expires_at",
    [CARD_REMINDED_AT] = "reminded_at",
    [CARD_RETIRED_AT] = "retired_at",
    [CARD_AUTHORIZED_KEYS] = "authorized_keys",
    [CARD_AUTHORIZED_KEYS_SETTING] = "authorized_keys_setting",
    [CARD_PWHASH] = "pwhash",
};

const char *card_key_name(enum card_key key)
{
    return key_names[key];
}

bool card_key_find(str name, enum card_key *ret_key)
{
    for (enum card_key k = 0; k < CARD_KEYS; k++) {
        if (str_eq(name, str_from(key_names[k]))) {
            *ret_key = k;
            return true;
        }
    }
    return false;
}

/* Overrides and isolates turn the reading direction, zero widths hide, separators break lines:
 * the ways to make a name look like another one. */
static bool code_deceives(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

bool card_text_is_fine(str value)
{
    if (value.n > CARD_VALUE_MAX || !utf8_is_valid(value))
        return false;
    while (value.n) {
        if (code_deceives(utf8_code(value)))
            return false;
        value = str_from_at(value, utf8_length(value));
    }
    return true;
}

bool card_login_is_fine(str login)
{
    if (login.n == 0 || login.n > CARD_LOGIN_MAX)
        return false;
    for (size_t i = 0; i < login.n; i++) {
        char c = login.p[i];
        if (!(c >= 'a' && c <= 'z') && !(i > 0 && char_is_digit(c)))
            return false;
    }
    return true;
}

bool card_host_is_fine(str name)
{
    if (name.n == 0 || name.n > 63 || name.p[0] == '-' || name.p[name.n - 1] == '-')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!(c >= 'a' && c <= 'z') && !char_is_digit(c) && c != '-')
            return false;
    }
    return true;
}

bool card_is(const struct card *c, enum card_key key, str value)
{
    return str_eq(c->at[key], value);
}

uint32_t card_uid(const struct card *c)
{
    uint64_t v;
    return str_u64(c->at[CARD_UID], &v) && v < UINT32_MAX ? (uint32_t)v : 0;
}

uint64_t card_serial(const struct card *c)
{
    uint64_t v;
    return str_u64(c->at[CARD_SERIAL], &v) ? v : 0;
}

bool card_member_next(str *rest, str *ret_member)
{
    *rest = str_trim(*rest);
    if (rest->n == 0)
        return false;
    (void)str_cut(*rest, ' ', ret_member, rest); /* without a blank: all of it */
    return true;
}

/* ---- text ---- */

static err take_line(str line, struct arena *a, struct card *c, struct buf *unknown)
{
    str name, value;
    enum card_key key;
    if (!str_cut(line, ':', &name, &value) || !card_text_is_fine(line))
        return err_new(ERR_SYNTAX, "a card has lines of the form \"key: value\", in clean UTF-8");
    value = str_trim(value);
    if (!card_key_find(str_trim(name), &key)) {
        buf_add(unknown, line);
        buf_addc(unknown, '\n');
        return OK_ERR;
    }
    if (c->at[key].n == 0)
        c->at[key] = arena_copy(a, value);
    else if (key == CARD_AUTHORIZED_KEYS)
        c->at[key] = arena_printf(a, "%.*s\n%.*s", STR_ARG(c->at[key]), STR_ARG(value));
    else
        return err_new(ERR_SYNTAX, "a key stands twice in a card");
    return OK_ERR;
}

err card_parse(str text, struct arena *a, struct card *ret, unsigned *ret_line)
{
    struct card c = {0};
    auto_buf struct buf unknown;
    buf_init(&unknown, CARD_TEXT_MAX);
    unsigned number = 0;
    str line;
    if (text.n > CARD_TEXT_MAX)
        return err_new(ERR_LIMIT, "card is too large");
    while (str_line(&text, &line)) {
        number++;
        if (str_trim(line).n == 0 || line.p[0] == '#')
            continue;
        err e = take_line(line, a, &c, &unknown);
        if (failed(e)) {
            *ret_line = number;
            return e;
        }
    }
    c.unknown = arena_copy(a, buf_str(&unknown));
    *ret = c;
    return OK_ERR;
}

void card_write(const struct card *c, struct buf *out)
{
    for (enum card_key k = 0; k < CARD_KEYS; k++) {
        str rest = c->at[k], line;
        while (str_line(&rest, &line))
            buf_addf(out, "%s: %.*s\n", key_names[k], STR_ARG(line));
    }
    buf_add(out, c->unknown);
}

void card_copy(const struct card *from, struct arena *a, struct card *ret)
{
    for (enum card_key k = 0; k < CARD_KEYS; k++)
        ret->at[k] = arena_copy(a, from->at[k]);
    ret->unknown = arena_copy(a, from->unknown);
}

/* ---- what an application must hold ---- */

static bool is_printable_ascii(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

static bool email_is_fine(str email)
{
    str local, host;
    if (email.n > 254 || !is_printable_ascii(email) || !str_cut(email, '@', &local, &host) ||
        local.n == 0 || local.n > 64 || host.n == 0 || str_find(host, '@') >= 0)
        return false;
    for (size_t i = 0; i < email.n; i++)
        if (str_find(S(" \"(),:;<>[\\]"), email.p[i]) >= 0)
            return false;
    return host.p[0] != '.' && host.p[host.n - 1] != '.' && host.p[0] != '-';
}

static bool members_are_fine(str members)
{
    str one;
    while (card_member_next(&members, &one))
        if (!card_login_is_fine(one))
            return false;
    return true;
}

static bool keys_are_fine(str keys)
{
    str line;
    while (str_line(&keys, &line))
        if (!card_text_is_fine(line))
            return false;
    return true;
}

static bool setting_is_fine(str s)
{
    return s.n == 0 || str_eq(s, S("none")) || str_eq(s, S("override")) || str_eq(s, S("append")) ||
           str_eq(s, S("delete"));
}

static err wrong(enum card_key key, const char *what, enum card_key *ret_key)
{
    *ret_key = key;
    return err_new(ERR_SYNTAX, what);
}

static err check_person(const struct card *c, enum card_key *ret_key)
{
    static const enum card_key needed[] = {CARD_NAME_JA, CARD_NAME_EN, CARD_AFFILIATION, CARD_EMAIL,
                                           CARD_CATEGORY};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (c->at[needed[i]].n == 0)
            return wrong(needed[i], "this field must be filled in", ret_key);
    if (!email_is_fine(c->at[CARD_EMAIL]))
        return wrong(CARD_EMAIL, "this is no mail address", ret_key);
    return OK_ERR;
}

err card_check(const struct card *c, enum card_key *ret_key)
{
    bool host = card_is(c, CARD_CLASS, S("host")), group = card_is(c, CARD_CLASS, S("group"));
    if (!host && !group && !card_is(c, CARD_CLASS, S("personal")))
        return wrong(CARD_CLASS, "a card's class is personal, group or host", ret_key);
    for (enum card_key k = 0; k < CARD_KEYS; k++)
        if (k != CARD_AUTHORIZED_KEYS && k != CARD_MEMBERS &&
            (c->at[k].n > CARD_FIELD_MAX || !card_text_is_fine(c->at[k])))
            return wrong(k, "too long, or not clean UTF-8 text", ret_key);
    if (!(host ? card_host_is_fine : card_login_is_fine)(c->at[CARD_LOGIN]))
        return wrong(CARD_LOGIN,
                     host ? "letters, digits and hyphens"
                          : "lower-case letters and digits, first a letter",
                     ret_key);
    if (!card_login_is_fine(c->at[CARD_GUARANTOR]))
        return wrong(CARD_GUARANTOR, "the guarantor's login name", ret_key);
    if (!is_printable_ascii(c->at[CARD_NAME_EN]))
        return wrong(CARD_NAME_EN, "Latin letters", ret_key);
    if (c->at[CARD_MEMBERS].n > CARD_VALUE_MAX || !members_are_fine(c->at[CARD_MEMBERS]))
        return wrong(CARD_MEMBERS, "login names, parted by blanks", ret_key);
    if (!keys_are_fine(c->at[CARD_AUTHORIZED_KEYS]))
        return wrong(CARD_AUTHORIZED_KEYS, "public keys, one a line", ret_key);
    if (!setting_is_fine(c->at[CARD_AUTHORIZED_KEYS_SETTING]))
        return wrong(CARD_AUTHORIZED_KEYS_SETTING, "override, append, delete or none", ret_key);
    if (host && c->at[CARD_IP].n == 0 && c->at[CARD_IP6].n == 0)
        return wrong(CARD_IP, "this field must be filled in", ret_key);
    return host || group ? OK_ERR : check_person(c, ret_key);
}

/* ---- times ---- */

void time_write(struct buf *b, int64_t epoch)
{
    struct civil c = civil_from_epoch(epoch);
    buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
             c.second);
}

str time_text(struct arena *a, int64_t epoch)
{
    auto_buf struct buf b;
    buf_init(&b, 64);
    time_write(&b, epoch);
    return arena_copy(a, buf_str(&b));
}

static bool number_at(str s, size_t from, size_t to, int least, int most, int *ret)
{
    uint64_t v;
    if (!str_u64(str_slice(s, from, to), &v) || v < (uint64_t)least || v > (uint64_t)most)
        return false;
    *ret = (int)v;
    return true;
}

/* A day alone is that day's beginning. */
bool time_read(str s, int64_t *ret_epoch)
{
    struct civil c = {0};
    if ((s.n != 10 && s.n != 20) || s.p[4] != '-' || s.p[7] != '-' ||
        !number_at(s, 0, 4, 1970, 9999, &c.year) || !number_at(s, 5, 7, 1, 12, &c.month) ||
        !number_at(s, 8, 10, 1, 31, &c.day))
        return false;
    if (s.n == 20 &&
        (s.p[10] != 'T' || s.p[13] != ':' || s.p[16] != ':' || s.p[19] != 'Z' ||
         !number_at(s, 11, 13, 0, 23, &c.hour) || !number_at(s, 14, 16, 0, 59, &c.minute) ||
         !number_at(s, 17, 19, 0, 59, &c.second)))
        return false;
    *ret_epoch = civil_to_epoch(&c);
    return true;
}
