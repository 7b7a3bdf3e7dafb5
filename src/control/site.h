/* SPDX-License-Identifier: ISC */
/* control/site.h -- the site's configuration: one generation, read whole, checked, sealed.
 *
 * site_collect() reads ROOT/var/qmail/control/, users/cdb and the access rules into one flat
 * archive (names and contents, length-prefixed, little endian). init checks it and seals it in
 * a memfd; programs map that and call site_parse(), which takes views into it: the archive
 * must outlive the struct site. Secrets (relayauth) are in an archive of their own that only
 * the program that needs them receives.
 */
#pragma once
#include "base/base.h"
#include "control/cdb.h"
#include "control/names.h"

enum { SITE_ARCHIVE_MAX = 64 << 20, SITE_FILES_MAX = 4096, SITE_PATH_MAX = 300 };

enum site_role { ROLE_LIVE, ROLE_STANDBY };
enum site_dsnformat { DSNFORMAT_QSBMF, DSNFORMAT_RFC3464 };
enum site_tlsrelay { TLSRELAY_OPPORTUNISTIC, TLSRELAY_NONE };

struct site {
    /* qmail's, facts as qmail-control(5); lines have their default filled in */
    str me;
    struct names badmailfrom;
    str bouncefrom, bouncehost;
    uint64_t concurrencylocal, concurrencyremote, databytes;
    str defaultdomain, defaulthost, plusdomain, idhost;
    str doublebounceto, doublebouncehost, envnoathost, helohost, localiphost;
    struct names locals, percenthack, qmqpservers, rcpthosts, morercpthosts;
    str morercpthosts_cdb;
    uint64_t queuelifetime;
    str smtpgreeting;
    struct names smtproutes;
    uint64_t timeoutconnect, timeoutremote, timeoutsmtpd;
    struct names virtualdomains;
    /* ours */
    int role;       /* enum site_role */
    int dsnformat;  /* enum site_dsnformat */
    int tlsrelay;   /* enum site_tlsrelay */
    int tlsminimum; /* 0: TLS 1.2, 1: TLS 1.3 */
    struct names badmailto;
    str defaultdelivery; /* .qmail text, several lines allowed */
    uint64_t maxconnections, maxconnectionsperip, maxrcpt;
    uint64_t connectionrate, connectionburst;
    uint64_t banpoints, banwindow, bantime, bangrowth, maxbantime, banforget;
    uint64_t logindelay, maxlogindelay;
    bool guard;
    str guardconfig;
    uint64_t guardbits6;
    int guardstop; /* enum site_guardstop */
    uint64_t delaynotice;
    int delaynoticeto;
    str tokenurl, tokenuser, tokenscope;
    str tokenclient;       /* secret: id:secret */
    int clientcertificate; /* enum site_clientcertificate */
    uint64_t concurrencyperhost;
    uint64_t timeoutimap, timeoutpop3, timeoutlogin, timeoutprogram, maxprogrammemory;
    struct names quotas; /* store/quota.h */
    int quotafull;       /* enum site_quotafull */
    struct names autofolders;
    str sharedprefix; /* read it with site_shared_prefix() */
    uint64_t expungedays;
    uint64_t maxsieveredirects, maxsievescripts, maxsievebytes, timeoutsieve;
    bool allowplaintext;
    struct names servernames, resolvers;
    str outgoingip;
    struct names listensmtp, listensubmission, listensubmissions, listenimap, listenimaps,
        listenpop3, listenpop3s, listensieve, listenmetrics;
    struct names relayauth; /* secret: relayhost:user:password */
    /* not control files */
    str users_cdb; /* users/cdb; empty: absent */
    bool has_users_cdb;
    str tcp_rules[8]; /* cdb per enum site_rules; empty: none, everybody may connect */
};

enum site_clientcertificate {
    CLIENTCERTIFICATE_NONE,
    CLIENTCERTIFICATE_EMAIL,
    CLIENTCERTIFICATE_CN
};
enum site_guardstop { GUARDSTOP_KEEP, GUARDSTOP_REMOVE };
enum site_delaynoticeto { DELAYNOTICETO_ASKED, DELAYNOTICETO_ALL };
enum site_quotafull { QUOTAFULL_TEMPORARY, QUOTAFULL_PERMANENT };
enum site_rules { RULES_SMTP, RULES_SUBMISSION, RULES_IMAP, RULES_POP3, RULES_COUNT };
/* "shared" of a line "shared." or "shared"; empty when it can be no level of a mailbox name. */
str site_shared_prefix(str line);
/* The line of control/quotas that is for this user: his own, or that of all others; or empty. */
str site_quota(const struct site *site, str user);
const char *site_rules_name(enum site_rules r); /* "smtp": control/tcp.smtp, or /etc/tcp.smtp.cdb */

/* Reads the site below root into `out` (buf_init with SITE_ARCHIVE_MAX). secrets: only the
 * secret files, else only the others. ERR_LIMIT names no file: run the checker for that. */
err site_collect(int root, bool secrets, struct buf *out);
/* Of the files that some of these read (schema.h's bits) alone. */
err site_collect_for(int root, bool secrets, unsigned readers, struct buf *out);
/* ERR_SYNTAX: not an archive. Bad values never fail here: they count as absent, as with
 * qmail, and are the checker's business. */
err site_parse(str archive, struct arena *a, struct site *ret);
err site_parse_secrets(str archive, struct arena *a, struct site *s);
/* A site with every default, for tests and tools: site_set() overrides one file's content. */
void site_defaults(struct arena *a, struct site *s);
bool site_set(struct site *s, struct arena *a, str name, str content); /* false: unknown name */
/* One setting, read alone: for a program that starts thousands of times and needs no more. A
 * damaged archive or a file that is not there gives the default. */
uint64_t site_number(str archive, str name);
bool site_flag(str archive, str name);
/* One file of an archive. ERR_NOTFOUND, ERR_SYNTAX. */
err site_file(str archive, str name, str *ret_content);

bool site_is_local(const struct site *s, str domain);
/* RFC 5321 relaying: may a stranger send to this recipient? No rcpthosts file: yes, to all.
 * ERR_SYNTAX: morercpthosts.cdb is damaged (answer 451). */
err site_rcpthost_allowed(const struct site *s, str address, bool *ret_allowed);
bool site_badmailfrom(const struct site *s, str sender);
bool site_badmailto(const struct site *s, str recipient);

struct smtproute {
    str host;      /* empty: by MX, no artificial route */
    uint16_t port; /* 25 when not given */
    bool by_mx;
    str user, password; /* from relayauth, empty: none */
};
/* By host, then each .suffix, then the empty key. False: nothing said about this host. */
bool site_smtproute(const struct site *s, str host, struct smtproute *ret);
