/* SPDX-License-Identifier: ISC */
/* tls/tls_private.h -- what the files of this folder share. Not for others. */
#pragma once
#include <openssl/ssl.h>

#include "tls/tls.h"

struct tls_name {
    str name; /* lower case; may begin with "*." */
    size_t pair;
};

struct tls_side {
    size_t refs;
    bool server;
    SSL_CTX *ctx[TLS_CERTS_MAX]; /* client sides have one */
    size_t ctx_n;
    struct map *names; /* server: name -> SSL_CTX, not owned */
};

struct tls_conn {
    SSL *ssl;
    struct tls_side *side;
    int fd;
    bool handshaken, dead;
    bool unverified; /* the client's certificate is not what client_ca vouches for */
    enum tls_trust trust;
    char why[160];
};

struct tls_side *tls_side_ref(struct tls_side *s);
/* The non-blocking socket BIO that never raises SIGPIPE. NULL when memory is short. */
BIO *tls_socket_bio(int fd);
