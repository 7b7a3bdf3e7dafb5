/* SPDX-License-Identifier: ISC */
#include "log/event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "os/clock.h"

enum { EVENT_MAX = 16 * 1024, VALUE_MAX = 2048, INHERITED_MAX = 8 };

struct log {
    struct {
        char key[24];
        char *value;
        size_t n;
    } fields[INHERITED_MAX];
    size_t n;
};

static struct {
    const char *program;
    int fd;
    uint64_t lost;
    bool holding;
    size_t held; /* lines in `waiting` */
    struct buf waiting;
} sink = {.program = "twinpost", .fd = -1};

static const struct {
    const char *name;
    enum level level;
    const char *help;
} catalogue[] = {
#define EVENT(id, name, level, help) [id] = {name, level, help},
#include "log/events.def"
#undef EVENT
};

const char *event_name(enum event e)
{
    return catalogue[e].name;
}

enum level event_level(enum event e)
{
    return catalogue[e].level;
}

const char *event_help(enum event e)
{
    return catalogue[e].help;
}

const char *level_name(enum level l)
{
    static const char *const names[] = {"debug", "info", "notice", "warning", "error", "alarm"};
    return names[l];
}

void log_open(const char *program, int fd)
{
    sink.program = program;
    sink.fd = fd;
    struct timeval second = {.tv_sec = 1};
    if (fd >= 0) /* a sink that is no socket needs no limit */
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

struct log *log_new(const struct log *parent)
{
    struct log *l = mem_alloc("log", sizeof *l);
    for (size_t i = 0; parent && i < parent->n; i++)
        log_set(l, parent->fields[i].key, str_of(parent->fields[i].value, parent->fields[i].n));
    return l;
}

void log_free(struct log *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++)
        free(l->fields[i].value);
    free(l);
}

void log_set(struct log *l, const char *key, str value)
{
    size_t i = 0;
    while (i < l->n && strcmp(l->fields[i].key, key) != 0)
        i++;
    if (i == INHERITED_MAX)
        return; /* a field too many is not worth failing for */
    if (i == l->n)
        (void)snprintf(l->fields[l->n++].key, sizeof l->fields[0].key, "%s", key);
    free(l->fields[i].value);
    l->fields[i].value = mem_alloc("log field", value.n + 1);
    l->fields[i].n = value.n;
    if (value.n)
        memcpy(l->fields[i].value, value.p, value.n);
}

/* The length of the well-formed UTF-8 sequence at the front of s, or 0. RFC 3629. */
static size_t utf8_length(str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
    if (n == 0 || n > s.n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : n;
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

/* RFC 8259 7. Octets that are not UTF-8 are written as the Latin-1 character they would be. */
static void add_json_text(struct buf *b, str s)
{
    buf_addc(b, '"');
    s = str_slice(s, 0, VALUE_MAX);
    while (s.n) {
        size_t run = 0;
        while (run < s.n && is_plain(s.p[run]))
            run++;
        buf_add(b, str_slice(s, 0, run));
        s = str_from_at(s, run);
        if (s.n == 0)
            break;
        size_t n = utf8_length(s);
        if (n)
            buf_add(b, str_slice(s, 0, n));
        else if (*s.p == '"' || *s.p == '\\')
            buf_addf(b, "\\%c", *s.p);
        else
            buf_addf(b, "\\u%04x", (unsigned)(unsigned char)*s.p);
        s = str_from_at(s, n ? n : 1);
    }
    buf_addc(b, '"');
}

static void add_field(struct buf *b, const struct field *f)
{
    buf_addf(b, ",\"%s\":", f->key);
    if (f->type == FIELD_INT)
        buf_addf(b, "%lld", (long long)f->i);
    else
        add_json_text(b, f->type == FIELD_STR ? f->s : str_from(err_text(f->e)));
}

static void add_head(struct buf *b, enum event e)
{
    int64_t now = clock_micros();
    struct civil c = civil_from_epoch(now / 1000000);
    buf_addf(b,
             "{\"t\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\",\"event\":\"%s\",\"level\":\"%s\","
             "\"program\":\"%s\",\"pid\":%ld",
             c.year, c.month, c.day, c.hour, c.minute, c.second, (int)(now % 1000000),
             catalogue[e].name, level_name(catalogue[e].level), sink.program, (long)getpid());
}

static void send_packet(str lines, size_t n_lines)
{
    ssize_t n;
    do
        n = send(sink.fd, lines.p, lines.n, MSG_NOSIGNAL | MSG_EOR);
    while (n < 0 && errno == EINTR);
    sink.lost = n >= 0 ? 0 : sink.lost + n_lines;
}

void log_hold(void)
{
    if (!sink.holding)
        buf_init(&sink.waiting, EVENT_MAX);
    sink.holding = sink.fd >= 0;
}

void log_release(void *unused)
{
    (void)unused; /* there is one log */
    if (sink.held == 0)
        return;
    send_packet(buf_str(&sink.waiting), sink.held);
    buf_reset(&sink.waiting);
    sink.held = 0;
}

static void hold(str line)
{
    if (sink.waiting.n + line.n + 1 > EVENT_MAX)
        log_release(NULL);
    if (sink.held)
        buf_addc(&sink.waiting, '\n');
    buf_add(&sink.waiting, line);
    sink.held++;
}

static void send_line(str line)
{
    if (sink.holding) {
        hold(line);
        return;
    }
    if (sink.fd >= 0) {
        send_packet(line, 1);
        return;
    }
    struct buf b;
    buf_init(&b, EVENT_MAX + 1);
    buf_add(&b, line);
    buf_addc(&b, '\n');
    ssize_t n = write(STDERR_FILENO, b.p, b.n);
    (void)n; /* nowhere left to complain */
    buf_done(&b);
}

void log_emit(const struct log *l, enum event e, const struct field *f, size_t n)
{
    struct buf b;
    buf_init(&b, EVENT_MAX);
    add_head(&b, e);
    if (sink.lost)
        buf_addf(&b, ",\"lost\":%llu", (unsigned long long)sink.lost);
    for (size_t i = 0; l && i < l->n; i++) {
        buf_addf(&b, ",\"%s\":", l->fields[i].key);
        add_json_text(&b, str_of(l->fields[i].value, l->fields[i].n));
    }
    for (size_t i = 0; i < n; i++)
        add_field(&b, &f[i]);
    buf_addc(&b, '}');
    if (!b.over)
        send_line(buf_str(&b));
    else
        sink.lost++;                        /* more fields than any event of ours has */
    if (catalogue[e].level >= LEVEL_NOTICE) /* who says such a thing may be about to end */
        log_release(NULL);
    buf_done(&b);
}
