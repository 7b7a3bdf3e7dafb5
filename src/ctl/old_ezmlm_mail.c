/* SPDX-License-Identifier: ISC */
/* ctl/old_ezmlm_mail.c -- ezmlm-store, -gate, -moderate, -confirm, -clean, -accept, -manage,
 * -request, -get, -tstdig, -digests. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ezmlm.h"
#include "list/get.h"
#include "list/manage.h"
#include "list/moderate.h"

/* Options of which some set a rule and the rest are only accepted. False: misuse. */
static bool options(struct ctl *c, int argc, char **argv, const char *letters, const char *usage,
                    void (*take)(void *ctx, int k), void *ctx)
{
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, letters)) != -1) {
        if (k == '?') {
            (void)ctl_usage(c, usage);
            return false;
        }
        if (take)
            take(ctx, k);
    }
    if (optind < argc)
        return true;
    (void)ctl_usage(c, usage);
    return false;
}

static void take_store(void *ctx, int k)
{
    struct store_rules *r = ctx;
    if (k == 'y' || k == 'Y') {
        r->confirm = k == 'y';
        r->no_confirm = k == 'Y';
    } else if (k == 'p' || k == 'P') {
        r->refuse = k == 'P';
    }
}

int old_ezmlm_store(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    struct store_rules rules = {0};
    int code;
    if (!options(c, argc, argv, "+bBcCmMpPrRsSyY", "[-mMpPsSyY] DIR", take_store, &rules))
        return CTL_PERMANENT;
    if (!ezmlm_open(&z, c, argv[optind], EZMLM_MESSAGE | EZMLM_SENDER, &code))
        return code;
    return ezmlm_exit(&z, list_store(&z.run, &rules));
}

int old_ezmlm_gate(struct ctl *c, int argc, char **argv)
{
    static const char *const usual[] = {".", NULL};
    struct ezmlm z;
    struct store_rules rules = {0};
    int code;
    if (!options(c, argc, argv, "+bBcCmMpPq:rRsSyY", "[-yY] DIR [DB …]", take_store, &rules))
        return CTL_PERMANENT;
    if (!ezmlm_open(&z, c, argv[optind], EZMLM_MESSAGE | EZMLM_SENDER, &code))
        return code;
    const char *const *dbs = (const char *const *)(argv + optind + 1);
    return ezmlm_exit(&z, list_gate(&z.run, &rules, *dbs ? dbs : usual));
}

static int simple(struct ctl *c, int argc, char **argv, const char *letters, unsigned need,
                  struct verdict (*run)(struct list_run *r))
{
    struct ezmlm z;
    int code;
    if (!options(c, argc, argv, letters, "DIR", NULL, NULL))
        return CTL_PERMANENT;
    if (!ezmlm_open(&z, c, argv[optind], need, &code))
        return code;
    return ezmlm_exit(&z, run(&z.run));
}

int old_ezmlm_moderate(struct ctl *c, int argc, char **argv)
{
    return simple(c, argc, argv, "+bBcCmMrR", EZMLM_MESSAGE | EZMLM_DEFAULT | EZMLM_SENDER,
                  list_moderate);
}

int old_ezmlm_confirm(struct ctl *c, int argc, char **argv)
{
    return simple(c, argc, argv, "+bBcCmMrR", EZMLM_MESSAGE | EZMLM_DEFAULT | EZMLM_SENDER,
                  list_confirm);
}

int old_ezmlm_request(struct ctl *c, int argc, char **argv)
{
    return simple(c, argc, argv, "+dDfF", EZMLM_MESSAGE | EZMLM_DEFAULT | EZMLM_SENDER,
                  list_request);
}

int old_ezmlm_get(struct ctl *c, int argc, char **argv)
{
    return simple(c, argc, argv, "+bBcCf:gGlLpPsSt:vV",
                  EZMLM_MESSAGE | EZMLM_DEFAULT | EZMLM_SENDER, list_get);
}

int old_ezmlm_digests(struct ctl *c, int argc, char **argv)
{
    return simple(c, argc, argv, "+", 0, list_digest);
}

static void take_clean(void *ctx, int k)
{
    *(bool *)ctx = k == 'r';
}

int old_ezmlm_clean(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    bool back = true;
    int code;
    if (!options(c, argc, argv, "+rR", "[-rR] DIR", take_clean, &back))
        return CTL_PERMANENT;
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    return ezmlm_exit(&z, list_clean(&z.run, back));
}

int old_ezmlm_accept(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    int code;
    if (!options(c, argc, argv, "+", "DIR FILE …", NULL, NULL))
        return CTL_PERMANENT;
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    for (int i = optind + 1; i < argc; i++) {
        str path = str_from(argv[i]); /* of the file, or its name alone */
        ptrdiff_t slash = str_rfind(path, '/');
        struct verdict v = list_decide(&z.run, str_from_at(path, (size_t)(slash + 1)), true);
        if (v.code)
            return ezmlm_exit(&z, v);
    }
    return CTL_OK;
}

static void take_manage(void *ctx, int k)
{
    struct manage_rules *r = ctx;
    if (k == 's' || k == 'S')
        r->no_sub_confirm = k == 'S';
    else if (k == 'u' || k == 'U')
        r->no_unsub_confirm = k == 'U';
    else if (k == 'm' || k == 'M')
        r->mod_unsub = k == 'm';
    else if (k == 'q' || k == 'Q')
        r->quiet = k == 'q';
}

int old_ezmlm_manage(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    struct manage_rules rules = {0};
    int code;
    if (!options(c, argc, argv, "+cCdDeEfFlLmMnNqQsSuUvV", "[-cCdDeEfFlLmMnNqQsSuU] DIR",
                 take_manage, &rules))
        return CTL_PERMANENT;
    if (!ezmlm_open(&z, c, argv[optind], EZMLM_MESSAGE | EZMLM_DEFAULT | EZMLM_SENDER, &code))
        return code;
    return ezmlm_exit(&z, list_manage(&z.run, &rules));
}

int old_ezmlm_tstdig(struct ctl *c, int argc, char **argv)
{
    struct ezmlm z;
    struct digest_rules rules = {-1, -1, -1};
    uint64_t number;
    int k, code;
    optind = 1;
    while ((k = getopt(argc, argv, "+k:m:t:")) != -1) {
        if (k == '?' || !str_u64(str_from(optarg), &number) || number > 1'000'000'000)
            return ctl_usage(c, "[-k KILOBYTES] [-m POSTS] [-t HOURS] DIR");
        *(k == 'k' ? &rules.kilobytes : k == 'm' ? &rules.posts : &rules.hours) = (int64_t)number;
    }
    if (optind >= argc)
        return ctl_usage(c, "[-k KILOBYTES] [-m POSTS] [-t HOURS] DIR");
    if (!ezmlm_open(&z, c, argv[optind], 0, &code))
        return code;
    return ezmlm_exit(&z, list_digest_due(&z.run, &rules));
}
