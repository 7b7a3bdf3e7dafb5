/* SPDX-License-Identifier: ISC */
#include "ipc/submit.h"

static const struct ipc_field submit_fields[] = {
    IPC_TEXT(struct submit, sid, 64),
    IPC_TEXT(struct submit, sender, 1003),
    IPC_TEXT(struct submit, recipients, SUBMIT_RECIPIENT_BYTES),
    IPC_TEXT(struct submit, message, IPC_INLINE_MAX),
    IPC_NUM(struct submit, size),
    IPC_NUM(struct submit, file),
    IPC_NUM(struct submit, flags),
    IPC_TEXT(struct submit, envid, 100),
    IPC_TEXT(struct submit, user, 255),
    IPC_NUM(struct submit, uid),
    IPC_NUM(struct submit, pid),
};
const struct ipc_schema submit_schema = IPC_SCHEMA(IPC_SUBMIT, "submit", submit_fields);

static const struct ipc_field submit_done_fields[] = {
    IPC_NUM(struct submit_done, ok),
    IPC_NUM(struct submit_done, permanent),
    IPC_TEXT(struct submit_done, id, 20),
    IPC_TEXT(struct submit_done, text, 512),
};
const struct ipc_schema submit_done_schema =
    IPC_SCHEMA(IPC_SUBMIT_DONE, "submit done", submit_done_fields);

static const struct ipc_field submit_file_ask_fields[] = {
    IPC_NUM(struct submit_file_ask, size_hint),
};
const struct ipc_schema submit_file_ask_schema =
    IPC_SCHEMA(IPC_SUBMIT_FILE_ASK, "submit file ask", submit_file_ask_fields);

static const struct ipc_field submit_file_fields[] = {
    IPC_NUM(struct submit_file, file),
    IPC_TEXT(struct submit_file, text, 512),
};
const struct ipc_schema submit_file_schema =
    IPC_SCHEMA(IPC_SUBMIT_FILE, "submit file", submit_file_fields);
