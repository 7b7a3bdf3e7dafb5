/* SPDX-License-Identifier: ISC */
/* crypt/password.h -- stored passwords: crypt(3) hashes and Dovecot's scheme prefixes.
 *
 * A stored password is a crypt(3) string ("$y$…", "$6$…", "$2b$…") or carries a scheme:
 * {CRYPT} {SHA512-CRYPT} {SHA256-CRYPT} {MD5-CRYPT} {BLF-CRYPT} {PLAIN} {CRAM-MD5}
 * {SCRAM-SHA-1} {SCRAM-SHA-256}. Verifying is slow by intent (that is the protection), so
 * an event loop leaves it to a worker.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { PASSWORD_MAX = 512, PASSWORD_STORED_MAX = 512 };

enum password_scheme { PASSWORD_YESCRYPT, PASSWORD_SHA512_CRYPT, PASSWORD_BCRYPT };

/* Whether `password` is the one. ERR_SYNTAX: a scheme or hash that we cannot read;
 * ERR_LIMIT: longer than the limits above. A locked hash ("!…", "*") matches nothing. */
err password_verify(str stored, str password, bool *ret_match);
/* Appends a fresh crypt(3) string with a random salt. ERR_SYNTAX: empty or holds a NUL. */
err password_make(enum password_scheme scheme, str password, struct buf *out);
/* A stored hash that costs what `like` costs and that nobody knows a password for; with an
 * empty or unreadable `like`, what our own hashes cost. */
err password_decoy(str like, struct buf *out);

/* CRAM-MD5 (RFC 2195). Dovecot's {CRAM-MD5} keeps the HMAC's two inner states in place of
 * the password: enough to answer a challenge, useless for anything else. */
struct cram_md5_key {
    uint8_t inner[16], outer[16];
};
struct cram_md5_key cram_md5_key_of(str password);
err cram_md5_key_parse(str hex64, struct cram_md5_key *ret_key);
void cram_md5_key_hex(const struct cram_md5_key *key, char ret_hex[65]);
/* The 32 hexadecimal digits that answer `challenge`, NUL-terminated. */
void cram_md5_answer(const struct cram_md5_key *key, str challenge, char ret_hex[33]);
/* The 32 digits that answer an APOP banner (RFC 1939 7). */
void apop_answer(str banner, str password, char ret_hex[33]);
