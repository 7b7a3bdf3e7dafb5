/* SPDX-License-Identifier: ISC */
#include "control/schema.h"

#include <stddef.h>

#include "control/site.h"

/* A row's field must have the C type that its kind of file is read into. */
#define FIELD(T, name)                                                                             \
    (offsetof(struct site, name) +                                                                 \
     0 * sizeof(char[__builtin_types_compatible_p(typeof(((struct site *)0)->name), T) ? 1 : -1]))
#define QLINE(f, fb, who, h)                                                                       \
    {                                                                                              \
        .name = #f, .type = CONTROL_LINE, .fallback = fb, .readers = who, .field = FIELD(str, f),  \
        .help = h                                                                                  \
    }
#define QNUMBER(f, fb, lo, hi, who, h)                                                             \
    {                                                                                              \
        .name = #f, .type = CONTROL_NUMBER, .fallback = fb, .min = lo, .max = hi, .readers = who,  \
        .field = FIELD(uint64_t, f), .help = h                                                     \
    }
#define QLIST(f, fb, who, h)                                                                       \
    {                                                                                              \
        .name = #f, .type = CONTROL_LIST, .fallback = fb, .readers = who,                          \
        .field = FIELD(struct names, f), .help = h                                                 \
    }
#define QMAP(f, who, h)                                                                            \
    {                                                                                              \
        .name = #f, .type = CONTROL_MAP, .readers = who, .field = FIELD(struct names, f),          \
        .help = h                                                                                  \
    }
#define OURS_NUMBER(f, fb, lo, hi, who, h)                                                         \
    {                                                                                              \
        .name = #f, .type = CONTROL_NUMBER, .fallback = fb, .min = lo, .max = hi, .readers = who,  \
        .ours = true, .field = FIELD(uint64_t, f), .help = h                                       \
    }
#define OURS_CHOICE(f, fb, who, h, ...)                                                            \
    {                                                                                              \
        .name = #f, .type = CONTROL_CHOICE, .fallback = fb, .choices = {__VA_ARGS__},              \
        .readers = who, .ours = true, .field = FIELD(int, f), .help = h                            \
    }
#define OURS_LIST(f, fb, who, h)                                                                   \
    {                                                                                              \
        .name = #f, .type = CONTROL_LIST, .fallback = fb, .readers = who, .ours = true,            \
        .field = FIELD(struct names, f), .help = h                                                 \
    }
#define OURS_MAP(f, who, h)                                                                        \
    {                                                                                              \
        .name = #f, .type = CONTROL_MAP, .readers = who, .ours = true,                             \
        .field = FIELD(struct names, f), .help = h                                                 \
    }
#define OURS_LISTEN(f, fb, h)                                                                      \
    {                                                                                              \
        .name = #f, .type = CONTROL_LIST, .fallback = fb, .readers = READ_INIT, .restart = true,   \
        .ours = true, .field = FIELD(struct names, f), .help = h                                   \
    }

#define MOST_BYTES ((uint64_t)1 << 40)
#define MOST_SECONDS ((uint64_t)1 << 31)

