/* SPDX-License-Identifier: ISC */
/* smtpd/session.h -- one SMTP or submission session, from greeting to goodbye.
 *
 * Linear code over one stream: read a line, parse it (wire/smtp), look it up in a table that
 * says in which phase it is legal, run cmd_x(), which returns its reply; one place writes.
 * The session holds no mail beyond the message it is taking, no key, no file. Whose address
 * it is, whether a login is right and whether a message is safe on disk are answers of other
 * programs (smtpd/services.h).
 */
#pragma once
#include "control/site.h"
#include "ipc/session.h"
#include "log/event.h"
#include "os/io.h"
#include "smtpd/message.h"
#include "smtpd/services.h"
#include "wire/smtp.h"

enum {
    SMTPD_ERRORS_MAX = 20,    /* commands answered 5xx for their form or order */
    SMTPD_REFUSALS_MAX = 100, /* recipients refused: beyond, somebody is guessing names */
    SMTPD_IDLE_COMMANDS = SUBMIT_RECIPIENTS_MAX + 1000, /* since a message was accepted */
    SMTPD_LOGINS_MAX = 3,                               /* failed logins */
    SMTPD_FAREWELL_MS = 5000,                           /* for last words */
};

struct reply {
    int code; /* 0: everything has been said already */
    const char *enhanced;
    str text; /* several lines: LF between them */
    bool close;
};

enum phase {
    PHASE_START = 1,   /* connected, or TLS has just begun */
    PHASE_GREETED = 2, /* HELO or EHLO done */
    PHASE_MAIL = 4,    /* sender known */
    PHASE_RCPT = 8,    /* at least one recipient */
    PHASE_BDAT = 16,   /* chunks have begun */
    PHASE_ANY = 31,
};

struct envelope_parts {
    str sender;
    bool bad_sender; /* in badmailfrom: refused at RCPT, as qmail does */
    bool utf8;
    uint32_t flags; /* enum submit_flag */
    str envid;
    struct buf recipients; /* as struct submit wants them */
    size_t n;
};

struct tls_facts {
    bool on;
    str version, cipher, sni, endpoint, exporter, unique;
    str client; /* whose certificate: for auth alone */
};

struct smtpd_session {
    /* given */
    const struct site *site;
    struct io *io;
    struct channel *control; /* to front; NULL when there is none */
    const struct session_start *start;
    struct services services;
    bool can_login; /* there is an auth to ask */
    bool by_hand;   /* on a terminal or pipe: lines may end in a bare LF */

    /* learnt */
    struct arena *arena;          /* the session's */
    struct arena *scratch;        /* one command's */
    struct arena *envelope_arena; /* one transaction's */
    struct log *log;
    enum phase phase;
    bool esmtp, draining;
    str helo; /* in helo_text */
    char helo_text[SMTP_HELO_MAX];
    struct tls_facts tls;
    str user; /* logged in; empty: nobody */
    bool relay, has_relay_suffix;
    str relay_suffix;   /* RELAYCLIENT's value, for the end of each recipient */
    uint64_t databytes; /* 0: no limit */
    struct envelope_parts envelope;
    struct message message;
    unsigned errors, refusals, idle, failed_logins;
};

/* Greets, serves, says goodbye. Closes nothing of what was given. */
void smtpd_session_run(struct smtpd_session *s);

/* For commands. */
deadline session_deadline(const struct smtpd_session *s);
bool session_is_submission(const struct smtpd_session *s);
bool session_plaintext_allowed(const struct smtpd_session *s);
/* The variable of the access rules (RELAYCLIENT, …). False when it is not set. */
bool session_variable(const struct smtpd_session *s, str name, str *ret_value);
void session_forget_mail(struct smtpd_session *s); /* back to PHASE_GREETED or PHASE_START */
void session_note(struct smtpd_session *s, enum session_note_kind kind);
/* Says something in the middle of a command (354, 334) and makes sure that it leaves. */
err session_say_now(struct smtpd_session *s, const struct reply *r);
struct reply session_unreachable(struct smtpd_session *s, err e); /* a service did not answer */
void session_abuse(struct smtpd_session *s, str what);

struct command_row {
    enum smtp_verb verb;
    unsigned in; /* phases */
    struct reply (*run)(struct smtpd_session *s, str args);
};
const struct command_row *command_find(enum smtp_verb verb); /* never NULL */
struct reply command_wrong_phase(const struct smtpd_session *s, enum smtp_verb verb);

struct reply cmd_helo(struct smtpd_session *s, str args);
struct reply cmd_ehlo(struct smtpd_session *s, str args);
struct reply cmd_mail(struct smtpd_session *s, str args);
struct reply cmd_rcpt(struct smtpd_session *s, str args);
struct reply cmd_data(struct smtpd_session *s, str args);
struct reply cmd_bdat(struct smtpd_session *s, str args);
struct reply cmd_bdat_out_of_turn(struct smtpd_session *s, str args, struct reply why);
struct reply cmd_auth(struct smtpd_session *s, str args);
struct reply cmd_starttls(struct smtpd_session *s, str args);
