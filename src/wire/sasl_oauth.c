/* SPDX-License-Identifier: ISC */
#include "wire/sasl_oauth.h"

#include "wire/sasl.h"

enum { SEPARATOR = 1 };

static bool is_token(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && str_find(S("-._~+/="), c) < 0)
            return false;
    }
    return s.n > 0;
}

/* key=value pairs, each ended by ^A, then one more ^A. Only auth= matters: host and port say
 * what the client dialled. */
static err take_pairs(str rest, struct sasl_oauth *ret)
{
    str pair, key, value;
    bool ended;
    while ((ended = str_cut(rest, SEPARATOR, &pair, &rest)) && pair.n) {
        if (!str_cut(pair, '=', &key, &value) || key.n == 0)
            return err_new(ERR_SYNTAX, "OAuth key without a value");
        if (!str_ieq(key, S("auth")))
            continue;
        if (ret->token.n || !str_iskip(&value, S("Bearer ")) || !is_token(value))
            return err_new(ERR_SYNTAX, "OAuth credential that is no bearer token");
        ret->token = value;
    }
    if (!ended || rest.n || !ret->token.n)
        return err_new(ERR_SYNTAX, "OAuth message without a token, or not ended");
    return OK_ERR;
}

/* saslname, RFC 5801 4: "," is =2C, "=" is =3D. */
static err unescape(struct arena *a, str in, str *ret)
{
    char *out = NEW_N(a, char, in.n + 1);
    size_t n = 0;
    while (in.n) {
        if (str_skip(&in, S("=2C"))) {
            out[n++] = ',';
        } else if (str_skip(&in, S("=3D"))) {
            out[n++] = '=';
        } else if (*in.p == '=' || *in.p == 0) {
            return err_new(ERR_SYNTAX, "OAuth name");
        } else {
            out[n++] = *in.p;
            in = str_from_at(in, 1);
        }
    }
    *ret = str_of(out, n);
    return OK_ERR;
}

err sasl_oauthbearer_parse(struct arena *a, str blob, struct sasl_oauth *ret)
{
    struct sasl_oauth o = {0};
    str name, rest = blob;
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "OAuth message");
    /* RFC 7628 3.1: the token binds to no channel. */
    if (!str_skip(&rest, S("n,")) && !str_skip(&rest, S("y,")))
        return err_new(ERR_SYNTAX, "OAuth message without a GS2 header");
    if (!str_cut(rest, ',', &name, &rest) || rest.n == 0 || *rest.p != SEPARATOR)
        return err_new(ERR_SYNTAX, "OAuth message without a GS2 header");
    err e = OK_ERR;
    if (str_skip(&name, S("a=")))
        e = name.n > 0 && name.n <= SASL_NAME_MAX ? unescape(a, name, &o.user)
                                                  : err_new(ERR_SYNTAX, "OAuth name");
    else if (name.n)
        e = err_new(ERR_SYNTAX, "OAuth message without a GS2 header");
    if (!failed(e))
        e = take_pairs(str_from_at(rest, 1), &o);
    if (!failed(e))
        *ret = o;
    return e;
}

err sasl_xoauth2_parse(str blob, struct sasl_oauth *ret)
{
    struct sasl_oauth o = {0};
    str name, rest;
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "OAuth message");
    if (!str_cut(blob, SEPARATOR, &name, &rest) || !str_iskip(&name, S("user=")) ||
        name.n > SASL_NAME_MAX || str_find(name, 0) >= 0)
        return err_new(ERR_SYNTAX, "XOAUTH2 without a user");
    o.user = name;
    err e = take_pairs(rest, &o);
    if (!failed(e))
        *ret = o;
    return e;
}
