/* SPDX-License-Identifier: ISC */
#include "client/smtp_private.h"

#include "crypt/hash.h"
#include "crypt/secret.h"
#include "wire/encoding.h"
#include "wire/sasl.h"

enum { AUTH_LINE_MAX = 12288 };

/* One base64 line; the password does not stay behind in freed memory. */
static err say_secret(struct smtp_client *c, str before, str blob)
{
    auto_buf struct buf line;
    buf_init(&line, AUTH_LINE_MAX);
    buf_add(&line, before);
    base64_encode(&line, blob);
    err e = buf_check(&line, "AUTH");
    if (!failed(e))
        e = smtp_say(c, buf_str(&line));
    if (!failed(e))
        e = smtp_hear(c);
    if (line.p)
        secret_wipe(line.p, line.cap);
    return e;
}

static err want(struct smtp_client *c, unsigned code)
{
    return c->last.code == code ? OK_ERR : smtp_refusal(c);
}

static err plain(struct smtp_client *c)
{
    auto_buf struct buf blob;
    struct sasl_plain p = {.authcid = c->o->user, .password = c->o->password};
    buf_init(&blob, SASL_BLOB_MAX);
    err e = sasl_plain_write(&p, &blob);
    if (!failed(e))
        e = say_secret(c, S("AUTH PLAIN "), buf_str(&blob));
    if (blob.p)
        secret_wipe(blob.p, blob.cap);
    return failed(e) ? e : want(c, 235);
}

static err login(struct smtp_client *c)
{
    err e = smtp_say(c, S("AUTH LOGIN"));
    if (!failed(e))
        e = smtp_hear(c);
    if (!failed(e))
        e = want(c, 334);
    if (!failed(e))
        e = say_secret(c, S(""), c->o->user);
    if (!failed(e))
        e = want(c, 334);
    if (!failed(e))
        e = say_secret(c, S(""), c->o->password);
    return failed(e) ? e : want(c, 235);
}

static err cram_answer(struct smtp_client *c, struct buf *answer)
{
    auto_buf struct buf challenge;
    char hex[2 * HASH_SIZE_MAX + 1];
    buf_init(&challenge, SASL_BLOB_MAX);
    str text = smtp_reply_text(&c->last);
    err e = base64_decode(&challenge, str_trim(str_from_at(text, 4)));
    if (failed(e))
        return e;
    struct digest d = hmac_of(HASH_MD5, c->o->password, buf_str(&challenge));
    digest_hex(&d, hex);
    return sasl_digest_write(&(struct sasl_digest){.user = c->o->user, .hex = str_from(hex)},
                             answer);
}

static err cram_md5(struct smtp_client *c)
{
    auto_buf struct buf answer;
    buf_init(&answer, SASL_BLOB_MAX);
    err e = smtp_say(c, S("AUTH CRAM-MD5"));
    if (!failed(e))
        e = smtp_hear(c);
    if (!failed(e))
        e = want(c, 334);
    if (!failed(e))
        e = cram_answer(c, &answer);
    if (!failed(e))
        e = say_secret(c, S(""), buf_str(&answer));
    return failed(e) ? e : want(c, 235);
}

err smtp_login(struct smtp_client *c)
{
    unsigned offered = c->ext.offered;
    bool may_show = c->stream.tls || c->loopback;
    if (offered & SMTP_EXT_AUTH_CRAM_MD5) /* does not show the password, whoever listens */
        return cram_md5(c);
    if (may_show && offered & SMTP_EXT_AUTH_PLAIN)
        return plain(c);
    if (may_show && offered & SMTP_EXT_AUTH_LOGIN)
        return login(c);
    smtp_reply_start(&c->last);
    return err_new(ERR_DENIED, "no way to log in is offered that protects the password");
}
