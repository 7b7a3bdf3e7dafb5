/* SPDX-License-Identifier: ISC */
/* ipc/session.h -- front and a session.
 *
 * front accepts, then sends IPC_SESSION_START to the session program's parent (channel given
 * by init as a door), with fds = data (stream), control (packets). The parent forks; the
 * child talks the protocol over `data` in plain bytes and keeps `control` for front, as the
 * leash of its stream: front ends the session by closing it, the session ends the connection.
 * `data` is one end of a pair under TLS, and the client's own socket without: lent, so that a
 * plain connection costs no copying; front keeps a descriptor of it and alone decides its end.
 * STARTTLS: the session flushes what it has said so far, sends IPC_SESSION_STARTTLS with its
 * "220 go on" as `answer`, and touches the client's socket no more; it waits for
 * IPC_SESSION_TLS (same packet id), which carries a *new* data socket. front throws away what
 * the client sent too early, and only then says the answer, so that no octet of the handshake
 * can be taken for plain text or the other way round; the session gives the lent socket up,
 * and with it what it had read too early (io_replace). RFC 3207 4.2, RFC 2595.
 */
#pragma once
#include "ipc/channel.h"

struct session_start {
    str sid;          /* 32 hex digits, unguessable */
    uint32_t service; /* enum service */
    str peer_ip;
    uint32_t peer_port;
    str local_ip;
    uint32_t local_port;
    str environment;       /* of tcprules: NAME=value NUL each (RELAYCLIENT, DATABYTES, …) */
    uint32_t can_starttls; /* 1: front has certificates: STARTTLS may be offered */
    uint32_t tls;          /* 1: the client's side is TLS now */
    str tls_version, tls_cipher, tls_sni;
    str tls_endpoint;    /* RFC 5929 tls-server-end-point */
    str tls_exporter;    /* RFC 9266 tls-exporter */
    str tls_unique;      /* RFC 5929 tls-unique; TLS 1.2 alone */
    str tls_client_cert; /* who the client's certificate says he is, sealed for auth
                            (ipc/witness.h); or empty */
};
extern const struct ipc_schema session_start_schema;

struct session_starttls {
    uint32_t unused;
    str answer; /* what front says to the client before the handshake, with its CRLF */
};
extern const struct ipc_schema session_starttls_schema;

/* front -> session: fds = the new data socket. ok 0: the handshake failed, the end is near. */
struct session_tls {
    uint32_t ok;
    str tls_version, tls_cipher, tls_sni, tls_endpoint, tls_exporter, tls_unique, tls_client_cert;
};
extern const struct ipc_schema session_tls_schema;

/* front -> session: the house closes; finish the command and say goodbye. */
extern const struct ipc_schema session_drain_schema; /* struct session_starttls */

/* session -> front: what it learned about the peer, for the ledger at the door. */
enum session_note_kind { NOTE_LOGIN_FAILED = 1, NOTE_LOGIN_OK, NOTE_ABUSE };
struct session_note {
    uint32_t kind;
};
extern const struct ipc_schema session_note_schema;
