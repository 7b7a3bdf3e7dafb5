/* SPDX-License-Identifier: ISC */
#include "ipc/types.h"

const char *program_name(enum program p)
{
    static const char *const names[PROGRAM_COUNT] = {
        [PROGRAM_INIT] = "init",       [PROGRAM_FRONT] = "front",
        [PROGRAM_SMTPD] = "smtpd",     [PROGRAM_IMAPD] = "imapd",
        [PROGRAM_POPD] = "popd",       [PROGRAM_KEEPER] = "keeper",
        [PROGRAM_ROUTE] = "route",     [PROGRAM_SCHED] = "sched",
        [PROGRAM_DELIVER] = "deliver", [PROGRAM_RELAY] = "relay",
        [PROGRAM_AUTH] = "auth",       [PROGRAM_RECORDER] = "recorder",
        [PROGRAM_CTL] = "ctl",         [PROGRAM_LOCAL] = "local",
        [PROGRAM_SIEVED] = "sieved",   [PROGRAM_INTROSPECT] = "introspect",
        [PROGRAM_GUARD] = "guard",
    };
    return p > 0 && p < PROGRAM_COUNT ? names[p] : "unknown";
}

const char *service_name(enum service s)
{
    static const char *const names[SERVICE_COUNT] = {
        [SERVICE_SMTP] = "smtp",
        [SERVICE_SUBMISSION] = "submission",
        [SERVICE_SUBMISSIONS] = "submissions",
        [SERVICE_IMAP] = "imap",
        [SERVICE_IMAPS] = "imaps",
        [SERVICE_POP3] = "pop3",
        [SERVICE_POP3S] = "pop3s",
        [SERVICE_METRICS] = "metrics",
        [SERVICE_SIEVE] = "sieve",
    };
    return s > 0 && s < SERVICE_COUNT ? names[s] : "unknown";
}
