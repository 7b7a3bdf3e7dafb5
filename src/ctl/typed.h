/* SPDX-License-Identifier: ISC */
/* ctl/typed.h -- a secret that a person types, or that stdin holds. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { TYPED_MAX = 1024 };
/* One line of stdin without its end; on a terminal after the prompt and without echo. False: the
 * input is over. */
bool typed_line(const char *prompt, char *ret, size_t size);