/* clang-format off */
const struct control_entry control_schema[] = {
    QLINE(me, NULL, READ_ALL, "name of this host, fully qualified; the default of every other host name"),
    QLIST(badmailfrom, NULL, READ_SMTPD, "senders refused: user@dom, or @dom for all of a domain"),
    QLINE(bouncefrom, "MAILER-DAEMON", READ_SCHED, "user name that bounces come from"),
    QLINE(bouncehost, "=me", READ_SCHED, "host name that bounces come from"),
    QNUMBER(concurrencylocal, "10", 0, 120, READ_SCHED, "local deliveries at a time; 0 holds them"),
    QNUMBER(concurrencyremote, "20", 0, 120, READ_SCHED, "remote deliveries at a time; 0 holds them"),
    QNUMBER(databytes, "0", 0, MOST_BYTES, READ_SMTPD, "largest message taken by SMTP, in bytes; 0: no limit of its own"),
    QLINE(defaultdomain, "=me", READ_INJECT, "added to a host name without a dot"),
    QLINE(defaulthost, "=me", READ_INJECT, "added to an address without a host"),
    QLINE(doublebouncehost, "=me", READ_SCHED, "host that a bounce's own failure is told to"),
    QLINE(doublebounceto, "postmaster", READ_SCHED, "user that a bounce's own failure is told to"),
    QLINE(envnoathost, "=me", READ_ROUTE | READ_SCHED, "domain presumed for a recipient without one"),
    QLINE(helohost, "=me", READ_RELAY, "name said in EHLO to other hosts"),
    QLINE(idhost, "=me", READ_INJECT, "host part of new Message-IDs"),
    QLINE(localiphost, "=me", READ_SMTPD, "replaces [address of this host] in a recipient"),
    QLIST(locals, "=me", READ_ROUTE, "domains delivered here; an empty file: none"),
    QLIST(percenthack, NULL, READ_ROUTE, "domains where user%host is user@host"),
    QLINE(plusdomain, "=me", READ_INJECT, "replaces the + at the end of a host name"),
    QLIST(qmqpservers, NULL, READ_CTL, "addresses of QMQP servers, tried in order by qmail-qmqpc"),
    QNUMBER(queuelifetime, "604800", 0, MOST_SECONDS, READ_SCHED, "seconds until a message is given up"),
    QLIST(rcpthosts, NULL, READ_SMTPD | READ_ROUTE, "domains taken from strangers, .dom for all below; no file: every domain (open relay)"),
    QLIST(morercpthosts, NULL, READ_CTL, "more rcpthosts, compiled by qmail-newmrh"),
    {.name = "morercpthosts.cdb", .type = CONTROL_CDB, .readers = READ_SMTPD | READ_ROUTE,
     .field = FIELD(str, morercpthosts_cdb), .help = "compiled morercpthosts"},
    QLINE(smtpgreeting, "=me", READ_SMTPD, "text of the SMTP greeting, host name first"),
    QMAP(smtproutes, READ_RELAY | READ_SCHED, "dom:relay[:port], .dom:relay, :relay; nothing after the colon: by MX"),
    QNUMBER(timeoutconnect, "60", 1, 86400, READ_RELAY, "seconds to wait for another host's connection"),
    QNUMBER(timeoutremote, "1200", 1, 86400, READ_RELAY, "seconds to wait for another host's answers"),
    QNUMBER(timeoutsmtpd, "1200", 1, 86400, READ_SMTPD, "seconds to wait for an SMTP client"),
    QMAP(virtualdomains, READ_ROUTE, "dom:prefix, user@dom:prefix, .dom:prefix; nothing after the colon: not here"),

    {.name = "role", .type = CONTROL_CHOICE, .fallback = "live", .choices = {"live", "standby"},
     .readers = READ_INIT, .restart = true, .ours = true, .field = FIELD(int, role),
     .help = "live serves the site; standby waits to take it over, and serves no POP3 and no IMAP"},
    OURS_CHOICE(dsnformat, "qsbmf", READ_SCHED, "form of bounces: qmail's, or RFC 3464 with it as the text", "qsbmf", "rfc3464"),
    OURS_CHOICE(tlsrelay, "opportunistic", READ_RELAY, "encryption towards other hosts", "opportunistic", "none"),
    OURS_CHOICE(tlsminimum, "1.2", READ_FRONT, "oldest TLS version spoken with clients", "1.2", "1.3"),
    OURS_LIST(badmailto, NULL, READ_SMTPD, "recipients refused: user@dom, or @dom for all of a domain"),
    {.name = "defaultdelivery", .type = CONTROL_TEXT, .fallback = "./Maildir/", .ours = true,
     .readers = READ_DELIVER, .field = FIELD(str, defaultdelivery),
     .help = ".qmail text for users without one: ./Maildir/, ./Mailbox"},
    OURS_NUMBER(maxconnections, "4000", 0, 1000000, READ_FRONT, "client connections at a time; 0: no limit"),
    OURS_NUMBER(maxconnectionsperip, "100", 0, 1000000, READ_FRONT, "of them from one address (IPv6: one /64); 0: no limit"),
    OURS_NUMBER(connectionrate, "120", 0, 1000000, READ_FRONT, "new connections a minute that one address may make; 0: no limit"),
    OURS_NUMBER(connectionburst, "60", 1, 1000000, READ_FRONT, "of them so many at once"),
    OURS_NUMBER(banpoints, "10", 0, 1000000, READ_FRONT, "points that get an address banned: a failed login is one, abuse of a protocol three; 0: no bans of this kind"),
    OURS_NUMBER(banwindow, "600", 1, MOST_SECONDS, READ_FRONT, "seconds within which the points count"),
    OURS_NUMBER(bantime, "60", 1, MOST_SECONDS, READ_FRONT, "seconds that the first ban of an address lasts"),
    OURS_NUMBER(bangrowth, "4", 1, 100, READ_FRONT, "each further ban lasts so many times longer"),
    OURS_NUMBER(maxbantime, "86400", 1, MOST_SECONDS, READ_FRONT, "seconds that such a ban lasts at most"),
    OURS_NUMBER(banforget, "604800", 1, MOST_SECONDS, READ_FRONT, "seconds without a point after which an address is as good as new"),
    OURS_NUMBER(logindelay, "500", 0, 60000, READ_AUTH, "milliseconds until a wrong login is answered; twice as many each time, by address and by name"),
    OURS_NUMBER(maxlogindelay, "15000", 0, 600000, READ_AUTH, "milliseconds it grows to"),
    {.name = "guard", .type = CONTROL_FLAG, .fallback = "no", .restart = true, .ours = true,
     .readers = READ_INIT | READ_GUARD, .field = FIELD(bool, guard),
     .help = "run the jails: fail2ban's of guardconfig, and those over this host's own events"},
    {.name = "guardconfig", .type = CONTROL_LINE, .fallback = "/etc/fail2ban", .ours = true,
     .readers = READ_GUARD, .field = FIELD(str, guardconfig),
     .help = "directory of jail.conf, jail.local, filter.d and so on"},
    OURS_NUMBER(guardbits6, "64", 32, 128, READ_GUARD, "bits of an IPv6 address that a ban holds for: a client's network, or 128 for the address alone"),
    OURS_CHOICE(guardstop, "keep", READ_GUARD, "bans in the kernel when the host stops: they run out there by themselves, or go at once", "keep", "remove"),
    {.name = "tokenurl", .type = CONTROL_LINE, .restart = true, .ours = true,
     .readers = READ_INTROSPECT | READ_AUTH | READ_INIT | READ_SMTPD | READ_IMAPD | READ_POPD,
     .field = FIELD(str, tokenurl),
     .help = "where OAuth tokens are checked (RFC 7662), an https URL: OAUTHBEARER and XOAUTH2 are offered; none: they are not"},
    {.name = "tokenuser", .type = CONTROL_LINE, .fallback = "username", .ours = true, .readers = READ_INTROSPECT, .field = FIELD(str, tokenuser),
     .help = "member of the answer that names the user: username, sub, email"},
    {.name = "tokenscope", .type = CONTROL_LINE, .ours = true, .readers = READ_INTROSPECT | READ_AUTH, .field = FIELD(str, tokenscope),
     .help = "scope that a token must have to be good for mail"},
    {.name = "tokenclient", .type = CONTROL_LINE, .secret = true, .ours = true, .readers = READ_INTROSPECT, .field = FIELD(str, tokenclient),
     .help = "id:secret by which this host may ask tokenurl"},
    OURS_CHOICE(clientcertificate, "none", READ_FRONT, "log in by a client certificate of tls/clientca.pem (SASL EXTERNAL): whose it is by its one mail address or its one common name", "none", "email", "cn"),
    OURS_NUMBER(delaynotice, "14400", 0, MOST_SECONDS, READ_SCHED, "seconds after which the sender is told once that his mail is late; 0: never"),
    OURS_CHOICE(delaynoticeto, "asked", READ_SCHED, "who is told: senders that asked for it (NOTIFY=DELAY), or all that did not forbid it", "asked", "all"),
    OURS_NUMBER(maxrcpt, "1000", 100, 100000, READ_SMTPD, "recipients of one message by SMTP"),
    OURS_NUMBER(concurrencyperhost, "10", 1, 120, READ_SCHED, "connections to one other host at a time"),
    OURS_NUMBER(timeoutimap, "1800", 60, 86400, READ_IMAPD, "seconds a logged-in IMAP client may be silent"),
    OURS_NUMBER(timeoutpop3, "600", 60, 86400, READ_POPD, "seconds a logged-in POP3 client may be silent"),
    OURS_NUMBER(timeoutlogin, "120", 5, 3600, READ_IMAPD | READ_POPD | READ_SIEVED | READ_SMTPD, "seconds a client may take to log in; before that, submission waits no longer for a command"),
    OURS_NUMBER(timeoutprogram, "3600", 1, 86400, READ_DELIVER, "seconds a program in .qmail may run"),
    OURS_NUMBER(maxprogrammemory, "1073741824", 0, MOST_BYTES, READ_DELIVER, "bytes of address space of a program in .qmail; 0: no limit"),
    OURS_MAP(quotas, READ_KEEPER | READ_DELIVER, "user:limit, *:limit for all others, as 2G or 500M,10000C (C: messages); no line: no limit"),
    OURS_CHOICE(quotafull, "temporary", READ_DELIVER, "mail for a user whose quota is used up: tried again for a while, or sent back at once", "temporary", "permanent"),
    OURS_LIST(autofolders, NULL, READ_KEEPER, "folders (UTF-8, '.' between levels) that a new user has from his first login on, subscribed: Drafts, Junk, Sent, Trash, Archive and so on"),
    {.name = "sharedprefix", .type = CONTROL_LINE, .ours = true,
     .readers = READ_INIT | READ_IMAPD | READ_KEEPER, .field = FIELD(str, sharedprefix),
     .help = "first level of other users' mailboxes in IMAP, as shared for shared.bob.Work; empty: users share nothing"},
    OURS_NUMBER(expungedays, "0", 0, 3650, READ_KEEPER, "days that expunged messages and deleted folders can be brought back by twinpost undelete; 0: they go at once"),
    OURS_NUMBER(maxsieveredirects, "4", 0, 64, READ_DELIVER, "redirects of one message that a user's Sieve script may do"),
    OURS_NUMBER(maxsievescripts, "32", 1, 1000, READ_SIEVED, "Sieve scripts that a user may keep"),
    OURS_NUMBER(maxsievebytes, "1048576", 1024, 67108864, READ_SIEVED, "bytes of them together"),
    OURS_NUMBER(timeoutsieve, "1800", 60, 86400, READ_SIEVED, "seconds a logged-in ManageSieve client may be silent (RFC 5804 1.2: 1800 at least)"),
    {.name = "allowplaintext", .type = CONTROL_FLAG, .fallback = "no", .ours = true,
     .readers = READ_SMTPD | READ_IMAPD | READ_POPD | READ_SIEVED | READ_AUTH,
     .field = FIELD(bool, allowplaintext),
     .help = "take readable passwords without encryption from other hosts too"},
    OURS_LIST(servernames, "=me", READ_FRONT | READ_INIT, "names that clients call this host by; all stand in the self-signed certificate"),
    OURS_LIST(resolvers, NULL, READ_RELAY, "DNS servers, address or address@port (none: the system's); zone, data and refuse lines: names of our own"),
    {.name = "outgoingip", .type = CONTROL_LINE, .ours = true, .readers = READ_RELAY,
     .field = FIELD(str, outgoingip), .help = "own address that connections to other hosts leave from"},
    OURS_LISTEN(listensmtp, ":25", "where SMTP is served: address:port, :port for all, an empty file for nowhere"),
    OURS_LISTEN(listensubmission, ":587", "where submission is served (STARTTLS)"),
    OURS_LISTEN(listensubmissions, ":465", "where submission is served (TLS from the start)"),
    OURS_LISTEN(listenimap, ":143", "where IMAP is served (STARTTLS)"),
    OURS_LISTEN(listenimaps, ":993", "where IMAP is served (TLS from the start)"),
    OURS_LISTEN(listenpop3, ":110", "where POP3 is served (STLS)"),
    OURS_LISTEN(listenpop3s, ":995", "where POP3 is served (TLS from the start)"),
    OURS_LISTEN(listensieve, ":4190", "where ManageSieve is served (STARTTLS)"),
    OURS_LISTEN(listenmetrics, "", "where Prometheus metrics are served: address:port"),
    {.name = "relayauth", .type = CONTROL_MAP, .secret = true, .ours = true, .readers = READ_RELAY,
     .field = FIELD(struct names, relayauth), .help = "relayhost:user:password for the relays of smtproutes"},
};
/* clang-format on */
const size_t control_schema_n = sizeof control_schema / sizeof *control_schema;

