/* SPDX-License-Identifier: ISC */
/* list/bounce_files.h -- names inside bounce/ and digest/bounce/. */
#pragma once
#include "list/list.h"

const char *bounce_folder(const struct mlist *l);                      /* "bounce" */
const char *bounce_slice_path(const struct mlist *l, int64_t when);    /* "bounce/d/123456" */
const char *bounce_history_folder(const struct mlist *l, str address); /* "bounce/h/e" */
const char *bounce_history_path(const struct mlist *l, str address);   /* "bounce/h/e/hREST" */
const char *bounce_lock_path(const struct mlist *l);
