/* SPDX-License-Identifier: ISC */
/* ctl/old_qmtp.c -- qmail-qmtpd, qmail-qmqpd and qmail-qmqpc: mail in netstrings
 * (cr.yp.to/proto/qmtp.txt, qmqp.txt), on input and output as under tcpserver.
 *
 * As qmail's: qmtpd obeys rcpthosts and RELAYCLIENT; whoever may connect to qmqpd may send
 * anywhere, so its access rules are its security. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/site.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "ctl/submit.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/io.h"
#include "os/net.h"
#include "wire/limits.h"
#include "wire/message.h"
#include "wire/netstring.h"

enum {
    MESSAGE_MAX = 1 << 30,
    ADDRESSES_MAX = 1 << 20,
    HEAD_MAX = NETSTRING_DIGITS_MAX + 1,
    CLIENT_MS = 3600 * 1000, /* qmail-qmtpd's patience */
    SERVER_MS = 60 * 1000,
    QMQP_PORT = 628,
};

struct qmtp {
    struct ctl *ctl;
    struct io *io;
    struct site site;
    const char *relay; /* RELAYCLIENT */
    uint64_t databytes;
    const char *protocol;
    bool relays_all;
};

/* ---- reading ---- */

static err read_all(struct io *io, char *p, size_t n)
{
    while (n) {
        str got;
        err e = io_read_some(io, n, deadline_in_ms(CLIENT_MS), &got);
        if (failed(e))
            return e;
        memcpy(p, got.p, got.n);
        p += got.n;
        n -= got.n;
    }
    return OK_ERR;
}

/* The length in front of a netstring. ERR_CLOSED before its first octet is the end. */
static err read_length(struct io *io, size_t max, size_t *ret)
{
    char head[HEAD_MAX + 1];
    for (size_t n = 0; n < HEAD_MAX; n++) {
        err e = read_all(io, head + n, 1);
        if (failed(e))
            return n ? err_new(ERR_SYNTAX, "the connection ended within a netstring") : e;
        size_t used;
        e = netstring_head(str_of(head, n + 1), max, ret, &used);
        if (e.kind != ERR_TEMP)
            return e;
    }
    return err_new(ERR_SYNTAX, "netstring");
}

static err read_comma(struct io *io)
{
    char c;
    err e = read_all(io, &c, 1);
    return failed(e) ? e : c == ',' ? OK_ERR : err_new(ERR_SYNTAX, "netstring");
}

/* The end of the connection within one, or before one that belongs to a message begun, is no end.
 */
static err cut_short(err e)
{
    return e.kind == ERR_CLOSED ? err_new(ERR_SYNTAX, "the connection ended within a message") : e;
}

static err read_netstring(struct io *io, size_t max, struct buf *out)
{
    size_t n;
    err e = read_length(io, max, &n);
    buf_reset(out);
    if (failed(e))
        return e;
    char *room = n ? buf_room(out, n) : NULL;
    if (n && !room)
        return err_new(ERR_LIMIT, "netstring");
    e = n ? read_all(io, room, n) : OK_ERR;
    if (failed(e))
        return cut_short(e);
    if (n)
        buf_added(out, n);
    return cut_short(read_comma(io));
}

/* ---- what becomes of a message ---- */

static str variable(const char *name)
{
    return str_from(getenv(name));
}

static void add_trace(const struct qmtp *q, struct buf *b)
{
    str host = variable("TCPLOCALHOST");
    received_write(b, &(struct received){.remote_host = variable("TCPREMOTEHOST"),
                                         .remote_info = variable("TCPREMOTEINFO"),
                                         .remote_ip = variable("TCPREMOTEIP"),
                                         .local_host = host.n ? host : variable("TCPLOCALIP"),
                                         .protocol = str_from(q->protocol),
                                         .epoch = clock_seconds()});
}

/* Every octet of the sender and recipients is a stranger's. */
static const char *refusal(const struct qmtp *q, str address)
{
    bool allowed = false;
    if (address.n > QMAIL_ENVELOPE_ADDRESS_MAX || str_find(address, 0) >= 0)
        return "Dsorry, that address is not acceptable (#5.1.3)";
    if (q->relays_all || q->relay)
        return NULL;
    if (failed(site_rcpthost_allowed(&q->site, address, &allowed)))
        return "Zsorry, rcpthosts cannot be read (#4.3.0)";
    return allowed ? NULL : "Dsorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)";
}

struct verdicts {
    struct envelope envelope;
    VEC(const char *) each; /* NULL: goes with the message */
};

