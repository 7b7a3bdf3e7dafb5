/* SPDX-License-Identifier: ISC */
/* ctl/old.h -- the command names that people's scripts call, with their own rules. */
#pragma once
#include "ctl/ctl.h"

command_fn old_bouncesaying, old_checkpassword, old_condredirect, old_datemail, old_except,
    old_fail2ban_regex, old_forward, old_maildir2mbox, old_maildirmake, old_mailsubj,
    old_newaliases, old_newmrh, old_newu, old_predate, old_popup, old_preline, old_pw2u,
    old_qmail_inject, old_qmail_local, old_pop3d, old_qmail_queue, old_qmail_showctl,
    old_qmail_smtpd, old_qread, old_qreceipt, old_remote, old_tcpok, old_tcpto, old_qstat,
    old_sendmail, old_tcprules, old_tcprulescheck, old_tcpserver, old_inner, old_qbiff,
    old_qmail_send, old_qmail_start, old_qmqpc, old_qmqpd, old_qmtpd, old_rblsmtpd, old_splogger,
    old_tcp_env, old_getpw, old_fail2ban_client;
command_fn old_gate_daily, old_gate_db_to_group, old_gate_db_to_passwd, old_gate_db_to_shadow,
    old_gate_db_to_sudoers, old_gate_ip_accept, old_gate_ip_apply, old_gate_ip_update,
    old_gate_make_authkey, old_gate_make_home, old_gate_user_accept, old_gate_user_apply;
