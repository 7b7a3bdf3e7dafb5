/* SPDX-License-Identifier: ISC */
/* tls/tls.h -- TLS 1.2 and 1.3 over a descriptor, for both ends of a connection.
 *
 * The only folder that includes OpenSSL; nothing of it shows here. A server or client side
 * (struct tls_side) holds certificates and rules; each connection keeps the side it began
 * with, so a reload builds a new side and drops the old one while connections go on.
 *
 * Every connection is non-blocking underneath: tls_handshake/read/write move what they can
 * and say what the descriptor must become before they can go on. Event loops use these
 * directly. Linear code uses the same functions through tls/tls_wait.h.
 */
#pragma once
#include "base/base.h"

enum tls_want {
    TLS_READY,      /* done, or some bytes moved */
    TLS_WANT_READ,  /* nothing moved; call again when the descriptor is readable */
    TLS_WANT_WRITE, /* nothing moved; call again when the descriptor is writable */
};

#define TLS_PEM_MAX (256 * 1024) /* a certificate chain or key file */
#define TLS_CERTS_MAX 64         /* certificates of one server side */
#define TLS_HASH_MAX 64

struct tls_side;
struct tls_conn;

/* One certificate chain and its key, PEM. Names (SNI) are taken from the leaf's
 * subjectAltName. `name` is for events only. */
struct tls_pair {
    str name, chain, key;
};

struct tls_server_options {
    const struct tls_pair *pairs; /* the first one is the default */
    size_t pairs_n;
    bool only_tls13; /* TLS 1.2 is refused */
    str client_ca;   /* PEM: authorities whose client certificates are asked for, never demanded;
                        empty: none are */
};

struct tls_client_options {
    str ca;             /* PEM certificates to trust; empty: the system's */
    bool trusts_nobody; /* no authorities at all, whose loading takes 30 ms: for a side that only
                           makes opportunistic connections */
};

/* On failure *ret_bad names the pair that could not be used (NULL allowed). */
err tls_server_new(const struct tls_server_options *o, struct tls_side **ret_side, str *ret_bad);
err tls_client_new(const struct tls_client_options *o, struct tls_side **ret_side);
/* Reads a chain file and a key file below `dir` into the arena. */
err tls_pair_read(struct arena *a, int dir, const char *chain_path, const char *key_path,
                  struct tls_pair *ret_pair);
void tls_side_free(struct tls_side *s); /* NULL is fine; connections keep what they need */

/* The descriptor stays the caller's; it must be non-blocking. */
err tls_accept(struct tls_side *server, int fd, struct tls_conn **ret_conn);

enum tls_trust {
    TLS_OPPORTUNISTIC, /* any certificate: encryption against listeners only (RFC 7435) */
    TLS_VERIFIED,      /* a chain to the side's CA, and the name of the host in it */
};
/* `host` is sent as SNI and, when verified, must be in the certificate. An address literal
 * ("192.0.2.1", "2001:db8::1") is matched against addresses and not sent as SNI. */
err tls_connect(struct tls_side *client, int fd, str host, enum tls_trust trust,
                struct tls_conn **ret_conn);

/* ERR_CLOSED: the peer went away. ERR_DENIED: verification failed. ERR_SYNTAX: the peer does
 * not speak TLS as we do; tls_why() has words. All but tls_free are wrong after a failure. */
err tls_handshake(struct tls_conn *c, enum tls_want *ret_want);
/* *ret_n is 0 unless *ret_want is TLS_READY. The peer's close_notify is ERR_CLOSED too. */
err tls_read(struct tls_conn *c, void *p, size_t cap, size_t *ret_n, enum tls_want *ret_want);
/* May take a part. The next call may pass other memory, but the same bytes first. */
err tls_write(struct tls_conn *c, const void *p, size_t n, size_t *ret_n, enum tls_want *ret_want);
bool tls_pending(const struct tls_conn *c); /* bytes wait in here: do not poll, read */
err tls_close(struct tls_conn *c, enum tls_want *ret_want); /* sends close_notify; waits for none */
void tls_free(struct tls_conn *c);                          /* NULL is fine */
/* What failed in plain words ("no shared cipher", "certificate has expired"); lives as long as
 * the connection. */
const char *tls_why(const struct tls_conn *c);

struct tls_info {
    const char *version;             /* "TLSv1.3" */
    const char *cipher;              /* "TLS_AES_256_GCM_SHA384" */
    str sni;                         /* what the client asked for; empty if nothing */
    uint8_t end_point[TLS_HASH_MAX]; /* tls-server-end-point, RFC 5929 section 4 */
    size_t end_point_n;              /* 0: not defined for this certificate */
    uint8_t exporter[32];            /* tls-exporter, RFC 9266 */
    bool has_exporter;               /* not on TLS 1.2 without extended master secret */
    uint8_t unique[TLS_HASH_MAX];    /* tls-unique, RFC 5929 section 3 */
    size_t unique_n;                 /* 0: not on TLS 1.3, nor without extended master secret */
    bool has_client_certificate;
    /* Of a client certificate that the side's client_ca vouches for; empty: none, or several. */
    char client_email[256]; /* rfc822Name */
    char client_name[256];  /* common name */
    bool verified;          /* client side: chain and name were checked and right */
};
/* After the handshake. The views live as long as the connection. */
void tls_info(const struct tls_conn *c, struct tls_info *ret_info);
