/* SPDX-License-Identifier: ISC */
/* gate/zone_apply.h -- IP mode: the registered hosts as zone files below $ZONE_DIR. */
#pragma once
#include "gate/apply.h"
#include "gate/zone.h"

/* Each zone that changes is replaced, after named-checkzone has agreed where it is installed.
 * The name server is told by whoever called (`rndc reload`). */
err gate_apply_zones(struct gate_run *run, struct registry *r);
