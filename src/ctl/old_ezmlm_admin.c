/* SPDX-License-Identifier: ISC */
/* ctl/old_ezmlm_admin.c -- ezmlm-limit, -idx, -archive, -import, -check, -split, and the names that
 * belong to what this house does another way: -rmtab, -receipt, -glconf, -cron, -cgi. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ezmlm.h"
#include "ctl/programs.h"
#include "list/addresses.h"
#include "list/admin.h"
#include "list/lock.h"
#include "list/members.h"
#include "os/file.h"

enum { MBOX_MAX = 1 << 30 };

int old_ezmlm_limit(struct ctl *c, int argc, char **argv)
{
    static const char usage[] = "[-dD] [-n POSTS] [-t SECONDS] DIR";
    struct ezmlm z;
    struct limit_rules rules = {.posts = 30, .seconds = 3600};
    uint64_t number;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+dDfFn:t:")) != -1) {
        if (k == '?' ||
            (strchr("nt", k) && (!str_u64(str_from(optarg), &number) || number > 1'000'000'000)))
            return ctl_usage(c, usage);
        if (k == 'd' || k == 'D')
            rules.defer = k == 'd';
        else if (k == 'n')
            rules.posts = number;
        else if (k == 't')
            rules.seconds = (int64_t)number;
    }
    if (optind >= argc)
        return ctl_usage(c, usage);
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    return ezmlm_exit(&z, list_limit(&z.run, &rules));
}

static int with_list(struct ctl *c, int argc, char **argv, const char *letters,
                     err (*run)(struct list_run *r))
{
    struct ezmlm z;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, letters)) != -1)
        if (k == '?')
            return ctl_usage(c, "DIR");
    if (optind >= argc)
        return ctl_usage(c, "DIR");
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    err e = run(&z.run);
    return failed(e) ? ctl_fail(c, CTL_TEMPORARY, "fatal: %s", err_text(e)) : CTL_OK;
}

int old_ezmlm_idx(struct ctl *c, int argc, char **argv)
{
    return with_list(c, argc, argv, "+dD", list_reindex);
}

int old_ezmlm_archive(struct ctl *c, int argc, char **argv)
{
    return with_list(c, argc, argv, "+cCf:Fst:Tv", list_thread);
}

int old_ezmlm_import(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    int code;
    uint64_t n;
    str mbox;
    if (argc < 2)
        return ctl_usage(c, "DIR [MBOX]");
    if (!ezmlm_open(&z, c, argv[1], 0, &code))
        return code;
    if (argc > 2) {
        auto_fd int fd = -1;
        err e = file_open(AT_FDCWD, argv[2], O_RDONLY, 0, &fd);
        if (!failed(e))
            e = fd_map(fd, MBOX_MAX, &mbox);
        if (failed(e))
            return ctl_fail_err(c, argv[2], e);
    } else {
        struct buf b;
        if (failed(descriptor_read(0, MBOX_MAX, &b)))
            return ctl_fail(c, CTL_TEMPORARY, "fatal: unable to read the mbox");
        mbox = buf_str(&b);
    }
    err e = list_import(&z.run, mbox, &n);
    return failed(e) ? ctl_fail(c, CTL_TEMPORARY, "fatal: %s", err_text(e)) : CTL_OK;
}

int old_ezmlm_check(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    int k, code;
    bool repair = false;
    optind = 1;
    while ((k = getopt(argc, argv, "+r")) != -1) {
        if (k == '?')
            return ctl_usage(c, "[-r] DIR");
        repair = true;
    }
    if (optind >= argc)
        return ctl_usage(c, "[-r] DIR");
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    if (repair) {
        struct members m;
        struct member_report report;
        err e = members_open(z.list.dir, S(""), &m);
        if (!failed(e)) {
            e = members_check(&m, true, &report);
            members_close(&m);
        }
        if (failed(e))
            return ctl_fail(c, CTL_TEMPORARY, "fatal: %s", err_text(e));
    }
    auto_buf struct buf out;
    buf_init(&out, 1 << 20);
    size_t n = list_check(&z.run, &out);
    if (!ctl_print(c, buf_str(&out)))
        return CTL_TEMPORARY;
    return n ? CTL_FOUND : CTL_OK;
}

/* Lines "DOMAIN:LOW:HIGH:LIST@HOST" of the file `split`: requests for people of a domain go to that
 * sublist. Ranges of the hash other than all are the business of the main list. */
int old_ezmlm_split(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+dD")) != -1)
        if (k == '?')
            return ctl_usage(c, "[-dD] DIR [FILE]");
    if (optind >= argc)
        return ctl_usage(c, "[-dD] DIR [FILE]");
    if (!ezmlm_open(&z, c, argv[optind], EZMLM_MESSAGE | EZMLM_DEFAULT | EZMLM_SENDER, &code))
        return code;
    struct list_lines lines = list_values(&z.list, optind + 1 < argc ? argv[optind + 1] : "split");
    str command, who, target = z.run.sender;
    if (str_cut(z.run.address_rest, '-', &command, &who) &&
        failed(verp_decode(c->arena, who, &target)))
        return CTL_OK;
    if (!str_ieq(command, S("subscribe")) && !str_ieq(command, S("unsubscribe")))
        return CTL_OK;
    str host = address_host(target);
    for (size_t i = 0; i < lines.n; i++) {
        str domain, low, high, rest = lines.at[i];
        if (!str_cut(rest, ':', &domain, &rest) || !str_cut(rest, ':', &low, &rest) ||
            !str_cut(rest, ':', &high, &rest))
            continue;
        if ((low.n && !str_eq(low, S("0"))) || (high.n && !str_eq(high, S("52"))) ||
            (domain.n && !str_ieq(host, domain) &&
             !str_iends(host, arena_printf(c->arena, ".%.*s", STR_ARG(domain)))))
            continue;
        str to = arena_printf(c->arena, "%.*s-%.*s-%.*s@%.*s", STR_ARG(address_local(rest)),
                              STR_ARG(command), STR_ARG(verp_encode(c->arena, target)),
                              STR_ARG(address_host(rest)));
        struct list_mail mail = {
            .sender = z.run.sender, .to = &to, .n = 1, .message = z.run.message};
        err e = z.run.send(z.run.ctx, &mail);
        return failed(e) ? ezmlm_exit(&z, verdict_of(e, "unable to send the request on")) : 99;
    }
    return CTL_OK;
}

int old_ezmlm_rmtab(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return ctl_fail(c, CTL_PERMANENT, "fatal: lists of this host keep their members in files");
}

/* A sublist's receipt to the main list of an SQL set: there is none here, so it is taken and
 * dropped, as ezmlm-idx without SQL does. */
int old_ezmlm_receipt(struct ctl *c, int argc, char **argv)
{
    (void)c;
    (void)argc;
    (void)argv;
    return 99;
}

int old_ezmlm_glconf(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return ctl_fail(c, CTL_PERMANENT,
                    "fatal: there is no global list interface here; each list answers for itself");
}

int old_ezmlm_cron(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return ctl_fail(c, CTL_PERMANENT,
                    "fatal: put a line that runs ezmlm-digests DIR into your crontab");
}
