/* SPDX-License-Identifier: ISC */
#include "wire/sasl.h"

#include <string.h>

err sasl_word_check(str blob, size_t max)
{
    if (blob.n > max)
        return err_new(ERR_LIMIT, "SASL name or password");
    if (blob.n == 0 || str_find(blob, '\0') >= 0)
        return err_new(ERR_SYNTAX, "SASL name or password");
    return OK_ERR;
}

err sasl_plain_parse(str blob, struct sasl_plain *ret)
{
    struct sasl_plain p;
    str rest;
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "SASL message");
    if (!str_cut(blob, '\0', &p.authzid, &rest) || !str_cut(rest, '\0', &p.authcid, &p.password))
        return err_new(ERR_SYNTAX, "PLAIN message");
    if (p.authzid.n > SASL_NAME_MAX)
        return err_new(ERR_LIMIT, "authorization name");
    err e = sasl_word_check(p.authcid, SASL_NAME_MAX);
    if (failed(e))
        return e;
    e = sasl_word_check(p.password, SASL_PASSWORD_MAX);
    if (failed(e))
        return e;
    *ret = p;
    return OK_ERR;
}

err sasl_plain_write(const struct sasl_plain *p, struct buf *out)
{
    err e = sasl_word_check(p->authcid, SASL_NAME_MAX);
    if (failed(e))
        return e;
    e = sasl_word_check(p->password, SASL_PASSWORD_MAX);
    if (failed(e))
        return e;
    if (p->authzid.n > SASL_NAME_MAX || str_find(p->authzid, '\0') >= 0)
        return err_new(ERR_SYNTAX, "authorization name");
    buf_add(out, p->authzid);
    buf_addc(out, '\0');
    buf_add(out, p->authcid);
    buf_addc(out, '\0');
    buf_add(out, p->password);
    return buf_check(out, "PLAIN message");
}

static bool is_lower_hex(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!char_is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    }
    return true;
}

err sasl_digest_parse(str blob, struct sasl_digest *ret)
{
    if (blob.n > SASL_BLOB_MAX)
        return err_new(ERR_LIMIT, "SASL message");
    ptrdiff_t space = str_rfind(blob, ' ');
    if (space < 0)
        return err_new(ERR_SYNTAX, "digest message");
    struct sasl_digest d = {.user = str_slice(blob, 0, (size_t)space),
                            .hex = str_from_at(blob, (size_t)space + 1)};
    if (d.hex.n != 32 || !is_lower_hex(d.hex))
        return err_new(ERR_SYNTAX, "digest is not 32 hexadecimal digits");
    err e = sasl_word_check(d.user, SASL_NAME_MAX);
    if (failed(e))
        return e;
    *ret = d;
    return OK_ERR;
}

err sasl_digest_write(const struct sasl_digest *d, struct buf *out)
{
    err e = sasl_word_check(d->user, SASL_NAME_MAX);
    if (failed(e))
        return e;
    buf_add(out, d->user);
    buf_addc(out, ' ');
    buf_add(out, d->hex);
    return buf_check(out, "digest message");
}

void sasl_challenge_write(str random, int64_t seconds, str host, struct buf *out)
{
    buf_addf(out, "<%.*s.%lld@%.*s>", STR_ARG(random), (long long)seconds, STR_ARG(host));
}
