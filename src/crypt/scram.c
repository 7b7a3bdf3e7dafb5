/* SPDX-License-Identifier: ISC */
#include "crypt/scram.h"

#include <assert.h>
#include <string.h>

#include <nettle/base64.h>

#include "crypt/secret.h"

str scram_salt(const struct scram_keys *k)
{
    return str_of(k->salt, k->salt_n);
}

/* RFC 5802 3: SaltedPassword := Hi(password, salt, i) and the keys that follow from it. */
static struct digest client_key_of(enum hash_kind hash, const struct digest *salted)
{
    return hmac_of(hash, digest_str(salted), S("Client Key"));
}

void scram_derive(enum hash_kind hash, str password, str salt, uint32_t iterations,
                  struct scram_keys *ret_keys)
{
    assert(salt.n <= SCRAM_SALT_MAX);
    *ret_keys = (struct scram_keys){.hash = hash, .iterations = iterations, .salt_n = salt.n};
    if (salt.n > 0)
        memcpy(ret_keys->salt, salt.p, salt.n);
    struct digest salted = hash_pbkdf2(hash, password, salt, iterations);
    struct digest client_key = client_key_of(hash, &salted);
    ret_keys->stored_key = hash_of(hash, digest_str(&client_key));
    ret_keys->server_key = hmac_of(hash, digest_str(&salted), S("Server Key"));
    secret_wipe(&salted, sizeof salted);
    secret_wipe(&client_key, sizeof client_key);
}

enum { BASE64_TEXT_MAX = 128 }; /* the longest value is a salt of SCRAM_SALT_MAX bytes */

/* Decodes into p; false when it is no base64, empty, or more than max bytes. */
static bool base64_into(str text, uint8_t *p, size_t max, size_t *ret_n)
{
    uint8_t room[BASE64_DECODE_LENGTH(BASE64_TEXT_MAX)];
    struct base64_decode_ctx ctx;
    size_t n = sizeof room;
    if (text.n > BASE64_TEXT_MAX)
        return false;
    nettle_base64_decode_init(&ctx);
    if (nettle_base64_decode_update(&ctx, &n, room, text.n, text.p) != 1 ||
        nettle_base64_decode_final(&ctx) != 1 || n > max || n == 0)
        return false;
    memcpy(p, room, n);
    *ret_n = n;
    return true;
}

static void base64_onto(str bytes, struct buf *out)
{
    char *room = buf_room(out, BASE64_ENCODE_RAW_LENGTH(bytes.n));
    if (room == NULL)
        return;
    nettle_base64_encode_raw(room, bytes.n, (const uint8_t *)bytes.p);
    buf_added(out, BASE64_ENCODE_RAW_LENGTH(bytes.n));
}

err scram_keys_parse(enum hash_kind hash, str text, struct scram_keys *ret_keys)
{
    struct scram_keys k = {.hash = hash};
    str iterations, salt, stored, server;
    uint64_t count;
    if (!str_cut(text, ',', &iterations, &text) || !str_cut(text, ',', &salt, &text) ||
        !str_cut(text, ',', &stored, &server))
        return err_new(ERR_SYNTAX, "SCRAM keys are not iterations,salt,stored,server");
    if (!str_u64(iterations, &count) || count < SCRAM_ITERATIONS_MIN ||
        count > SCRAM_ITERATIONS_MAX)
        return err_new(ERR_SYNTAX, "SCRAM iteration count is not within bounds");
    k.iterations = (uint32_t)count;
    if (!base64_into(salt, k.salt, sizeof k.salt, &k.salt_n))
        return err_new(ERR_SYNTAX, "SCRAM salt is not base64");
    size_t size = hash_size(hash);
    if (!base64_into(stored, k.stored_key.at, size, &k.stored_key.n) ||
        !base64_into(server, k.server_key.at, size, &k.server_key.n) || k.stored_key.n != size ||
        k.server_key.n != size)
        return err_new(ERR_SYNTAX, "SCRAM key is not base64 of the hash's size");
    *ret_keys = k;
    return OK_ERR;
}

void scram_keys_write(const struct scram_keys *k, struct buf *out)
{
    buf_addf(out, "%u,", k->iterations);
    base64_onto(scram_salt(k), out);
    buf_addc(out, ',');
    base64_onto(digest_str(&k->stored_key), out);
    buf_addc(out, ',');
    base64_onto(digest_str(&k->server_key), out);
}

static void digest_xor(struct digest *d, str with)
{
    assert(d->n == with.n);
    for (size_t i = 0; i < d->n; i++)
        d->at[i] ^= (uint8_t)with.p[i];
}

/* RFC 5802 3: ClientProof XOR ClientSignature is ClientKey, whose hash must be StoredKey. */
bool scram_proof_is_right(const struct scram_keys *k, str auth_message, str proof)
{
    if (proof.n != hash_size(k->hash))
        return false;
    struct digest key = hmac_of(k->hash, digest_str(&k->stored_key), auth_message);
    digest_xor(&key, proof);
    struct digest stored = hash_of(k->hash, digest_str(&key));
    secret_wipe(&key, sizeof key);
    return secret_equal(digest_str(&stored), digest_str(&k->stored_key));
}

struct digest scram_server_signature(const struct scram_keys *k, str auth_message)
{
    return hmac_of(k->hash, digest_str(&k->server_key), auth_message);
}

struct digest scram_client_proof(enum hash_kind hash, str password, str salt, uint32_t iterations,
                                 str auth_message, struct digest *ret_signature)
{
    struct digest salted = hash_pbkdf2(hash, password, salt, iterations);
    struct digest proof = client_key_of(hash, &salted);
    struct digest stored = hash_of(hash, digest_str(&proof));
    struct digest signature = hmac_of(hash, digest_str(&stored), auth_message);
    digest_xor(&proof, digest_str(&signature));
    struct digest server_key = hmac_of(hash, digest_str(&salted), S("Server Key"));
    *ret_signature = hmac_of(hash, digest_str(&server_key), auth_message);
    secret_wipe(&salted, sizeof salted);
    secret_wipe(&server_key, sizeof server_key);
    return proof;
}
