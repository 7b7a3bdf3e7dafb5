/* SPDX-License-Identifier: ISC */
/* list/manage_texts.h -- what remote administrators may do besides: read the log, change the texts
 * (ezmlm-manage(1), -d and -l). The caller has seen that they may. */
#pragma once
#include "list/list.h"

enum { EDIT_MAX = 10'240 };

/* Lines of Log with `wanted` in them ('_' is any octet); all when it is empty. */
struct verdict manage_give_log(struct list_run *r, str wanted);
/* The text of that name, and an address that takes it back; the list of names when it is empty. */
struct verdict manage_give_text(struct list_run *r, str name);
/* "T.NAME.C": the text between the marks replaces text/NAME, if that has not changed since. */
struct verdict manage_take_text(struct list_run *r, str rest);
