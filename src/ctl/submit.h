/* SPDX-License-Identifier: ISC */
/* ctl/submit.h -- handing a message to the queue of the running house, as any local user may. */
#pragma once
#include "ctl/ctl.h"

struct envelope {
    str sender;
    struct buf recipients; /* as struct submit wants them */
    size_t n;
};

void envelope_init(struct envelope *e, str sender);
void envelope_done(struct envelope *e);
void envelope_add(struct envelope *e, str address);

struct submit_outcome {
    int code;       /* 0, or qmail-queue's exit code */
    char text[512]; /* when not 0: "D…" or "Z…" as in the table of qmail-queue's codes */
    char id[24];
};
/* Puts "Received: (qmail PID invoked by uid N)" on top and submits. Never fails otherwise
 * than by the outcome. */
void queue_submit(struct ctl *c, const struct envelope *e, str message, struct submit_outcome *ret);
/* The text of a qmail-queue exit code; its first letter D is permanent, Z temporary. */
const char *queue_code_text(int code);
