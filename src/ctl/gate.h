/* SPDX-License-Identifier: ISC */
/* ctl/gate.h -- what the commands about registrations share: the database, letters on their way,
 * the program that applies, and cards typed as words. */
#pragma once
#include "control/site.h"
#include "ctl/ctl.h"
#include "people/registry.h"

struct gate {
    struct ctl *ctl;
    struct site site;
    struct gate_settings settings;
    struct registry *registry;
    str actor; /* who asks: the caller's own login; root: "gate", or --by */
};

/* 0, or the exit code after saying why. The caller must be able to write the database: root. */
int gate_open(struct ctl *c, str by, struct gate *ret);
/* Sends what waits (a queue that is not there keeps it), closes. Returns code. */
int gate_close(struct gate *g, int code);
/* Runs twinpost-gate with these words; its exit code. */
int gate_program(struct ctl *c, const char *const *words, size_t n);
/* "--key=value" or "key=value" into the card; false: no such key. */
bool gate_word(const char *word, struct arena *a, struct card *card);
/* The event, told to the caller. 0, CTL_PERMANENT, CTL_TEMPORARY. */
int gate_act(struct gate *g, const struct reg_act *act, struct card *ret_card);
/* A first password that can be read out on the phone; its hash goes into the card. */
err gate_password(struct arena *a, str *ret_password, str *ret_hash);
