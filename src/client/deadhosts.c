/* SPDX-License-Identifier: ISC */
#include "client/deadhosts.h"

#include <string.h>

#include "os/file.h"

/* The file: a header, then slots; little endian.
 *   header  16 octets "twp-dead-hosts 1"
 *   slot    16 address (IPv4 as IPv4-mapped), 8 time of the last counted timeout, 4 count, 4 zero
 * count 0: the slot is free. */
enum { HEADER = 16, SLOT = 32, FILE_SIZE = HEADER + DEAD_HOSTS * SLOT };
enum {
    COUNT_APART = 120,  /* seconds: timeouts closer together are one event */
    LEAVE_ALONE = 3840, /* qmail's shortest: (60 + 0) * 64 */
    COUNT_MAX = 10,
};

static const char magic[HEADER + 1] = "twp-dead-hosts 1";

struct dead_hosts {
    int fd;
    unsigned char at[FILE_SIZE];
};

static uint64_t get(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    while (n--)
        v = v << 8 | p[n];
    return v;
}

static void put(unsigned char *p, size_t n, uint64_t v)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        p[i] = (unsigned char)v;
}

static bool to_key(const struct net_address *a, unsigned char ret[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
    if (a->ss.ss_family == AF_INET) {
        memcpy(&in4, &a->ss, sizeof in4);
        memcpy(ret, mapped, sizeof mapped);
        memcpy(ret + 12, &in4.sin_addr, 4);
        return true;
    }
    if (a->ss.ss_family != AF_INET6)
        return false;
    memcpy(&in6, &a->ss, sizeof in6);
    memcpy(ret, &in6.sin6_addr, 16);
    return true;
}

static void from_key(const unsigned char *key, struct net_address *ret)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    *ret = (struct net_address){0};
    memcpy(&in6.sin6_addr, key, 16);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
        memcpy(&in4.sin_addr, key + 12, 4);
        memcpy(&ret->ss, &in4, sizeof in4);
        ret->n = sizeof in4;
    } else {
        memcpy(&ret->ss, &in6, sizeof in6);
        ret->n = sizeof in6;
    }
}

/* Anything that is not a whole file of ours is an empty memory. */
static void load(struct dead_hosts *d)
{
    auto_arena struct arena *a = arena_new("dead hosts", 64 * 1024);
    str bytes;
    if (!failed(file_read_fd(d->fd, FILE_SIZE, a, &bytes)) && bytes.n == FILE_SIZE &&
        !memcmp(bytes.p, magic, HEADER)) {
        memcpy(d->at, bytes.p, FILE_SIZE);
        return;
    }
    memset(d->at, 0, sizeof d->at);
    memcpy(d->at, magic, HEADER);
    err e = file_pwrite(d->fd, str_of(d->at, FILE_SIZE), 0);
    (void)e; /* without a file nothing is remembered; mail goes on */
}

err dead_hosts_open(int dir, const char *name, struct dead_hosts **ret)
{
    int fd;
    err e = file_open(dir, name, O_RDWR | O_CREAT, 0644, &fd);
    if (failed(e))
        return e;
    struct dead_hosts *d = mem_alloc("dead hosts", sizeof *d);
    d->fd = fd;
    load(d);
    *ret = d;
    return OK_ERR;
}

void dead_hosts_free(struct dead_hosts *d)
{
    if (!d)
        return;
    fd_close(d->fd);
    free(d);
}

static unsigned char *slot(struct dead_hosts *d, size_t i)
{
    return d->at + HEADER + i * SLOT;
}

static void save(struct dead_hosts *d, const unsigned char *s)
{
    err e = file_pwrite(d->fd, str_of(s, SLOT), (uint64_t)(s - d->at));
    (void)e; /* as in load() */
}

static unsigned char *find(struct dead_hosts *d, const unsigned char key[16])
{
    for (size_t i = 0; i < DEAD_HOSTS; i++)
        if (get(slot(d, i) + 24, 4) && !memcmp(slot(d, i), key, 16))
            return slot(d, i);
    return NULL;
}

/* A free slot, or the one whose timeout is longest ago. */
static unsigned char *room(struct dead_hosts *d)
{
    unsigned char *oldest = slot(d, 0);
    for (size_t i = 0; i < DEAD_HOSTS; i++) {
        unsigned char *s = slot(d, i);
        if (!get(s + 24, 4))
            return s;
        if (get(s + 16, 8) < get(oldest + 16, 8))
            oldest = s;
    }
    return oldest;
}

/* Hosts differ a little, so that not all are tried again in the same minute. */
static int64_t pause_of(const unsigned char key[16])
{
    return LEAVE_ALONE + (key[15] & 31) * 64;
}

bool dead_hosts_skip(struct dead_hosts *d, const struct net_address *a, int64_t now)
{
    unsigned char key[16];
    if (!to_key(a, key))
        return false;
    load(d);
    const unsigned char *s = find(d, key);
    if (!s || get(s + 24, 4) < 2)
        return false;
    int64_t since = now - (int64_t)get(s + 16, 8);
    return since >= 0 && since < pause_of(key); /* a clock set back frees the host */
}

void dead_hosts_timeout(struct dead_hosts *d, const struct net_address *a, int64_t now)
{
    unsigned char key[16];
    if (!to_key(a, key))
        return;
    load(d);
    unsigned char *s = find(d, key);
    uint64_t count = s ? get(s + 24, 4) : 0;
    int64_t since = s ? now - (int64_t)get(s + 16, 8) : 0;
    if (s && since >= 0 && since < COUNT_APART)
        return;
    if (!s)
        s = room(d);
    memset(s, 0, SLOT);
    memcpy(s, key, 16);
    put(s + 16, 8, (uint64_t)now);
    put(s + 24, 4, count < COUNT_MAX ? count + 1 : COUNT_MAX);
    save(d, s);
}

void dead_hosts_alive(struct dead_hosts *d, const struct net_address *a)
{
    unsigned char key[16];
    if (!to_key(a, key))
        return;
    load(d);
    unsigned char *s = find(d, key);
    if (!s)
        return;
    put(s + 24, 4, 0);
    save(d, s);
}

size_t dead_hosts_list(struct dead_hosts *d, struct dead_host *ret, size_t max)
{
    size_t n = 0;
    load(d);
    for (size_t i = 0; i < DEAD_HOSTS && n < max; i++) {
        const unsigned char *s = slot(d, i);
        if (!get(s + 24, 4))
            continue;
        ret[n].when = (int64_t)get(s + 16, 8);
        ret[n].count = (uint32_t)get(s + 24, 4);
        from_key(s, &ret[n++].address);
    }
    return n;
}

err dead_hosts_clear(struct dead_hosts *d)
{
    memset(d->at, 0, sizeof d->at);
    memcpy(d->at, magic, HEADER);
    return file_pwrite(d->fd, str_of(d->at, FILE_SIZE), 0);
}
