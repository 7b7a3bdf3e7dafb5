/* SPDX-License-Identifier: ISC */
/* ctl/look.h -- a .qmail file as delivery looks at it, for commands that only tell. */
#pragma once
#include "dotqmail/search.h"

err look_at(int home, const char *name, struct dotqmail_file *ret); /* ERR_NOTFOUND, ERR_DENIED … */
