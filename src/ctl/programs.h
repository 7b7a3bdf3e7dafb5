/* SPDX-License-Identifier: ISC */
/* ctl/programs.h -- finding and running other programs, as the old names must. */
#pragma once
#include "ctl/ctl.h"

/* A name with a slash as it is; else by PATH, then the usual places. Not found: the name, so that
 * exec says why. */
const char *program_by_path(struct arena *a, const char *name);
/* Another program of this house ("smtpd"): beside this one, or where it is installed to. */
const char *program_of_house(struct ctl *c, const char *name);
/* Runs argv[0] on descriptor `input` as its 0 and waits: its exit code, 111 when it could not be
 * run or died of a signal. */
int program_run(struct ctl *c, char **argv, int input);
/* Reads all of a descriptor. ERR_LIMIT. b is as after buf_init(b, max) at least. */
err descriptor_read(int fd, size_t max, struct buf *b);
