/* SPDX-License-Identifier: ISC */
/* How it works: password_verify() reads the scheme prefix and hands the rest to the one
 * checker of its row in `schemes`. A string without prefix is crypt(3)'s own. */
#include "crypt/password.h"

#include <assert.h>
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/md5.h>

#include "crypt/hash.h"
#include "crypt/scram.h"
#include "crypt/secret.h"
#include "os/random.h"

typedef err check_fn(str stored, str password, bool *ret_match);

/* crypt(3) wants C strings; both come from bounded views. */
static err crypt_one(str setting, str phrase, struct buf *out)
{
    char key[PASSWORD_MAX + 1], salt[PASSWORD_STORED_MAX + 1];
    memcpy(key, phrase.p, phrase.n);
    key[phrase.n] = '\0';
    memcpy(salt, setting.p, setting.n);
    salt[setting.n] = '\0';
    struct crypt_data *data = calloc(1, sizeof *data);
    const char *hash = data ? crypt_rn(key, salt, data, (int)sizeof *data) : NULL;
    if (hash != NULL)
        buf_add(out, str_from(hash));
    secret_wipe(key, sizeof key);
    if (data != NULL)
        secret_wipe(data, sizeof *data);
    free(data);
    if (hash == NULL)
        return err_new(ERR_SYNTAX, "password hash of an unknown kind");
    return buf_check(out, "password hash");
}

static err check_crypt(str stored, str password, bool *ret_match)
{
    *ret_match = false;
    /* "!", "*", "!!$6$…", empty: an account without a usable password, no fault of the file. */
    if (stored.n == 0 || stored.p[0] == '!' || stored.p[0] == '*')
        return OK_ERR;
    if (str_find(stored, '\0') >= 0)
        return err_new(ERR_SYNTAX, "password hash holds a NUL");
    auto_buf struct buf hash;
    buf_init(&hash, PASSWORD_STORED_MAX);
    err e = crypt_one(stored, password, &hash);
    if (failed(e))
        return e;
    *ret_match = secret_equal(buf_str(&hash), stored);
    return OK_ERR;
}

static err check_plain(str stored, str password, bool *ret_match)
{
    struct digest a = hash_of(HASH_SHA256, stored), b = hash_of(HASH_SHA256, password);
    *ret_match = secret_equal(digest_str(&a), digest_str(&b));
    return OK_ERR;
}

static err check_cram_md5(str stored, str password, bool *ret_match)
{
    struct cram_md5_key want;
    err e = cram_md5_key_parse(stored, &want);
    if (failed(e))
        return e;
    struct cram_md5_key got = cram_md5_key_of(password);
    *ret_match = secret_equal(str_of(&want, sizeof want), str_of(&got, sizeof got));
    return OK_ERR;
}

static err check_scram(enum hash_kind hash, str stored, str password, bool *ret_match)
{
    struct scram_keys want, got;
    err e = scram_keys_parse(hash, stored, &want);
    if (failed(e))
        return e;
    scram_derive(hash, password, scram_salt(&want), want.iterations, &got);
    *ret_match = secret_equal(digest_str(&want.stored_key), digest_str(&got.stored_key));
    return OK_ERR;
}

static err check_scram_sha1(str stored, str password, bool *ret_match)
{
    return check_scram(HASH_SHA1, stored, password, ret_match);
}

static err check_scram_sha256(str stored, str password, bool *ret_match)
{
    return check_scram(HASH_SHA256, stored, password, ret_match);
}

static const struct {
    str prefix;
    check_fn *check;
} schemes[] = {
    {S("{CRYPT}"), check_crypt},
    {S("{SHA512-CRYPT}"), check_crypt},
    {S("{SHA256-CRYPT}"), check_crypt},
    {S("{MD5-CRYPT}"), check_crypt},
    {S("{BLF-CRYPT}"), check_crypt},
    {S("{PLAIN}"), check_plain},
    {S("{CLEARTEXT}"), check_plain},
    {S("{CRAM-MD5}"), check_cram_md5},
    {S("{SCRAM-SHA-1}"), check_scram_sha1},
    {S("{SCRAM-SHA-256}"), check_scram_sha256},
};

err password_verify(str stored, str password, bool *ret_match)
{
    if (password.n > PASSWORD_MAX || stored.n > PASSWORD_STORED_MAX)
        return err_new(ERR_LIMIT, "password or stored password");
    /* crypt(3) would stop at a NUL and take what stands before it for the whole. */
    if (password.n == 0 || str_find(password, '\0') >= 0) {
        *ret_match = false;
        return OK_ERR;
    }
    if (!str_starts(stored, S("{")))
        return check_crypt(stored, password, ret_match);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (str_iskip(&stored, schemes[i].prefix))
            return schemes[i].check(stored, password, ret_match);
    }
    return err_new(ERR_SYNTAX, "password scheme is not known");
}

