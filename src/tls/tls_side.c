/* SPDX-License-Identifier: ISC */
#include "tls/tls_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "os/file.h"

/* What mail clients of the last ten years speak; forward secrecy and AEAD only. */
#define SERVER_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

static BIO *pem_bio(str pem)
{
    return BIO_new_mem_buf(pem.p, (int)pem.n);
}

/* Keys with a passphrase are refused: OpenSSL would otherwise ask on the terminal. */
static int no_passphrase(char *p, int n, int writing, void *ctx)
{
    (void)p;
    (void)n;
    (void)writing;
    (void)ctx;
    return -1;
}

static err use_chain(SSL_CTX *ctx, str chain)
{
    BIO *bio = pem_bio(chain);
    if (!bio)
        return err_new(ERR_TEMP, "memory for a certificate");
    X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
    bool good = leaf && SSL_CTX_use_certificate(ctx, leaf) == 1;
    X509_free(leaf);
    for (size_t i = 0; good && i < 10; i++) {
        X509 *above = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
        if (!above)
            break;
        good = SSL_CTX_add0_chain_cert(ctx, above) == 1;
        if (!good)
            X509_free(above);
    }
    BIO_free(bio);
    ERR_clear_error();
    return good ? OK_ERR : err_new(ERR_SYNTAX, "certificate chain is not PEM");
}

static err use_key(SSL_CTX *ctx, str key)
{
    BIO *bio = pem_bio(key);
    if (!bio)
        return err_new(ERR_TEMP, "memory for a key");
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    err e = OK_ERR;
    if (!pkey)
        e = err_new(ERR_SYNTAX, "private key is not PEM, or has a passphrase");
    else if (SSL_CTX_use_PrivateKey(ctx, pkey) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        e = err_new(ERR_SYNTAX, "private key does not belong to the certificate");
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return e;
}

static void common_rules(SSL_CTX *ctx)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* RFC 5746, 7366: renegotiation and compression bring nothing to mail but attacks. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* No resumption: no keys that outlive a connection, no cache that strangers can fill. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
}

/* A client without a certificate of our authorities is a client like the others. */
static int any_certificate(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_conn *c = ssl ? SSL_get_app_data(ssl) : NULL;
    if (!ok && c)
        c->unverified = true;
    return 1;
}

static err trust_these(SSL_CTX *ctx, str pem, bool tell_client);

static int choose_certificate(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    const struct tls_side *side = arg;
    str asked = str_from(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    char wild[260] = "*.";
    char low[256];
    if (!asked.n || asked.n >= sizeof low)
        return SSL_TLSEXT_ERR_OK;
    for (size_t i = 0; i < asked.n; i++)
        low[i] = char_lower(asked.p[i]);
    SSL_CTX *ctx = map_get(side->names, str_of(low, asked.n));
    str label, rest;
    if (!ctx && str_cut(str_of(low, asked.n), '.', &label, &rest)) {
        for (size_t i = 0; i < rest.n; i++)
            wild[2 + i] = rest.p[i];
        ctx = map_get(side->names, str_of(wild, rest.n + 2));
    }
    /* An unknown name gets the default: clients that connect by another name than the
     * certificate's decide for themselves whether they mind. */
    if (ctx)
        SSL_set_SSL_CTX(ssl, ctx);
    return SSL_TLSEXT_ERR_OK;
}

static void note_name(struct tls_side *side, const ASN1_STRING *text, SSL_CTX *ctx)
{
    char low[256];
    str name = str_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
    if (!name.n || name.n >= sizeof low)
        return;
    for (size_t i = 0; i < name.n; i++)
        low[i] = char_lower(name.p[i]);
    name = str_of(low, name.n);
    if (!map_get(side->names, name)) /* the first pair that has a name keeps it */
        map_put(side->names, name, ctx);
}

static void note_names(struct tls_side *side, SSL_CTX *ctx)
{
    GENERAL_NAMES *all =
        X509_get_ext_d2i(SSL_CTX_get0_certificate(ctx), NID_subject_alt_name, NULL, NULL);
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all) && i < 1000; i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
        if (g->type == GEN_DNS)
            note_name(side, g->d.dNSName, ctx);
    }
    GENERAL_NAMES_free(all);
}

