/* SPDX-License-Identifier: ISC */
/* LOGIN and AUTHENTICATE (RFC 3501 6.2.2 and 6.2.3, RFC 4959 for the initial response), and
 * STARTTLS (6.2.1). The session relays blobs; auth judges them. */
#include "imapd/cmd.h"
#include "imapd/login.h"
#include "wire/encoding.h"
#include "wire/sasl.h"

CMD(login)
{
    str user = {0}, password = {0};
    err e = imap_space(args);
    if (!failed(e))
        e = imap_astring(args, &user);
    if (!failed(e))
        e = imap_space(args);
    if (!failed(e))
        e = imap_astring(args, &password);
    if (!failed(e))
        e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    if (!login_may_be_plain(s))
        return login_needs_privacy();
    auto_buf struct buf blob;
    buf_init(&blob, SASL_BLOB_MAX);
    buf_addc(&blob, '\0');
    buf_add(&blob, user);
    buf_addc(&blob, '\0');
    buf_add(&blob, password);
    if (blob.over)
        return reply_no("AUTHENTICATIONFAILED", "That cannot be a user and a password");
    struct auth_start ask = {.mechanism = S("PLAIN"), .has_initial = 1, .initial = buf_str(&blob)};
    return login_attempt(s, head->tag, &ask);
}

static bool is_base64_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '+' || c == '/' || c == '=';
}

/* SP ( base64 / "=" ): "=" is the empty response. */
static err initial_response(struct imap_reader *r, struct buf *ret)
{
    err e = imap_space(r);
    if (failed(e))
        return e;
    size_t n = 0;
    while (n < r->rest.n && is_base64_char(r->rest.p[n]))
        n++;
    str text = str_slice(r->rest, 0, n);
    r->rest = str_from_at(r->rest, n);
    e = imap_end(r);
    if (!failed(e) && !str_eq(text, S("=")))
        e = base64_decode(ret, text);
    return failed(e) ? err_new(ERR_SYNTAX, "the initial response is not base64") : OK_ERR;
}

CMD(authenticate)
{
    str name = {0};
    err e = imap_space(args);
    if (!failed(e))
        e = imap_atom(args, &name);
    if (failed(e))
        return reply_bad(e);
    struct auth_start ask = {.has_initial = !imap_at_end(args)};
    auto_buf struct buf blob;
    buf_init(&blob, SASL_BLOB_MAX);
    if (ask.has_initial)
        e = initial_response(args, &blob);
    if (failed(e))
        return reply_bad(e);
    char upper[32];
    if (name.n > sizeof upper)
        return reply_no("CANNOT", "That way of logging in is not offered");
    for (size_t i = 0; i < name.n; i++)
        upper[i] = char_upper(name.p[i]);
    ask.mechanism = str_of(upper, name.n);
    ask.initial = buf_str(&blob);
    bool plain = str_eq(ask.mechanism, S("PLAIN")) || str_eq(ask.mechanism, S("LOGIN"));
    if (plain && !login_may_be_plain(s))
        return login_needs_privacy();
    return login_attempt(s, head->tag, &ask);
}

CMD(starttls)
{
    err e = imap_end(args);
    if (failed(e))
        return reply_bad(e);
    if (s->tls)
        return (struct reply){.kind = REPLY_BAD, .text = S("TLS is on already")};
    if (!s->can_starttls)
        return reply_no("CANNOT", "TLS is not to be had here");
    return login_begin_tls(s, head->tag);
}