static err judge(struct qmtp *q, str sender, str recipients, struct verdicts *v)
{
    envelope_init(&v->envelope, sender);
    while (recipients.n) {
        str one;
        err e = netstring_take(&recipients, ADDRESSES_MAX, &one);
        if (failed(e))
            return err_new(ERR_SYNTAX, "recipients");
        const char *no = refusal(q, one);
        vec_push(&v->each, no);
        if (no)
            continue;
        str suffix = str_from(q->relay);
        envelope_add(&v->envelope, suffix.n ? arena_printf(q->ctl->arena, "%.*s%.*s", STR_ARG(one),
                                                           STR_ARG(suffix))
                                            : one);
    }
    return OK_ERR;
}

/* CRLF line ends become LF; QMTP tells by its first octet which it is. */
static str with_lf(char *p, size_t n)
{
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n')
            continue;
        p[to++] = p[i];
    }
    return str_of(p, to);
}

/* "Kok 1700000000 qp 17", or why not. */
static void submit(struct qmtp *q, struct verdicts *v, str sender, str body, struct buf *answer)
{
    auto_buf struct buf whole;
    buf_init(&whole, MESSAGE_MAX);
    if (q->databytes && body.n > q->databytes) {
        buf_add(answer, S("Dsorry, that message size exceeds my databytes limit (#5.3.4)"));
        return;
    }
    if (sender.n > QMAIL_ENVELOPE_ADDRESS_MAX || str_find(sender, 0) >= 0) {
        buf_add(answer, S("Dsorry, that sender is not acceptable (#5.1.7)"));
        return;
    }
    add_trace(q, &whole);
    buf_add(&whole, body);
    struct submit_outcome done = {.code = 53};
    (void)snprintf(done.text, sizeof done.text, "%s", queue_code_text(53));
    if (!whole.over && v->envelope.n)
        queue_submit(q->ctl, &v->envelope, buf_str(&whole), &done);
    if (done.code || !v->envelope.n)
        buf_add(answer, str_from(done.text));
    else
        buf_addf(answer, "Kok %lld qp %s", (long long)clock_seconds(), done.id);
}

static err start(struct qmtp *q, struct ctl *c, const char *protocol)
{
    auto_buf struct buf archive;
    buf_init(&archive, SITE_ARCHIVE_MAX);
    *q = (struct qmtp){.ctl = c, .protocol = protocol, .relay = getenv("RELAYCLIENT")};
    (void)signal(SIGPIPE, SIG_IGN); /* a client that went away shows at the next write */
    err e = site_collect(c->root_dir, false, &archive);
    if (!failed(e))
        e = site_parse(arena_copy(c->arena, buf_str(&archive)), c->arena, &q->site);
    if (failed(e))
        return e;
    q->databytes = q->site.databytes;
    str bytes = variable("DATABYTES");
    if (getenv("DATABYTES") && !str_take_u64(&bytes, &q->databytes))
        q->databytes = 0;
    q->io = io_new(STDIN_FILENO, STDOUT_FILENO);
    return OK_ERR;
}

static err answer_all(struct qmtp *q, const struct verdicts *v, str done)
{
    auto_buf struct buf out;
    buf_init(&out, ADDRESSES_MAX);
    for (size_t i = 0; i < v->each.n; i++)
        netstring_write(&out, v->each.at[i] ? str_from(v->each.at[i]) : done);
    err e = buf_check(&out, "answers");
    if (!failed(e))
        e = io_write(q->io, buf_str(&out));
    return failed(e) ? e : io_flush(q->io, deadline_in_ms(SERVER_MS));
}

static err one_qmtp(struct qmtp *q)
{
    auto_buf struct buf message, sender, recipients, done;
    buf_init(&message, MESSAGE_MAX);
    buf_init(&sender, ADDRESSES_MAX);
    buf_init(&recipients, ADDRESSES_MAX);
    buf_init(&done, 1024);
    err e = read_netstring(q->io, MESSAGE_MAX, &message);
    if (!failed(e))
        e = cut_short(read_netstring(q->io, ADDRESSES_MAX, &sender));
    if (!failed(e))
        e = cut_short(read_netstring(q->io, ADDRESSES_MAX, &recipients));
    if (!failed(e) && (message.n == 0 || (message.p[0] != '\n' && message.p[0] != '\r')))
        e = err_new(ERR_SYNTAX, "a message that begins with neither LF nor CR");
    struct verdicts v = {0};
    if (!failed(e))
        e = judge(q, buf_str(&sender), buf_str(&recipients), &v);
    if (!failed(e)) {
        str body = message.p[0] == '\r' ? with_lf(message.p + 1, message.n - 1)
                                        : str_from_at(buf_str(&message), 1);
        submit(q, &v, buf_str(&sender), body, &done);
        e = answer_all(q, &v, buf_str(&done));
    }
    envelope_done(&v.envelope);
    vec_done(&v.each);
    return e;
}

int old_qmtpd(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct qmtp q;
    err e = start(&q, c, "QMTP");
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to read controls", e);
    while (!failed(e))
        e = one_qmtp(&q);
    io_free(q.io);
    return e.kind == ERR_CLOSED ? CTL_OK : ctl_fail_err(c, "fatal: bad protocol", e);
}

