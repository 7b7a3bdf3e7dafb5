/* SPDX-License-Identifier: ISC */
/* ctl/old.h -- the command names that people's scripts call, with their own rules. */
#pragma once
#include "ctl/ctl.h"

command_fn old_qmail_showctl, old_qread, old_qstat, old_newu, old_newmrh, old_pw2u, old_tcprules,
    old_tcprulescheck, old_maildirmake;
