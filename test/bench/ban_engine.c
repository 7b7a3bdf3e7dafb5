/* SPDX-License-Identifier: ISC */
/* ban_engine CONFIG FILTER[OPTIONS] LOG [ROUNDS]: how many lines a second one jail gets through,
 * the whole way from the file to the decision: reading, dates, matching, identity, counting. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ban/follow_split.h"
#include "ban/jail.h"
#include "ban/jail_files.h"

static uint64_t found, banned;

static void event(void *ctx, struct jail *j, const struct jail_event *e)
{
    (void)ctx;
    (void)j;
    found += e->kind == JAIL_FOUND;
    banned += e->kind == JAIL_BAN;
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t run(struct jail *j, const char *path, int64_t now)
{
    static char block[1 << 16];
    struct follow_split s;
    follow_split_init(&s);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        perror(path);
        exit(1);
    }
    uint64_t lines = 0;
    ssize_t n;
    str line;
    while ((n = read(fd, block, sizeof block)) > 0) {
        str rest = str_of(block, (size_t)n);
        while (follow_split_next(&s, &rest, &line)) {
            jail_line(j, line, now);
            lines++;
        }
    }
    close(fd);
    follow_split_done(&s);
    return lines;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    struct arena *a = arena_new("bench", 256 << 20);
    struct findings f;
    findings_init(&f, a);
    struct jail_files files;
    jail_files_init(&files, &f);
    struct jail_def def = {.name = S("bench"), .maxretry = 5, .maxmatches = 5, .findtime = 600, .bantime = 600};
    struct filter_reader r;
    struct conf_text call = conf_text_of(str_from(argv[2]), (struct conf_place){0}, a);
    int64_t now = 1795536100;
    struct date_cache *dates = date_cache_new(now, false);
    struct jail_hooks hooks = {.event = event};
    if (!filter_read(&r, a, &files.files, &f, str_from(argv[1]), &call, false, NULL) ||
        !filter_resolve(&r, &def.filter))
        return 1;
    struct jail *j = jail_new(&def, dates, &f, &hooks);
    for (size_t i = 0; i < f.list.n; i++)
        fprintf(stderr, "%.*s:%u: %.*s\n", STR_ARG(f.list.at[i].place.file), f.list.at[i].place.line,
                STR_ARG(f.list.at[i].text));
    if (!j)
        return 1;
    jail_time(j, FILTER_TIME_TOOL);
    double best = 1e9;
    uint64_t lines = 0;
    int rounds = argc > 4 ? (int)strtol(argv[4], NULL, 10) : 3;
    for (int i = 0; i < rounds; i++) {
        found = banned = 0;
        double t = cpu();
        lines = run(j, argv[3], now);
        t = cpu() - t;
        best = t < best ? t : best;
    }
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("%-28s %8llu lines  %9.0f lines/s  found %llu  bans %llu  %ld KiB\n", argv[2], (unsigned long long)lines,
           (double)lines / best, (unsigned long long)found, (unsigned long long)banned, u.ru_maxrss);
    return 0;
}
