/* SPDX-License-Identifier: ISC */
/* How it works: the file is read whole into an arena, each line parsed into a struct
 * credential whose views point into it, and indexed by name. The writer is in
 * credentials_write.c. */
#include "people/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/secret.h"
#include "os/file.h"
#include "people/credentials_file.h"
#include "wire/encoding.h"

struct credentials {
    struct arena *arena;
    struct map *by_name;
    str text;
    bool exists;
    struct stat stamp;
};

bool credentials_name_is_fine(str name)
{
    if (name.n == 0 || name.n > CREDENTIALS_NAME_MAX || name.p[0] == '#')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c <= ' ' || c == 0x7f || c == ':')
            return false;
    }
    return true;
}

static err secret_parse(str value, struct arena *a, struct credential *c)
{
    if (str_skip(&value, S("{CRAM-MD5}"))) {
        c->has_cram_md5 = true;
        return cram_md5_key_parse(value, &c->cram_md5);
    }
    auto_buf struct buf plain;
    buf_init(&plain, PASSWORD_MAX);
    err e = base64_decode(&plain, value);
    if (!failed(e))
        e = buf_check(&plain, "shared secret");
    if (!failed(e) && buf_str(&plain).n == 0)
        e = err_new(ERR_SYNTAX, "shared secret is empty");
    if (!failed(e)) {
        c->secret = arena_copy(a, buf_str(&plain));
        c->cram_md5 = cram_md5_key_of(c->secret);
        c->has_cram_md5 = true;
    }
    if (plain.p != NULL)
        secret_wipe(plain.p, plain.n);
    return e;
}

static err field_parse(str key, str value, struct arena *a, struct credential *c)
{
    if (str_eq(key, S("scram-sha-256")) && !c->has_scram_sha256) {
        c->has_scram_sha256 = true;
        return scram_keys_parse(HASH_SHA256, value, &c->scram_sha256);
    }
    if (str_eq(key, S("scram-sha-1")) && !c->has_scram_sha1) {
        c->has_scram_sha1 = true;
        return scram_keys_parse(HASH_SHA1, value, &c->scram_sha1);
    }
    if (str_eq(key, S("hash")) && c->hash.n == 0) {
        if (value.n == 0 || value.n > PASSWORD_STORED_MAX)
            return err_new(ERR_SYNTAX, "password hash");
        c->hash = value;
        return OK_ERR;
    }
    if (str_eq(key, S("secret")) && !c->has_cram_md5)
        return secret_parse(value, a, c);
    return err_new(ERR_SYNTAX, "credential field is unknown or there twice");
}

err credential_parse(str line, struct arena *a, struct credential *ret)
{
    struct credential c = {0};
    str field, key, value;
    if (line.n > CREDENTIALS_LINE_MAX)
        return err_new(ERR_LIMIT, "credential line");
    if (str_find(line, '\0') >= 0)
        return err_new(ERR_SYNTAX, "credential line holds a NUL");
    (void)str_cut(line, '\t', &c.name, &line);
    if (!credentials_name_is_fine(c.name))
        return err_new(ERR_SYNTAX, "user name");
    while (line.n > 0) {
        (void)str_cut(line, '\t', &field, &line);
        if (!str_cut(field, '=', &key, &value))
            return err_new(ERR_SYNTAX, "credential field has no value");
        err e = field_parse(key, value, a, &c);
        if (failed(e))
            return e;
    }
    *ret = c;
    return OK_ERR;
}

err credentials_file_begins(str *text)
{
    str line, version;
    uint64_t v;
    if (!str_line(text, &line) || !str_cut(line, ' ', &line, &version) ||
        !str_eq(line, S("twinpost-credentials")) || !str_u64(version, &v))
        return err_new(ERR_SYNTAX, "not a credentials file: its first line does not say so");
    if (v != CREDENTIALS_VERSION)
        return err_new(ERR_SYNTAX, "credentials file of another version");
    return OK_ERR;
}

static void load_line(struct credentials *c, str line, unsigned number,
                      credentials_problem_fn *problem, void *ctx)
{
    if (line.n == 0 || line.p[0] == '#')
        return;
    struct credential *one = NEW(c->arena, struct credential);
    err e = credential_parse(line, c->arena, one);
    if (!failed(e) && map_get(c->by_name, one->name) != NULL)
        e = err_new(ERR_SYNTAX, "user name is there twice; the first holds");
    if (!failed(e))
        map_put(c->by_name, one->name, one);
    else if (problem != NULL)
        problem(ctx, number, e);
}

static err load_file(struct credentials *c, int people_dir, credentials_problem_fn *problem,
                     void *ctx)
{
    str text, line;
    err e = file_stat(people_dir, CREDENTIALS_FILE, &c->stamp);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (!failed(e))
        e = file_read(people_dir, CREDENTIALS_FILE, CREDENTIALS_FILE_MAX, c->arena, &c->text);
    if (failed(e))
        return e;
    c->exists = true;
    text = c->text;
    e = credentials_file_begins(&text);
    if (failed(e))
        return e;
    for (unsigned number = 2; str_line(&text, &line); number++)
        load_line(c, line, number, problem, ctx);
    return OK_ERR;
}

struct credentials *credentials_none(void)
{
    struct credentials *c = mem_alloc("credentials", sizeof *c);
    c->arena = arena_new("credentials", 8UL * CREDENTIALS_FILE_MAX);
    c->by_name = map_new();
    return c;
}

err credentials_load(int people_dir, credentials_problem_fn *problem, void *ctx,
                     struct credentials **ret)
{
    struct credentials *c = credentials_none();
    err e = load_file(c, people_dir, problem, ctx);
    if (failed(e)) {
        credentials_free(c);
        return e;
    }
    *ret = c;
    return OK_ERR;
}

