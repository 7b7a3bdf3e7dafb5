/* SPDX-License-Identifier: ISC */
/* list/qsbmf.h -- qmail's bounces (QSBMF): which addresses failed, and why. */
#pragma once
#include "base/base.h"

enum { QSBMF_RECIPIENTS_MAX = 1000 }; /* of one bounce; more are left */

/* Calls fn for each failed recipient. False: it is no QSBMF bounce. */
bool qsbmf_each(str message, void (*fn)(void *ctx, str address, str report), void *ctx);
