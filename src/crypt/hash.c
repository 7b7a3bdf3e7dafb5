/* SPDX-License-Identifier: ISC */
#include "crypt/hash.h"

#include <assert.h>
#include <string.h>

#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/nettle-meta.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "crypt/secret.h"

static_assert(sizeof(struct md5_ctx) <= HASH_CONTEXT_BYTES, "md5");
static_assert(sizeof(struct sha1_ctx) <= HASH_CONTEXT_BYTES, "sha1");
static_assert(sizeof(struct sha256_ctx) <= HASH_CONTEXT_BYTES, "sha256");

static const struct nettle_hash *hash_table(enum hash_kind kind)
{
    switch (kind) {
    case HASH_MD5:
        return &nettle_md5;
    case HASH_SHA1:
        return &nettle_sha1;
    case HASH_SHA256:
        break;
    }
    return &nettle_sha256;
}

size_t hash_size(enum hash_kind kind)
{
    return hash_table(kind)->digest_size;
}

const char *hash_name(enum hash_kind kind)
{
    switch (kind) {
    case HASH_MD5:
        return "MD5";
    case HASH_SHA1:
        return "SHA-1";
    case HASH_SHA256:
        break;
    }
    return "SHA-256";
}

str digest_str(const struct digest *d)
{
    return str_of(d->at, d->n);
}

void digest_hex(const struct digest *d, char ret_hex[2 * HASH_SIZE_MAX + 1])
{
    for (size_t i = 0; i < d->n; i++) {
        ret_hex[2 * i] = "0123456789abcdef"[d->at[i] >> 4];
        ret_hex[2 * i + 1] = "0123456789abcdef"[d->at[i] & 15];
    }
    ret_hex[2 * d->n] = '\0';
}

void hash_init(struct hash *h, enum hash_kind kind)
{
    h->kind = kind;
    hash_table(kind)->init(h->context);
}

void hash_add(struct hash *h, str s)
{
    hash_table(h->kind)->update(h->context, s.n, (const uint8_t *)s.p);
}

struct digest hash_end(struct hash *h)
{
    const struct nettle_hash *table = hash_table(h->kind);
    struct digest d = {.n = table->digest_size};
    table->digest(h->context, d.n, d.at);
    secret_wipe(h->context, sizeof h->context);
    return d;
}

struct digest hash_of(enum hash_kind kind, str s)
{
    struct hash h;
    hash_init(&h, kind);
    hash_add(&h, s);
    return hash_end(&h);
}

/* RFC 2104 2: both pads are one block of the hash; a longer key is hashed first. */
void hmac_init(struct hmac *h, enum hash_kind kind, str key)
{
    size_t block = hash_table(kind)->block_size;
    struct digest short_key;
    if (key.n > block) {
        short_key = hash_of(kind, key);
        key = digest_str(&short_key);
    }
    char inner_pad[64], outer_pad[64];
    assert(block <= sizeof inner_pad);
    for (size_t i = 0; i < block; i++) {
        unsigned byte = i < key.n ? (unsigned char)key.p[i] : 0;
        inner_pad[i] = (char)(byte ^ 0x36);
        outer_pad[i] = (char)(byte ^ 0x5c);
    }
    hash_init(&h->inner, kind);
    hash_add(&h->inner, str_of(inner_pad, block));
    hash_init(&h->outer, kind);
    hash_add(&h->outer, str_of(outer_pad, block));
    secret_wipe(inner_pad, sizeof inner_pad);
    secret_wipe(outer_pad, sizeof outer_pad);
}

void hmac_add(struct hmac *h, str s)
{
    hash_add(&h->inner, s);
}

struct digest hmac_end(struct hmac *h)
{
    struct digest inner = hash_end(&h->inner);
    hash_add(&h->outer, digest_str(&inner));
    return hash_end(&h->outer);
}

struct digest hmac_of(enum hash_kind kind, str key, str s)
{
    struct hmac h;
    hmac_init(&h, kind, key);
    hmac_add(&h, s);
    return hmac_end(&h);
}

struct digest hash_pbkdf2(enum hash_kind kind, str password, str salt, uint32_t iterations)
{
    assert(kind != HASH_MD5 && iterations >= 1);
    struct digest d = {.n = hash_size(kind)};
    const uint8_t *password_bytes = (const uint8_t *)password.p;
    const uint8_t *salt_bytes = (const uint8_t *)salt.p;
    if (kind == HASH_SHA1)
        nettle_pbkdf2_hmac_sha1(password.n, password_bytes, iterations, salt.n, salt_bytes, d.n,
                                d.at);
    else
        nettle_pbkdf2_hmac_sha256(password.n, password_bytes, iterations, salt.n, salt_bytes, d.n,
                                  d.at);
    return d;
}
