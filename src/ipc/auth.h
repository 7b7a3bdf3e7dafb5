/* SPDX-License-Identifier: ISC */
/* ipc/auth.h -- a session asks auth whether a login is right; it only relays the blobs.
 *
 * START, then CHALLENGE/STEP as the mechanism wants, then DONE. Blobs are raw bytes (base64
 * undone). POP3's USER/PASS travel as PLAIN ("\0user\0pass"); APOP as mechanism "APOP" with
 * blob "user digest" and the greeting's timestamp in `timestamp`.
 * Before DONE with ok, auth has told init (IPC_INIT_GRANTED), for IMAP and POP3: an SMTP session
 * becomes nobody. CANCEL is answered by DONE too. A failed login's DONE comes late (0.5 to 15 s);
 * until then nothing more may be sent. Whoever gives binding data must offer the SCRAM-…-PLUS
 * names: a client that could bind and saw none says so, which RFC 5802 6 has us refuse.
 */
#pragma once
#include "ipc/channel.h"

struct auth_start {
    str sid;
    uint32_t service; /* enum service */
    str mechanism;    /* upper case: "SCRAM-SHA-256" */
    uint32_t has_initial;
    str initial;
    str peer_ip;
    uint32_t tls;
    str tls_endpoint, tls_exporter, tls_unique; /* channel binding data */
    str tls_client; /* front's word about the client's certificate: ipc/witness.h */
    str timestamp;  /* APOP: "<…>" of the greeting */
};
extern const struct ipc_schema auth_start_schema;

struct auth_blob {
    str blob;
};
extern const struct ipc_schema auth_step_schema;      /* struct auth_blob: client's response */
extern const struct ipc_schema auth_cancel_schema;    /* struct auth_blob, empty: client sent "*" */
extern const struct ipc_schema auth_challenge_schema; /* struct auth_blob: send it to the client */

enum auth_outcome {
    AUTH_OK = 1,
    AUTH_BAD,          /* wrong name or password: never says which */
    AUTH_NEEDS_TLS,    /* plaintext mechanism without TLS: text says what to use instead */
    AUTH_NO_MECHANISM, /* not offered */
    AUTH_SYNTAX,       /* malformed blob */
    AUTH_TEMP,         /* cannot tell now */
};
struct auth_done {
    uint32_t outcome; /* enum auth_outcome */
    str user;         /* on AUTH_OK */
    uint32_t uid, gid;
    str home;
    str blob; /* server's last message (SCRAM v=…): goes with or before the OK */
    str text; /* for the person */
};
extern const struct ipc_schema auth_done_schema;
