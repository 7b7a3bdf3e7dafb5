/* SPDX-License-Identifier: ISC */
#include "ipc/work.h"

static const struct ipc_field work_job_fields[] = {
    IPC_NUM(struct work_job, job),
    IPC_TEXT(struct work_job, id, 20),
    IPC_NUM(struct work_job, number),
    IPC_TEXT(struct work_job, sender, 1100),
    IPC_TEXT(struct work_job, recipients, SUBMIT_RECIPIENT_BYTES),
    IPC_TEXT(struct work_job, host, 1023),
    IPC_TEXT(struct work_job, user, 255),
    IPC_TEXT(struct work_job, home, 1023),
    IPC_TEXT(struct work_job, local, 2048),
    IPC_TEXT(struct work_job, dash, 16),
    IPC_TEXT(struct work_job, ext, 1100),
    IPC_TEXT(struct work_job, default_delivery, 1024),
    IPC_TEXT(struct work_job, orcpt, 16384),
    IPC_TEXT(struct work_job, notify, 4096),
    IPC_TEXT(struct work_job, envid, 100),
    IPC_NUM(struct work_job, flags),
    IPC_NUM(struct work_job, arrived),
    IPC_NUM(struct work_job, size),
    IPC_TEXT(struct work_job, message, IPC_INLINE_MAX),
};
const struct ipc_schema work_job_schema = IPC_SCHEMA(IPC_WORK_JOB, "work job", work_job_fields);

static const struct ipc_field work_result_fields[] = {
    IPC_NUM(struct work_result, job),         IPC_NUM(struct work_result, outcome),
    IPC_TEXT(struct work_result, text, 4096), IPC_TEXT(struct work_result, recipients, 131072),
    IPC_NUM(struct work_result, timed_out),   IPC_NUM(struct work_result, dsn),
};
const struct ipc_schema work_result_schema =
    IPC_SCHEMA(IPC_WORK_RESULT, "work result", work_result_fields);
