/* SPDX-License-Identifier: ISC */
#include "ipc/session.h"

#include "ipc/witness.h"

static const struct ipc_field session_start_fields[] = {
    IPC_TEXT(struct session_start, sid, 64),
    IPC_NUM(struct session_start, service),
    IPC_TEXT(struct session_start, peer_ip, 64),
    IPC_NUM(struct session_start, peer_port),
    IPC_TEXT(struct session_start, local_ip, 64),
    IPC_NUM(struct session_start, local_port),
    IPC_TEXT(struct session_start, environment, 4096),
    IPC_NUM(struct session_start, can_starttls),
    IPC_NUM(struct session_start, tls),
    IPC_TEXT(struct session_start, tls_version, 32),
    IPC_TEXT(struct session_start, tls_cipher, 64),
    IPC_TEXT(struct session_start, tls_sni, 255),
    IPC_TEXT(struct session_start, tls_endpoint, 64),
    IPC_TEXT(struct session_start, tls_exporter, 64),
    IPC_TEXT(struct session_start, tls_unique, 64),
    IPC_TEXT(struct session_start, tls_client_cert, WITNESS_MAX),
};
const struct ipc_schema session_start_schema =
    IPC_SCHEMA(IPC_SESSION_START, "session start", session_start_fields);

static const struct ipc_field session_starttls_fields[] = {
    IPC_NUM(struct session_starttls, unused),
    IPC_TEXT(struct session_starttls, answer, 512),
};
const struct ipc_schema session_starttls_schema =
    IPC_SCHEMA(IPC_SESSION_STARTTLS, "session starttls", session_starttls_fields);
const struct ipc_schema session_drain_schema =
    IPC_SCHEMA(IPC_SESSION_DRAIN, "session drain", session_starttls_fields);

static const struct ipc_field session_tls_fields[] = {
    IPC_NUM(struct session_tls, ok),
    IPC_TEXT(struct session_tls, tls_version, 32),
    IPC_TEXT(struct session_tls, tls_cipher, 64),
    IPC_TEXT(struct session_tls, tls_sni, 255),
    IPC_TEXT(struct session_tls, tls_endpoint, 64),
    IPC_TEXT(struct session_tls, tls_exporter, 64),
    IPC_TEXT(struct session_tls, tls_unique, 64),
    IPC_TEXT(struct session_tls, tls_client_cert, WITNESS_MAX),
};
const struct ipc_schema session_tls_schema =
    IPC_SCHEMA(IPC_SESSION_TLS, "session tls", session_tls_fields);

static const struct ipc_field session_note_fields[] = {
    IPC_NUM(struct session_note, kind),
};
const struct ipc_schema session_note_schema =
    IPC_SCHEMA(IPC_SESSION_NOTE, "session note", session_note_fields);
