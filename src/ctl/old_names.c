/* SPDX-License-Identifier: ISC */
#include "ctl/old.h"

const struct command old_names[] = {
    {"mailq", old_qread, "", "what waits in the queue"},
    {"maildirmake", old_maildirmake, "DIR", "makes a Maildir"},
    {"qmail-newmrh", old_newmrh, "", "compiles control/morercpthosts"},
    {"qmail-newu", old_newu, "", "compiles users/assign"},
    {"qmail-pw2u", old_pw2u, "[-/ohHuUC] [-c CHAR]", "makes users/assign from a password file"},
    {"qmail-qread", old_qread, "", "what waits in the queue"},
    {"qmail-qstat", old_qstat, "", "how much waits in the queue"},
    {"qmail-showctl", old_qmail_showctl, "", "explains the configuration"},
    {"tcprules", old_tcprules, "CDB TMP", "compiles connection rules"},
    {"tcprulescheck", old_tcprulescheck, "CDB IP", "says which rule answers"},
    {0},
};