static const char *const foreign[] = {
    "badhelo",
    "spfbehavior",
    "tarpitcount",
    "tarpitdelay",
    "moreipme",
    "notlshosts_auto",
    "servercert.pem",
    "clientcert.pem",
    "tlsserverciphers",
    "tlsclientciphers",
    "rsa2048.pem",
    "filterargs",
    "qfilters",
    "smtpplugins",
    "signatures",
    "simcontrol",
    "concurrencyincoming",
    "dnsbllist",
    "domainkeys",
    "notlshosts",
    "dh2048.pem",
    "dh1024.pem",
    "dh512.pem",
    "rsa512.pem",
    "srs_domain",
    "srs_secrets",
    "srs_maxage",
    "srs_hashlength",
    "srs_hashmin",
    "srs_alwaysrewrite",
    "srs_separator",
};

const struct control_entry *control_find(str name)
{
    for (size_t i = 0; i < control_schema_n; i++)
        if (str_eq(name, str_from(control_schema[i].name)))
            return &control_schema[i];
    return NULL;
}

bool control_is_foreign(str name)
{
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (str_eq(name, str_from(foreign[i])))
            return true;
    return false;
}

const char *control_type_name(enum control_type t)
{
    static const char *const names[] = {
        [CONTROL_LINE] = "line", [CONTROL_TEXT] = "text",     [CONTROL_NUMBER] = "number",
        [CONTROL_FLAG] = "flag", [CONTROL_CHOICE] = "choice", [CONTROL_LIST] = "list",
        [CONTROL_MAP] = "map",   [CONTROL_CDB] = "cdb",
    };
    return names[t];
}

