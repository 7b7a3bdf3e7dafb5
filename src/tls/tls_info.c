/* SPDX-License-Identifier: ISC */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tls/tls_private.h"

/* RFC 5929 section 4.1: the hash of the certificate's own signature, but SHA-256 in place of
 * MD5 and SHA-1; without a single such hash (Ed25519) the binding is not defined. */
static void end_point(const X509 *cert, struct tls_info *info)
{
    int md = NID_undef;
    if (!cert || X509_get_signature_info((X509 *)(uintptr_t)cert, &md, NULL, NULL, NULL) != 1)
        return;
    if (md == NID_md5 || md == NID_sha1)
        md = NID_sha256;
    const EVP_MD *hash = md == NID_undef ? NULL : EVP_get_digestbynid(md);
    unsigned n = 0;
    if (hash && (size_t)EVP_MD_get_size(hash) <= sizeof info->end_point &&
        X509_digest(cert, hash, info->end_point, &n) == 1)
        info->end_point_n = n;
}

/* RFC 9266. TLS 1.2 needs the extended master secret (section 4.2: else the value does not bind
 * the connection). No context: on 1.2 that differs from an empty one, and no context is what
 * other implementations use. */
static void exporter(SSL *ssl, struct tls_info *info)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
        return;
    info->has_exporter = SSL_export_keying_material(ssl, info->exporter, sizeof info->exporter,
                                                    label, sizeof label - 1, NULL, 0, 0) == 1;
}

/* The first Finished message of the handshake: the client's, since nothing is resumed. RFC 7627 5.4
 * tells why it binds nothing without the extended master secret; RFC 9266 that TLS 1.3 has none. */
static void unique(const struct tls_conn *c, struct tls_info *info)
{
    if (SSL_version(c->ssl) >= TLS1_3_VERSION || SSL_get_extms_support(c->ssl) != 1)
        return;
    info->unique_n = c->side->server
                         ? SSL_get_peer_finished(c->ssl, info->unique, sizeof info->unique)
                         : SSL_get_finished(c->ssl, info->unique, sizeof info->unique);
    if (info->unique_n > sizeof info->unique)
        info->unique_n = 0; /* cannot be: 12 octets */
}

static void copy_name(const ASN1_STRING *s, char *ret, size_t size)
{
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, s);
    ret[0] = 0;
    if (n > 0 && (size_t)n < size && !memchr(utf8, 0, (size_t)n)) {
        memcpy(ret, utf8, (size_t)n);
        ret[n] = 0;
    }
    OPENSSL_free(utf8);
}

/* A certificate with two of a kind leaves open whose it is: none counts. */
static void client_names(const X509 *cert, struct tls_info *info)
{
    int n = 0;
    GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; all && i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
        if (g->type != GEN_EMAIL)
            continue;
        copy_name(g->d.rfc822Name, info->client_email, sizeof info->client_email);
        if (n++)
            info->client_email[0] = 0;
    }
    GENERAL_NAMES_free(all);
    X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0 && X509_NAME_get_index_by_NID(subject, NID_commonName, at) < 0)
        copy_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), info->client_name,
                  sizeof info->client_name);
}

void tls_info(const struct tls_conn *c, struct tls_info *ret_info)
{
    *ret_info = (struct tls_info){0};
    if (!c->handshaken || c->dead)
        return;
    const X509 *peer = SSL_get0_peer_certificate(c->ssl);
    ret_info->version = SSL_get_version(c->ssl);
    ret_info->cipher = SSL_get_cipher_name(c->ssl);
    ret_info->sni = str_from(SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name));
    end_point(c->side->server ? SSL_get_certificate(c->ssl) : peer, ret_info);
    exporter(c->ssl, ret_info);
    unique(c, ret_info);
    ret_info->has_client_certificate = c->side->server && peer;
    /* OpenSSL keeps the first failure though any_certificate() lets the handshake go on. */
    if (ret_info->has_client_certificate && !c->unverified &&
        SSL_get_verify_result(c->ssl) == X509_V_OK)
        client_names(peer, ret_info);
    ret_info->verified =
        !c->side->server && c->trust == TLS_VERIFIED && SSL_get_verify_result(c->ssl) == X509_V_OK;
}
