/* SPDX-License-Identifier: ISC */
#include "tls/tls_make.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "os/file.h"
#include "os/random.h"

enum { LEAF_DAYS = 397, AUTHORITY_DAYS = 3650, PEM_FILE_MAX = 64 * 1024 };

struct work {
    int dir;
    const struct tls_make *m;
    struct arena *arena;
    EVP_PKEY *ca_key, *key;
    X509 *ca, *leaf;
};

static err no_luck(const char *what)
{
    ERR_clear_error();
    return err_new(ERR_TEMP, what);
}

/* ---- PEM in files */

static int no_passphrase(char *p, int n, int writing, void *ctx)
{
    (void)p;
    (void)n;
    (void)writing;
    (void)ctx;
    return -1;
}

static err write_bio(int dir, const char *name, BIO *bio, bool good, mode_t mode)
{
    char *p = NULL;
    long n = bio ? BIO_get_mem_data(bio, &p) : 0;
    if (!good || n <= 0)
        return no_luck("encoding PEM");
    return file_replace(dir, name, str_of(p, (size_t)n), mode);
}

static err write_key(int dir, const char *name, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    bool good = bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    err e = write_bio(dir, name, bio, good, 0600);
    BIO_free(bio);
    return e;
}

static err write_certificates(int dir, const char *name, X509 *first, X509 *second)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio && PEM_write_bio_X509(bio, first) == 1 &&
                (!second || PEM_write_bio_X509(bio, second) == 1);
    err e = write_bio(dir, name, bio, good, 0644);
    BIO_free(bio);
    return e;
}

/* ERR_NOTFOUND when the file is not there. */
static err read_bio(const struct work *w, const char *name, BIO **ret_bio)
{
    str text;
    err e = file_read(w->dir, name, PEM_FILE_MAX, w->arena, &text);
    if (failed(e))
        return e;
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
    if (!bio)
        return no_luck("memory for PEM");
    *ret_bio = bio;
    return OK_ERR;
}

static err read_key(const struct work *w, const char *name, EVP_PKEY **ret_key)
{
    BIO *bio = NULL;
    err e = read_bio(w, name, &bio);
    if (failed(e))
        return e;
    *ret_key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return *ret_key ? OK_ERR : err_new(ERR_SYNTAX, "private key is not PEM, or has a passphrase");
}

static err key_here_or_new(const struct work *w, const char *name, EVP_PKEY **ret_key)
{
    err e = read_key(w, name, ret_key);
    if (e.kind != ERR_NOTFOUND)
        return e;
    *ret_key = EVP_EC_gen("P-256");
    return *ret_key ? write_key(w->dir, name, *ret_key) : no_luck("making a key");
}

/* ---- certificates */

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool good = ext && X509_add_ext(x, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return good;
}

/* 20 octets, positive, unguessable: RFC 5280 section 4.1.2.2. */
static bool set_serial(X509 *x)
{
    unsigned char raw[20];
    random_bytes(raw, sizeof raw);
    raw[0] = (raw[0] & 0x7f) | 0x40;
    BIGNUM *n = BN_bin2bn(raw, sizeof raw, NULL);
    bool good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
    BN_free(n);
    return good;
}

static bool set_text(X509_NAME *name, int nid, str text)
{
    return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                      (const unsigned char *)(uintptr_t)text.p, (int)text.n, -1,
                                      0) == 1;
}

/* An hour back: clients whose clock is a little slow take it too. */
static bool set_life(X509 *x, int64_t now, int days)
{
    return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now - 3600)) &&
           ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(now + (int64_t)days * 86400));
}

static X509 *begin(const struct work *w, EVP_PKEY *key, int days)
{
    X509 *x = X509_new();
    bool good = x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
                set_life(x, w->m->now, days) && X509_set_pubkey(x, key) == 1;
    if (good)
        return x;
    X509_free(x);
    return NULL;
}

static bool fill_authority(const struct work *w, X509 *x)
{
    X509_NAME *name = X509_get_subject_name(x);
    uint64_t mark = random_u64();
    /* Distinct for every authority: a client that trusts two houses must not mix them up. */
    str cn = arena_printf(w->arena, "twinpost house %016llx", (unsigned long long)mark);
    return set_text(name, NID_organizationName, str_slice(w->m->names[0], 0, 64)) &&
           set_text(name, NID_commonName, cn) && X509_set_issuer_name(x, name) == 1 &&
           add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(x, x, NID_subject_key_identifier, "hash");
}

static err make_authority(struct work *w)
{
    w->ca = begin(w, w->ca_key, AUTHORITY_DAYS);
    if (!w->ca || !fill_authority(w, w->ca) || X509_sign(w->ca, w->ca_key, EVP_sha256()) <= 0)
        return no_luck("making the authority's certificate");
    return write_certificates(w->dir, "ca.pem", w->ca, NULL);
}

static err authority_here_or_new(struct work *w)
{
    BIO *bio = NULL;
    err e = read_bio(w, "ca.pem", &bio);
    if (!failed(e)) {
        w->ca = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
        BIO_free(bio);
        ERR_clear_error();
        if (!w->ca)
            return err_new(ERR_SYNTAX, "ca.pem is not a certificate");
        e = read_key(w, "ca-key.pem", &w->ca_key);
        if (!failed(e) && X509_check_private_key(w->ca, w->ca_key) != 1)
            e = err_new(ERR_SYNTAX, "ca-key.pem does not belong to ca.pem");
        ERR_clear_error();
        return e;
    }
    if (e.kind == ERR_NOTFOUND)
        e = key_here_or_new(w, "ca-key.pem", &w->ca_key);
    return failed(e) ? e : make_authority(w);
}