static err make_with_prefix(const char *prefix, str password, struct buf *out)
{
    char random[32], setting[CRYPT_GENSALT_OUTPUT_SIZE];
    random_bytes(random, sizeof random);
    if (crypt_gensalt_rn(prefix, 0, random, sizeof random, setting, sizeof setting) == NULL)
        return err_sys("make a salt for a password hash");
    return crypt_one(str_from(setting), password, out);
}

err password_make(enum password_scheme scheme, str password, struct buf *out)
{
    static const char *const prefixes[] = {
        [PASSWORD_YESCRYPT] = "$y$",
        [PASSWORD_SHA512_CRYPT] = "$6$",
        [PASSWORD_BCRYPT] = "$2b$",
    };
    if (password.n > PASSWORD_MAX)
        return err_new(ERR_LIMIT, "password");
    if (password.n == 0 || str_find(password, '\0') >= 0)
        return err_new(ERR_SYNTAX, "password is empty or holds a NUL");
    return make_with_prefix(prefixes[scheme], password, out);
}

err password_decoy(str like, struct buf *out)
{
    char secret[32];
    random_text(secret, sizeof secret);
    /* The stored string is its own setting, so hashing with it costs what it costs. */
    if (!str_starts(like, S("{")) && like.n > 0 && like.n <= PASSWORD_STORED_MAX &&
        like.p[0] != '!' && like.p[0] != '*' && str_find(like, '\0') < 0) {
        err e = crypt_one(like, str_of(secret, sizeof secret), out);
        if (!failed(e))
            return e;
    }
    return password_make(PASSWORD_YESCRYPT, str_of(secret, sizeof secret), out);
}

/* ---- CRAM-MD5 and APOP ---- */

static_assert(HASH_CONTEXT_BYTES >= sizeof(struct md5_ctx), "md5 context");

/* nettle keeps the chaining words; the scheme writes them little endian. */
static void md5_state_take(const struct hash *h, uint8_t ret[16])
{
    struct md5_ctx ctx;
    memcpy(&ctx, h->context, sizeof ctx);
    for (size_t i = 0; i < 16; i++)
        ret[i] = (uint8_t)(ctx.state[i / 4] >> (8 * (i % 4)));
    secret_wipe(&ctx, sizeof ctx);
}

static void md5_state_put(struct hash *h, const uint8_t state[16])
{
    struct md5_ctx ctx;
    hash_init(h, HASH_MD5);
    memcpy(&ctx, h->context, sizeof ctx);
    for (size_t i = 0; i < 4; i++)
        ctx.state[i] = (uint32_t)state[4 * i] | (uint32_t)state[4 * i + 1] << 8 |
                       (uint32_t)state[4 * i + 2] << 16 | (uint32_t)state[4 * i + 3] << 24;
    ctx.count = 1; /* the pad was one block */
    memcpy(h->context, &ctx, sizeof ctx);
    secret_wipe(&ctx, sizeof ctx);
}

struct cram_md5_key cram_md5_key_of(str password)
{
    struct hmac h;
    struct cram_md5_key key;
    hmac_init(&h, HASH_MD5, password);
    md5_state_take(&h.inner, key.inner);
    md5_state_take(&h.outer, key.outer);
    secret_wipe(&h, sizeof h);
    return key;
}

static int hex_value(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Dovecot writes the outer state first. */
err cram_md5_key_parse(str hex64, struct cram_md5_key *ret_key)
{
    uint8_t bytes[32];
    if (hex64.n != 64)
        return err_new(ERR_SYNTAX, "CRAM-MD5 key is not 64 hexadecimal digits");
    for (size_t i = 0; i < 32; i++) {
        int high = hex_value(hex64.p[2 * i]), low = hex_value(hex64.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return err_new(ERR_SYNTAX, "CRAM-MD5 key is not 64 hexadecimal digits");
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret_key->outer, bytes, 16);
    memcpy(ret_key->inner, bytes + 16, 16);
    secret_wipe(bytes, sizeof bytes);
    return OK_ERR;
}

void cram_md5_key_hex(const struct cram_md5_key *key, char ret_hex[65])
{
    struct digest d = {.n = 32};
    memcpy(d.at, key->outer, 16);
    memcpy(d.at + 16, key->inner, 16);
    digest_hex(&d, ret_hex);
    secret_wipe(&d, sizeof d);
}

void cram_md5_answer(const struct cram_md5_key *key, str challenge, char ret_hex[33])
{
    struct hmac h;
    char hex[2 * HASH_SIZE_MAX + 1];
    md5_state_put(&h.inner, key->inner);
    md5_state_put(&h.outer, key->outer);
    hmac_add(&h, challenge);
    struct digest d = hmac_end(&h);
    digest_hex(&d, hex);
    memcpy(ret_hex, hex, 33);
}

void apop_answer(str banner, str password, char ret_hex[33])
{
    struct hash h;
    char hex[2 * HASH_SIZE_MAX + 1];
    hash_init(&h, HASH_MD5);
    hash_add(&h, banner);
    hash_add(&h, password);
    struct digest d = hash_end(&h);
    digest_hex(&d, hex);
    memcpy(ret_hex, hex, 33);
}