void credentials_free(struct credentials *c)
{
    if (c == NULL)
        return;
    void *value;
    str key;
    for (size_t at = 0; map_next(c->by_name, &at, &key, &value);) {
        struct credential *one = value;
        if (one->secret.n > 0)
            secret_wipe((void *)(uintptr_t)one->secret.p, one->secret.n);
        secret_wipe(one, sizeof *one);
    }
    map_free(c->by_name);
    if (c->text.n > 0)
        secret_wipe((void *)(uintptr_t)c->text.p, c->text.n);
    arena_free(c->arena);
    free(c);
}

const struct credential *credentials_find(const struct credentials *c, str name)
{
    return map_get(c->by_name, name);
}

size_t credentials_count(const struct credentials *c)
{
    return map_count(c->by_name);
}

bool credentials_changed(const struct credentials *c, int people_dir)
{
    struct stat now;
    err e = file_stat(people_dir, CREDENTIALS_FILE, &now);
    if (failed(e))
        return e.kind == ERR_NOTFOUND ? c->exists : true;
    const struct stat *was = &c->stamp;
    return !c->exists || now.st_ino != was->st_ino || now.st_dev != was->st_dev ||
           now.st_size != was->st_size || now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

void credentials_seen(struct credentials *c, int people_dir)
{
    c->exists = !failed(file_stat(people_dir, CREDENTIALS_FILE, &c->stamp));
}

err credential_stored(const struct credential *c, struct buf *out)
{
    /* Whoever has the file would guess by the cheaper of the two anyhow, so we check by it. */
    if (c->has_scram_sha256) {
        buf_add(out, S("{SCRAM-SHA-256}"));
        scram_keys_write(&c->scram_sha256, out);
    } else if (c->hash.n > 0) {
        buf_add(out, c->hash);
    } else if (c->has_scram_sha1) {
        buf_add(out, S("{SCRAM-SHA-1}"));
        scram_keys_write(&c->scram_sha1, out);
    } else if (c->has_cram_md5) {
        char hex[65];
        cram_md5_key_hex(&c->cram_md5, hex);
        buf_addf(out, "{CRAM-MD5}%s", hex);
        secret_wipe(hex, sizeof hex);
    } else {
        buf_add(out, S("*"));
    }
    return buf_check(out, "stored password");
}

void credential_summary(const struct credential *c, struct buf *out)
{
    if (c->has_scram_sha256)
        buf_add(out, S("scram-sha-256 "));
    if (c->has_scram_sha1)
        buf_add(out, S("scram-sha-1 "));
    if (c->hash.n > 0)
        buf_add(out, S("hash "));
    if (c->has_cram_md5)
        buf_add(out, c->secret.n > 0 ? S("secret ") : S("cram-md5 "));
    if (out->n > 0 && out->p[out->n - 1] == ' ')
        out->n--;
}

/* ---- those who do not exist ---- */

err people_secret(int people_dir, uint8_t ret_secret[PEOPLE_SECRET_BYTES])
{
    auto_arena struct arena *a = arena_new("people secret", 4096);
    str bytes;
    err e = file_read(people_dir, "salt-secret", PEOPLE_SECRET_BYTES, a, &bytes);
    if (!failed(e) && bytes.n == PEOPLE_SECRET_BYTES) {
        memcpy(ret_secret, bytes.p, PEOPLE_SECRET_BYTES);
        return OK_ERR;
    }
    if (failed(e) && e.kind != ERR_NOTFOUND)
        return e;
    char fresh[PEOPLE_SECRET_BYTES];
    random_text(fresh, sizeof fresh); /* 192 bits, and readable when it is copied by hand */
    e = file_replace(people_dir, "salt-secret", str_of(fresh, sizeof fresh), 0600);
    if (failed(e))
        return e;
    memcpy(ret_secret, fresh, PEOPLE_SECRET_BYTES);
    return OK_ERR;
}

static void fake_keys(const uint8_t secret[PEOPLE_SECRET_BYTES], str name, enum hash_kind kind,
                      struct scram_keys *ret)
{
    str key = str_of(secret, PEOPLE_SECRET_BYTES);
    struct hmac h;
    hmac_init(&h, HASH_SHA256, key);
    hmac_add(&h, str_from(hash_name(kind)));
    hmac_add(&h, S("\0salt\0"));
    hmac_add(&h, name);
    struct digest salt = hmac_end(&h);
    struct digest stored = hmac_of(HASH_SHA256, key, digest_str(&salt));
    struct digest server = hmac_of(HASH_SHA256, key, digest_str(&stored));
    *ret = (struct scram_keys){
        .hash = kind, .iterations = SCRAM_ITERATIONS, .salt_n = SCRAM_SALT_BYTES};
    memcpy(ret->salt, salt.at, SCRAM_SALT_BYTES);
    ret->stored_key = stored;
    ret->server_key = server;
    ret->stored_key.n = ret->server_key.n = hash_size(kind);
}

void credential_fake(const uint8_t secret[PEOPLE_SECRET_BYTES], str name, struct credential *ret)
{
    *ret = (struct credential){.name = name, .has_scram_sha256 = true, .has_scram_sha1 = true};
    fake_keys(secret, name, HASH_SHA256, &ret->scram_sha256);
    fake_keys(secret, name, HASH_SHA1, &ret->scram_sha1);
    struct digest d = hmac_of(HASH_SHA256, str_of(secret, PEOPLE_SECRET_BYTES), name);
    ret->cram_md5 = cram_md5_key_of(digest_str(&d));
}
