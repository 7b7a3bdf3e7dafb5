/* SPDX-License-Identifier: ISC */
/* crypt/scram.h -- the keys and proofs of SCRAM (RFC 5802 3, RFC 7677).
 *
 * A server that keeps these keys cannot log in elsewhere with them, and whoever reads a
 * login on the wire must guess passwords at PBKDF2's price. Passwords are used as the bytes
 * they are: ASCII is its own SASLprep; others must arrive in the form they were set in.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "crypt/hash.h"

enum {
    SCRAM_SALT_MAX = 64,
    SCRAM_SALT_BYTES = 16,          /* of the keys that we make */
    SCRAM_ITERATIONS_MIN = 1000,    /* what we accept from files and, as a client, from servers */
    SCRAM_ITERATIONS_MAX = 1000000, /* a server may not make a client count for hours */
    SCRAM_ITERATIONS = 10000, /* of the keys that we make; RFC 7677 4 asks for 4096 at least */
};

struct scram_keys {
    enum hash_kind hash; /* HASH_SHA1 or HASH_SHA256 */
    uint32_t iterations;
    size_t salt_n;
    uint8_t salt[SCRAM_SALT_MAX];
    struct digest stored_key, server_key;
};

str scram_salt(const struct scram_keys *k);
/* salt.n <= SCRAM_SALT_MAX. */
void scram_derive(enum hash_kind hash, str password, str salt, uint32_t iterations,
                  struct scram_keys *ret_keys);
/* Dovecot's text, which our credential file shares: "4096,SALT,STORED,SERVER" in base64. */
err scram_keys_parse(enum hash_kind hash, str text, struct scram_keys *ret_keys);
void scram_keys_write(const struct scram_keys *k, struct buf *out);

/* Server: whether the proof belongs to these keys (constant time), and the signature. */
bool scram_proof_is_right(const struct scram_keys *k, str auth_message, str proof);
struct digest scram_server_signature(const struct scram_keys *k, str auth_message);
/* Client: the proof to send; the server's signature must then equal *ret_signature. */
struct digest scram_client_proof(enum hash_kind hash, str password, str salt, uint32_t iterations,
                                 str auth_message, struct digest *ret_signature);