int old_qmqpd(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct qmtp q;
    err e = start(&q, c, "QMQP");
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to read controls", e);
    q.relays_all = true;
    auto_buf struct buf whole, done, out;
    buf_init(&whole, MESSAGE_MAX);
    buf_init(&done, 1024);
    buf_init(&out, 2048);
    str rest, message, sender;
    struct verdicts v = {0};
    e = cut_short(read_netstring(q.io, MESSAGE_MAX, &whole));
    rest = buf_str(&whole);
    if (!failed(e))
        e = netstring_take(&rest, MESSAGE_MAX, &message);
    if (!failed(e))
        e = netstring_take(&rest, ADDRESSES_MAX, &sender);
    if (!failed(e))
        e = judge(&q, sender, rest, &v);
    if (!failed(e)) {
        const char *no = NULL; /* one answer for all: one bad address refuses the message */
        for (size_t i = 0; i < v.each.n && !no; i++)
            no = v.each.at[i];
        if (no)
            buf_add(&done, str_from(no));
        else
            submit(&q, &v, sender, message, &done);
        netstring_write(&out, buf_str(&done));
        e = io_write(q.io, buf_str(&out));
    }
    if (!failed(e))
        e = io_flush(q.io, deadline_in_ms(SERVER_MS));
    envelope_done(&v.envelope);
    vec_done(&v.each);
    io_free(q.io);
    return failed(e) ? ctl_fail_err(c, "fatal: bad protocol", e) : CTL_OK;
}

/* ---- qmail-qmqpc: qmail-queue's interface; its exit codes ---- */

enum {
    CODE_D = 31,
    CODE_Z = 71,
    CODE_CONNECT = 73,
    CODE_TALK = 74,
    CODE_READ = 54,
    CODE_FORM = 91
};

static bool pack(str message, str envelope, struct buf *out)
{
    str item;
    auto_buf struct buf inner;
    buf_init(&inner, MESSAGE_MAX);
    netstring_write(&inner, message);
    if (!str_cut(envelope, 0, &item, &envelope) || !str_skip(&item, S("F")))
        return false;
    netstring_write(&inner, item);
    while (str_cut(envelope, 0, &item, &envelope) && item.n) {
        if (!str_skip(&item, S("T")))
            return false;
        netstring_write(&inner, item);
    }
    netstring_write(out, buf_str(&inner));
    return !inner.over && !out->over;
}

/* 0, CODE_D, CODE_Z: the server's word; others: the next server may do. */
static int ask_server(struct ctl *c, str server, str packet)
{
    struct net_address at;
    str host = server, port;
    uint64_t number = QMQP_PORT; /* "192.0.2.1:628" is ours: tests have no right to port 628 */
    if (str_cut(server, ':', &host, &port) && str_find(port, ':') < 0 &&
        (!str_u64(port, &number) || number > 65535))
        return CODE_CONNECT;
    if (str_find(port, ':') >= 0)
        host = server; /* IPv6 */
    auto_fd int fd = -1;
    err e = net_address_parse(host, (uint16_t)number, &at);
    if (!failed(e))
        e = net_connect(&at, deadline_in_ms(10000), &fd);
    if (failed(e)) {
        (void)ctl_fail(c, 0, "%.*s: %s", STR_ARG(server), err_text(e));
        return CODE_CONNECT;
    }
    auto_buf struct buf answer;
    buf_init(&answer, 4096);
    struct io *io = io_new(fd, fd);
    e = io_write(io, packet);
    if (!failed(e))
        e = io_flush(io, deadline_in_ms(SERVER_MS));
    if (!failed(e))
        e = read_netstring(io, 1000, &answer);
    io_free(io);
    (void)fd_take(&fd); /* io closed it */
    if (failed(e) || answer.n == 0)
        return CODE_TALK;
    return answer.p[0] == 'K' ? 0 : answer.p[0] == 'D' ? CODE_D : CODE_Z;
}

int old_qmqpc(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct qmtp q;
    struct buf message, envelope;
    auto_buf struct buf packet;
    buf_init(&packet, MESSAGE_MAX);
    if (failed(descriptor_read(0, MESSAGE_MAX, &message)) ||
        failed(descriptor_read(1, ADDRESSES_MAX, &envelope)))
        return CODE_READ;
    if (failed(start(&q, c, "QMQP")))
        return 55;
    io_free(q.io);
    if (!pack(buf_str(&message), buf_str(&envelope), &packet))
        return CODE_FORM;
    int code = q.site.qmqpservers.n ? CODE_CONNECT : 55;
    for (size_t i = 0; i < q.site.qmqpservers.n; i++) {
        code = ask_server(c, q.site.qmqpservers.at[i].key, buf_str(&packet));
        if (code == 0 || code == CODE_D || code == CODE_Z)
            break;
    }
    return code;
}
