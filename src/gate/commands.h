/* SPDX-License-Identifier: ISC */
/* gate/commands.h -- what twinpost-gate can be told to do, as a table. */
#pragma once
#include "base/base.h"

/* twinpost-gate --root DIR COMMAND [-n] [-v] [--max-remove N] [--whole] [USER]; the exit code:
 * 0, 1 a check found something, 100 refused, 111 try again. */
int gate_main(int argc, char **argv);
