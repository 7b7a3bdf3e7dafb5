/* SPDX-License-Identifier: ISC */
#include "ipc/auth.h"

#include "ipc/witness.h"

static const struct ipc_field auth_start_fields[] = {
    IPC_TEXT(struct auth_start, sid, 64),
    IPC_NUM(struct auth_start, service),
    IPC_TEXT(struct auth_start, mechanism, 32),
    IPC_NUM(struct auth_start, has_initial),
    IPC_TEXT(struct auth_start, initial, 12288),
    IPC_TEXT(struct auth_start, peer_ip, 64),
    IPC_NUM(struct auth_start, tls),
    IPC_TEXT(struct auth_start, tls_endpoint, 64),
    IPC_TEXT(struct auth_start, tls_exporter, 64),
    IPC_TEXT(struct auth_start, tls_unique, 64),
    IPC_TEXT(struct auth_start, tls_client, WITNESS_MAX),
    IPC_TEXT(struct auth_start, timestamp, 256),
};
const struct ipc_schema auth_start_schema =
    IPC_SCHEMA(IPC_AUTH_START, "auth start", auth_start_fields);

static const struct ipc_field auth_blob_fields[] = {
    IPC_TEXT(struct auth_blob, blob, 12288),
};
const struct ipc_schema auth_step_schema = IPC_SCHEMA(IPC_AUTH_STEP, "auth step", auth_blob_fields);
const struct ipc_schema auth_cancel_schema =
    IPC_SCHEMA(IPC_AUTH_CANCEL, "auth cancel", auth_blob_fields);
const struct ipc_schema auth_challenge_schema =
    IPC_SCHEMA(IPC_AUTH_CHALLENGE, "auth challenge", auth_blob_fields);

static const struct ipc_field auth_done_fields[] = {
    IPC_NUM(struct auth_done, outcome),     IPC_TEXT(struct auth_done, user, 255),
    IPC_NUM(struct auth_done, uid),         IPC_NUM(struct auth_done, gid),
    IPC_TEXT(struct auth_done, home, 1023), IPC_TEXT(struct auth_done, blob, 2048),
    IPC_TEXT(struct auth_done, text, 512),
};
const struct ipc_schema auth_done_schema = IPC_SCHEMA(IPC_AUTH_DONE, "auth done", auth_done_fields);
