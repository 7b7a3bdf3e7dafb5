/* SPDX-License-Identifier: ISC */
/* crypt/hash.h -- MD5, SHA-1 and SHA-256: plain, keyed (HMAC) and stretched (PBKDF2).
 *
 * MD5 and SHA-1 are here because protocols name them (CRAM-MD5, APOP, SCRAM-SHA-1); nothing
 * new is built on them. Contexts are plain values: a copy is a fork of the computation.
 * Nothing here fails: sizes are fixed, memory is the caller's.
 */
#pragma once
#include <stdalign.h>

#include "base/str.h"

enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA256 };

enum { HASH_SIZE_MAX = 32, HASH_CONTEXT_BYTES = 128 };

struct digest {
    size_t n;
    uint8_t at[HASH_SIZE_MAX];
};

struct hash {
    enum hash_kind kind;
    alignas(16) unsigned char context[HASH_CONTEXT_BYTES];
};

struct hmac {
    struct hash inner, outer;
};

size_t hash_size(enum hash_kind kind);
const char *hash_name(enum hash_kind kind); /* "SHA-256", as SASL names spell it */
str digest_str(const struct digest *d);
/* Lower-case hexadecimal, NUL-terminated. */
void digest_hex(const struct digest *d, char ret_hex[2 * HASH_SIZE_MAX + 1]);

void hash_init(struct hash *h, enum hash_kind kind);
void hash_add(struct hash *h, str s);
struct digest hash_end(struct hash *h); /* the state is wiped */
struct digest hash_of(enum hash_kind kind, str s);

void hmac_init(struct hmac *h, enum hash_kind kind, str key);
void hmac_add(struct hmac *h, str s);
struct digest hmac_end(struct hmac *h); /* the state is wiped */
struct digest hmac_of(enum hash_kind kind, str key, str s);

/* RFC 8018 5.2, with one block of output; iterations >= 1. MD5 is not offered. */
struct digest hash_pbkdf2(enum hash_kind kind, str password, str salt, uint32_t iterations);
