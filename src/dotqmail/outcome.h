/* SPDX-License-Identifier: ISC */
/* dotqmail/outcome.h -- what an exit code means: of a program in .qmail, and of a delivery. */
#pragma once
#include "base/base.h"

enum exit_class {
    EXIT_OK,   /* 0 */
    EXIT_STOP, /* 99: good, and the lines after this one are not run */
    EXIT_HARD, /* bounce */
    EXIT_SOFT, /* try later */
};
enum exit_class exit_of_program(int code);  /* a |program's */
enum exit_class exit_of_delivery(int code); /* qmail-local's, as qmail-lspawn reads it */
char exit_letter(enum exit_class c);        /* K, D or Z */