void control_readers(unsigned readers, struct buf *b)
{
    static const char *const names[] = {"front",  "smtpd",        "imapd",    "popd",     "route",
                                        "sched",  "deliver",      "relay",    "init",     "auth",
                                        "keeper", "qmail-inject", "recorder", "twinpost", "sieved"};
    if (readers == READ_ALL) {
        buf_add(b, S("all"));
        return;
    }
    bool first = !(readers & READ_INTROSPECT);
    buf_add(b, first ? S("") : S("introspect"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(readers & (1u << i)))
            continue;
        buf_addf(b, "%s%s", first ? "" : ", ", names[i]);
        first = false;
    }
}

/* In troff a dot or apostrophe at the start of a line and every backslash mean something. */
static void add_escaped(struct buf *b, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_add(b, S("\\&"));
    for (; *text; text++) {
        if (*text == '\\' || *text == '-')
            buf_addc(b, '\\');
        buf_addc(b, *text);
    }
}

static void manual_entry(const struct control_entry *c, struct buf *b)
{
    buf_addf(b, ".TP\n.B %s\n", c->name);
    add_escaped(b, c->help);
    buf_addf(b, ".\n.br\nA %s", control_type_name(c->type));
    for (size_t i = 0; i < CONTROL_CHOICES && c->choices[i]; i++)
        buf_addf(b, "%s%s", i ? " or " : ": ", c->choices[i]);
    if (c->type == CONTROL_NUMBER)
        buf_addf(b, " from %llu to %llu", (unsigned long long)c->min, (unsigned long long)c->max);
    buf_add(b, S("; default "));
    if (!c->fallback || !*c->fallback)
        buf_add(b, S("nothing"));
    else if (str_eq(str_from(c->fallback), S("=me")))
        buf_add(b, S("as\n.BR me"));
    else
        add_escaped(b, c->fallback);
    buf_add(b, S(".\nRead by "));
    control_readers(c->readers, b);
    buf_addf(b, ".%s\n", c->restart ? "\nA change needs a restart." : "");
}

void control_manual(struct buf *b)
{
    for (size_t i = 0; i < control_schema_n; i++)
        manual_entry(&control_schema[i], b);
}