static err add_pair(struct tls_side *side, const struct tls_server_options *o,
                    const struct tls_pair *pair)
{
    if (pair->chain.n > TLS_PEM_MAX || pair->key.n > TLS_PEM_MAX)
        return err_new(ERR_LIMIT, "certificate file size");
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return err_new(ERR_TEMP, "memory for TLS");
    side->ctx[side->ctx_n++] = ctx;
    common_rules(ctx);
    if (o->only_tls13)
        SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    if (SSL_CTX_set_cipher_list(ctx, SERVER_CIPHERS) != 1)
        return err_new(ERR_TEMP, "TLS cipher list");
    err e = OK_ERR;
    if (o->client_ca.n) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, any_certificate);
        e = trust_these(ctx, o->client_ca, true);
    }
    if (!failed(e))
        e = use_chain(ctx, pair->chain);
    if (!failed(e))
        e = use_key(ctx, pair->key);
    if (!failed(e))
        note_names(side, ctx);
    return e;
}

static struct tls_side *side_new(bool server)
{
    struct tls_side *side = mem_alloc("tls side", sizeof *side);
    side->refs = 1;
    side->server = server;
    side->names = map_new();
    return side;
}

err tls_server_new(const struct tls_server_options *o, struct tls_side **ret_side, str *ret_bad)
{
    if (!o->pairs_n)
        return err_new(ERR_NOTFOUND, "no certificate");
    if (o->pairs_n > TLS_CERTS_MAX)
        return err_new(ERR_LIMIT, "number of certificates");
    struct tls_side *side = side_new(true);
    for (size_t i = 0; i < o->pairs_n; i++) {
        err e = add_pair(side, o, &o->pairs[i]);
        if (failed(e)) {
            if (ret_bad)
                *ret_bad = o->pairs[i].name;
            tls_side_free(side);
            return e;
        }
    }
    SSL_CTX_set_tlsext_servername_callback(side->ctx[0], choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(side->ctx[0], side);
    *ret_side = side;
    return OK_ERR;
}

static err trust_these(SSL_CTX *ctx, str pem, bool tell_client)
{
    BIO *bio = pem_bio(pem);
    if (!bio)
        return err_new(ERR_TEMP, "memory for a certificate");
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    size_t n = 0;
    for (X509 *x; (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)); X509_free(x))
        n += X509_STORE_add_cert(store, x) == 1 &&
             (!tell_client || SSL_CTX_add_client_CA(ctx, x) == 1);
    BIO_free(bio);
    ERR_clear_error();
    return n ? OK_ERR : err_new(ERR_SYNTAX, "no certificate of an authority in PEM");
}

err tls_client_new(const struct tls_client_options *o, struct tls_side **ret_side)
{
    if (o->ca.n > TLS_PEM_MAX * 4)
        return err_new(ERR_LIMIT, "certificate file size");
    struct tls_side *side = side_new(false);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    err e = OK_ERR;
    if (!ctx) {
        tls_side_free(side);
        return err_new(ERR_TEMP, "memory for TLS");
    }
    side->ctx[side->ctx_n++] = ctx;
    common_rules(ctx);
    if (o->ca.n)
        e = trust_these(ctx, o->ca, false);
    else if (!o->trusts_nobody)
        SSL_CTX_set_default_verify_paths(ctx); /* none there: verified connections fail */
    if (failed(e)) {
        tls_side_free(side);
        return e;
    }
    *ret_side = side;
    return OK_ERR;
}

struct tls_side *tls_side_ref(struct tls_side *s)
{
    s->refs++;
    return s;
}

void tls_side_free(struct tls_side *s)
{
    if (!s || --s->refs)
        return;
    for (size_t i = 0; i < s->ctx_n; i++)
        SSL_CTX_free(s->ctx[i]);
    map_free(s->names);
    free(s);
}

err tls_pair_read(struct arena *a, int dir, const char *chain_path, const char *key_path,
                  struct tls_pair *ret_pair)
{
    struct tls_pair pair = {.name = arena_copy(a, str_from(chain_path))};
    err e = file_read(dir, chain_path, TLS_PEM_MAX, a, &pair.chain);
    if (!failed(e))
        e = file_read(dir, key_path, TLS_PEM_MAX, a, &pair.key);
    if (!failed(e))
        *ret_pair = pair;
    return e;
}
