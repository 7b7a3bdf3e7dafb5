/* SPDX-License-Identifier: ISC */
/* ctl/ezmlm.h -- what all commands named ezmlm-* share: the directory, the delivery's variables,
 * the message, the way to the queue, the exit. */
#pragma once
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "list/list.h"

struct ezmlm {
    struct ctl *ctl;
    struct mlist list;
    struct list_run run;
};

enum ezmlm_need { EZMLM_MESSAGE = 1, EZMLM_DEFAULT = 2, EZMLM_SENDER = 4 };

/* False: *ret_code is what to exit with, and the reason has been printed. */
bool ezmlm_open(struct ezmlm *z, struct ctl *c, const char *dir, unsigned need, int *ret_code);
/* The same without a list (ezmlm-weed, ezmlm-reject without DIR). */
bool ezmlm_begin(struct ezmlm *z, struct ctl *c, unsigned need, int *ret_code);
int ezmlm_exit(struct ezmlm *z, struct verdict v);

command_fn old_ezmlm_accept, old_ezmlm_archive, old_ezmlm_check, old_ezmlm_checksub,
    old_ezmlm_clean, old_ezmlm_confirm, old_ezmlm_cron, old_ezmlm_digests, old_ezmlm_dispatch,
    old_ezmlm_gate, old_ezmlm_get, old_ezmlm_glconf, old_ezmlm_idx, old_ezmlm_import,
    old_ezmlm_issubn, old_ezmlm_limit, old_ezmlm_list, old_ezmlm_make, old_ezmlm_manage,
    old_ezmlm_moderate, old_ezmlm_receipt, old_ezmlm_reject, old_ezmlm_request, old_ezmlm_return,
    old_ezmlm_rmtab, old_ezmlm_send, old_ezmlm_split, old_ezmlm_store, old_ezmlm_sub,
    old_ezmlm_tstdig, old_ezmlm_unsub, old_ezmlm_warn, old_ezmlm_weed;
