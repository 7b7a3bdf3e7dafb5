/* SPDX-License-Identifier: ISC */
/* ctl/events.h -- the recorder's files, read oldest first, one event a line. */
#pragma once
#include "ctl/ctl.h"

typedef bool event_fn(void *ctx, str line); /* false: stop. The line lives for the call */
err events_each(struct ctl *c, event_fn *fn, void *ctx);
