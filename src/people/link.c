/* SPDX-License-Identifier: ISC */
#include "people/link.h"

#include <string.h>

#include "crypt/hash.h"
#include "crypt/secret.h"
#include "os/file.h"
#include "os/random.h"
#include "wire/encoding.h"

#define LINK_KEY_FILE "link-key"

static void base64url(struct buf *out, str in)
{
    auto_buf struct buf b;
    buf_init(&b, 1024);
    base64_encode(&b, in);
    for (size_t i = 0; i < b.n && b.p[i] != '='; i++)
        buf_addc(out, b.p[i] == '+' ? '-' : b.p[i] == '/' ? '_' : b.p[i]);
}

static err base64url_undo(str in, struct buf *out)
{
    auto_buf struct buf b;
    buf_init(&b, 1024);
    for (size_t i = 0; i < in.n; i++)
        buf_addc(&b, in.p[i] == '-' ? '+' : in.p[i] == '_' ? '/' : in.p[i]);
    while (b.n % 4)
        buf_addc(&b, '=');
    return base64_decode(out, buf_str(&b));
}

void link_write(const uint8_t key[LINK_KEY_BYTES], const struct link *l, struct buf *out)
{
    auto_buf struct buf b;
    buf_init(&b, LINK_TOKEN_MAX);
    buf_addf(&b, "1 %.*s %.*s %llu %lld", STR_ARG(l->purpose), STR_ARG(l->login),
             (unsigned long long)l->serial, (long long)l->expires);
    struct digest d = hmac_of(HASH_SHA256, str_of(key, LINK_KEY_BYTES), buf_str(&b));
    base64url(out, buf_str(&b));
    buf_addc(out, '.');
    base64url(out, digest_str(&d));
}

static bool take(str *rest, str *ret)
{
    return str_cut(*rest, ' ', ret, rest) && ret->n > 0;
}

static err parse(str text, struct link *ret)
{
    str version, serial;
    uint64_t expires;
    if (!take(&text, &version) || !str_eq(version, S("1")) || !take(&text, &ret->purpose) ||
        !take(&text, &ret->login) || !take(&text, &serial) || !str_u64(serial, &ret->serial) ||
        !str_u64(text, &expires) || expires > INT64_MAX)
        return err_new(ERR_SYNTAX, "link");
    ret->expires = (int64_t)expires;
    return OK_ERR;
}

err link_verify(const uint8_t key[LINK_KEY_BYTES], str token, str purpose, int64_t now,
                struct arena *a, struct link *ret)
{
    auto_buf struct buf text, mac;
    str left, right;
    struct link l;
    buf_init(&text, LINK_TOKEN_MAX);
    buf_init(&mac, LINK_TOKEN_MAX);
    if (token.n > LINK_TOKEN_MAX || !str_cut(token, '.', &left, &right) ||
        failed(base64url_undo(left, &text)) || failed(base64url_undo(right, &mac)))
        return err_new(ERR_SYNTAX, "link");
    struct digest d = hmac_of(HASH_SHA256, str_of(key, LINK_KEY_BYTES), buf_str(&text));
    if (!secret_equal(digest_str(&d), buf_str(&mac)))
        return err_new(ERR_DENIED, "the link is not signed by this host");
    err e = parse(arena_copy(a, buf_str(&text)), &l);
    if (failed(e))
        return e;
    if (!str_eq(l.purpose, purpose))
        return err_new(ERR_DENIED, "the link is for something else");
    if (now >= l.expires)
        return err_new(ERR_TIMEOUT, "the link is too old");
    *ret = l;
    return OK_ERR;
}

err link_key(int gate_dir, uint8_t ret_key[LINK_KEY_BYTES])
{
    auto_arena struct arena *a = arena_new("link key", 4096);
    str bytes;
    err e = file_read(gate_dir, LINK_KEY_FILE, LINK_KEY_BYTES, a, &bytes);
    if (e.kind == ERR_NOTFOUND) {
        uint8_t fresh[LINK_KEY_BYTES];
        random_bytes(fresh, sizeof fresh);
        e = file_replace(gate_dir, LINK_KEY_FILE, str_of(fresh, sizeof fresh), 0600);
        if (!failed(e)) /* of two makers at once, the last one's counts for both */
            e = file_read(gate_dir, LINK_KEY_FILE, LINK_KEY_BYTES, a, &bytes);
    }
    if (failed(e))
        return e;
    if (bytes.n != LINK_KEY_BYTES)
        return err_new(ERR_SYNTAX, "the key of links is damaged");
    memcpy(ret_key, bytes.p, LINK_KEY_BYTES);
    return OK_ERR;
}
