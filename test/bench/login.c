/* SPDX-License-Identifier: ISC */
/* bench-login: logins a second, from connect to the answer OK, so many at a time.
 *   --protocol pop3|imap --mechanism CRAM-MD5|PLAIN --port N --at-once 10 --seconds S
 *   --users N [--first-user K] [--prefix u] --password P
 * Prints one JSON object. */
#include "bench.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *password, *prefix;
static bool imap, cram;
static uint16_t port;
static uint64_t users, first_user, end;
static _Atomic uint64_t done, next_user, slowest;

static void base64(char *to, const char *from, size_t n)
{
    EVP_EncodeBlock((unsigned char *)to, (const unsigned char *)from, (int)n);
}

static void plain_response(char *to, const char *user)
{
    char raw[512];
    int n = snprintf(raw, sizeof raw, "%c%s%c%s", 0, user, 0, password);
    base64(to, raw, (size_t)n);
}

/* RFC 2195 2 */
static void cram_response(char *to, const char *challenge64, const char *user)
{
    unsigned char challenge[512], mac[EVP_MAX_MD_SIZE];
    unsigned mac_n = 0;
    int n =
        EVP_DecodeBlock(challenge, (const unsigned char *)challenge64, (int)strlen(challenge64));
    for (const char *p = challenge64 + strlen(challenge64); p > challenge64 && p[-1] == '='; p--)
        n--;
    if (n < 0)
        bench_die("a challenge that is not Base64");
    HMAC(EVP_md5(), password, (int)strlen(password), challenge, (size_t)n, mac, &mac_n);
    char raw[512];
    int at = snprintf(raw, sizeof raw, "%s ", user);
    for (unsigned i = 0; i < mac_n; i++)
        at += snprintf(raw + at, sizeof raw - (size_t)at, "%02x", mac[i]);
    base64(to, raw, (size_t)at);
}

static void login(struct lines *l, const char *user)
{
    char response[1024], *line;
    uint64_t start = bench_now();
    *l = (struct lines){.fd = -1};
    l->fd = bench_connect(port, false);
    if (!bench_line(l))
        bench_die("closed at once");
    if (cram) {
        bench_writef(l->fd, imap ? "a AUTHENTICATE CRAM-MD5\r\n" : "AUTH CRAM-MD5\r\n");
        line = bench_line(l);
        if (!line || strncmp(line, "+ ", 2))
            bench_die("no challenge: %s", line ? line : "closed");
        cram_response(response, line + 2, user);
        bench_writef(l->fd, "%s\r\n", response);
    } else if (imap) {
        plain_response(response, user);
        bench_writef(l->fd, "a AUTHENTICATE PLAIN\r\n");
        line = bench_line(l);
        if (!line || line[0] != '+')
            bench_die("no challenge: %s", line ? line : "closed");
        bench_writef(l->fd, "%s\r\n", response);
    } else {
        plain_response(response, user);
        bench_writef(l->fd, "AUTH PLAIN %s\r\n", response);
    }
    while ((line = bench_line(l)) && line[0] == '*')
        ;
    if (!line || strncmp(line, imap ? "a OK" : "+OK", imap ? 4 : 3))
        bench_die("login of %s: %s", user, line ? line : "closed");
    uint64_t took = bench_now() - start;
    if (took > slowest)
        slowest = took;
    close(l->fd);
}

static void *run(void *arg)
{
    struct lines *l = malloc(sizeof *l);
    while (bench_now() < end) {
        char user[64];
        snprintf(user, sizeof user, "%s%llu", prefix,
                 (unsigned long long)(first_user + next_user++ % users));
        login(l, user);
        done++;
    }
    free(l);
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t all[256];
    uint64_t at_once = bench_number(argc, argv, "at-once", 10);
    imap = !strcmp(bench_option(argc, argv, "protocol", "pop3"), "imap");
    cram = !strcmp(bench_option(argc, argv, "mechanism", "PLAIN"), "CRAM-MD5");
    port = (uint16_t)bench_number(argc, argv, "port", 110);
    users = bench_number(argc, argv, "users", 1);
    first_user = bench_number(argc, argv, "first-user", 1);
    prefix = bench_option(argc, argv, "prefix", "u");
    password = bench_option(argc, argv, "password", "");
    uint64_t start = bench_now();
    end = start + bench_number(argc, argv, "seconds", 5) * 1000000000u;
    for (uint64_t i = 0; i < at_once && i < 256; i++)
        pthread_create(&all[i], NULL, run, NULL);
    for (uint64_t i = 0; i < at_once && i < 256; i++)
        pthread_join(all[i], NULL);
    printf("{\"logins\":%llu,\"rate\":%.1f,\"slowest_ms\":%.0f}\n", (unsigned long long)done,
           (double)done * 1e9 / (double)(bench_now() - start), (double)slowest / 1e6);
}