/* The name as a GENERAL_NAME, built directly: a text form would let a comma in a name add
 * names of its own. NULL when it is neither a host name nor an address. */
static GENERAL_NAME *general_name(struct arena *a, str name)
{
    unsigned char raw[16];
    const char *text = arena_cstr(a, name);
    int type = GEN_IPADD;
    str bytes = str_of(raw, 0);
    if (inet_pton(AF_INET, text, raw) == 1) {
        bytes.n = 4;
    } else if (inet_pton(AF_INET6, text, raw) == 1) {
        bytes.n = 16;
    } else {
        type = GEN_DNS;
        bytes = arena_lower(a, name);
    }
    ASN1_STRING *value =
        ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    GENERAL_NAME *g = GENERAL_NAME_new();
    if (!g || !value || ASN1_STRING_set(value, bytes.p, (int)bytes.n) != 1) {
        ASN1_STRING_free(value);
        GENERAL_NAME_free(g);
        return NULL;
    }
    GENERAL_NAME_set0_value(g, type, value);
    return g;
}

static bool add_names(const struct work *w, X509 *x)
{
    GENERAL_NAMES *all = GENERAL_NAMES_new();
    bool good = all != NULL;
    for (size_t i = 0; good && i < w->m->names_n; i++) {
        GENERAL_NAME *g = general_name(w->arena, w->m->names[i]);
        good = g && sk_GENERAL_NAME_push(all, g) > 0;
        if (!good)
            GENERAL_NAME_free(g);
    }
    good = good && X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, 0) == 1;
    GENERAL_NAMES_free(all);
    return good;
}

static err make_leaf(struct work *w)
{
    int days = w->m->leaf_days ? w->m->leaf_days : LEAF_DAYS;
    X509 *x = w->leaf = begin(w, w->key, days);
    bool good =
        x && set_text(X509_get_subject_name(x), NID_commonName, str_slice(w->m->names[0], 0, 64)) &&
        X509_set_issuer_name(x, X509_get_subject_name(w->ca)) == 1 &&
        add_extension(x, w->ca, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(x, w->ca, NID_key_usage, "critical,digitalSignature") &&
        add_extension(x, w->ca, NID_ext_key_usage, "serverAuth") &&
        add_extension(x, w->ca, NID_subject_key_identifier, "hash") &&
        add_extension(x, w->ca, NID_authority_key_identifier, "keyid:always") && add_names(w, x) &&
        X509_sign(x, w->ca_key, EVP_sha256()) > 0;
    return good ? write_certificates(w->dir, "cert.pem", x, w->ca)
                : no_luck("making the house's certificate");
}

static bool is_here(int dir, const char *name)
{
    struct stat st;
    return !failed(file_stat(dir, name, &st));
}

static bool is_name(str s)
{
    if (!s.n || s.n > 253)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!char_is_alpha(s.p[i]) && !char_is_digit(s.p[i]) && !strchr("-._:*", s.p[i]))
            return false;
    return true;
}

static err check_names(const struct tls_make *m)
{
    if (!m->names_n || m->names_n > TLS_NAMES_MAX)
        return err_new(ERR_LIMIT, "number of names of a certificate");
    for (size_t i = 0; i < m->names_n; i++)
        if (!is_name(m->names[i]))
            return err_new(ERR_SYNTAX, "name of a certificate");
    return OK_ERR;
}

static err make(struct work *w)
{
    err e = authority_here_or_new(w);
    if (!failed(e))
        e = key_here_or_new(w, "key.pem", &w->key);
    return failed(e) ? e : make_leaf(w); /* last: cert.pem says that all is there */
}

err tls_make_certificates(int dir, const struct tls_make *m, bool *ret_made)
{
    bool have = is_here(dir, "cert.pem") && is_here(dir, "key.pem");
    err e = have ? OK_ERR : check_names(m);
    if (!failed(e) && !have) {
        struct work w = {.dir = dir, .m = m, .arena = arena_new("certificates", 1 << 20)};
        e = make(&w);
        X509_free(w.leaf);
        X509_free(w.ca);
        EVP_PKEY_free(w.key);
        EVP_PKEY_free(w.ca_key);
        arena_free(w.arena);
    }
    if (!failed(e) && ret_made)
        *ret_made = !have;
    return e;
}

err tls_certificate_expiry(str pem, int64_t *ret_not_after)
{
    if (pem.n > PEM_FILE_MAX)
        return err_new(ERR_LIMIT, "certificate file size");
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509 *x = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (!x)
        return err_new(ERR_SYNTAX, "certificate is not PEM");
    struct tm tm;
    bool good = ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1;
    X509_free(x);
    if (!good)
        return err_new(ERR_SYNTAX, "end of a certificate's validity");
    struct civil c = {.year = tm.tm_year + 1900,
                      .month = tm.tm_mon + 1,
                      .day = tm.tm_mday,
                      .hour = tm.tm_hour,
                      .minute = tm.tm_min,
                      .second = tm.tm_sec};
    *ret_not_after = civil_to_epoch(&c);
    return OK_ERR;
}
