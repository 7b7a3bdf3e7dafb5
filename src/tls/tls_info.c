/* SPDX-License-Identifier: ISC */
#include <openssl/evp.h>
#include <openssl/x509.h>
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
    if (c->side->server && peer) {
        unsigned n = 0;
        ret_info->has_client_certificate =
            X509_digest(peer, EVP_sha256(), ret_info->client_certificate, &n) == 1;
    }
    ret_info->verified =
        !c->side->server && c->trust == TLS_VERIFIED && SSL_get_verify_result(c->ssl) == X509_V_OK;
}
