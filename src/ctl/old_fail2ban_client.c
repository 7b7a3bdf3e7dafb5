/* SPDX-License-Identifier: ISC */
/* ctl/old_fail2ban_client.c -- fail2ban-client and fail2ban-server: guard answers, in
 * fail2ban-client's words. Starting and stopping is the mail host's business: here is said how. */
#include <stdio.h>
#include <string.h>

#include "ctl/old.h"
#include "ipc/channel.h"

enum { WORDS_MAX = 64, NOT_RUNNING = 255 };

static bool runs(struct ctl *c)
{
    auto_buf struct buf out;
    buf_init(&out, 4096);
    static const char *const ask[] = {"status"};
    if (ctl_ask_text(c, PROGRAM_INIT, ask, 1, &out) != CTL_OK)
        return false;
    return str_find_str(buf_str(&out), S("guard pid ")) >= 0;
}

static int not_here(struct ctl *c)
{
    return ctl_fail(c, NOT_RUNNING,
                    "the guard does not run: write 1 into control/guard and restart the mail host");
}

/* -c DIR, -s SOCKET and their like are of a server that is not here. */
static int skip_options(int argc, char **argv, bool *ret_version, bool *ret_test)
{
    static const char with_value[] = "cspl";
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0)
            *ret_version = true;
        else if (strcmp(argv[i], "-t") == 0 || strcmp(argv[i], "--test") == 0)
            *ret_test = true;
        else if (argv[i][1] != '-' && !argv[i][2] && strchr(with_value, argv[i][1]))
            i++;
    }
    return i < argc ? i : argc;
}

static int test(struct ctl *c)
{
    char *words[] = {(char[]){"jail"}, (char[]){"check"}, NULL};
    int code = cmd_jail(c, 2, words);
    if (code == CTL_OK)
        return ctl_print(c, S("OK: configuration test is successful\n")) ? CTL_OK : CTL_TEMPORARY;
    (void)ctl_print(c, S("ERROR: the jails named above cannot work as they should\n"));
    return NOT_RUNNING;
}

static int starts(struct ctl *c, const char *word)
{
    bool there = runs(c);
    if (strcmp(word, "start") == 0 && there)
        return ctl_print(c, S("Server ready\n")) ? CTL_OK : CTL_TEMPORARY;
    if (!there)
        return not_here(c);
    static const char *const reload[] = {"reload"};
    if (strcmp(word, "restart") == 0)
        return ctl_ask(c, PROGRAM_GUARD, reload, 1);
    return ctl_fail(
        c, NOT_RUNNING,
        "the guard ends with the mail host: write 0 into control/guard and restart that");
}

int old_fail2ban_client(struct ctl *c, int argc, char **argv)
{
    bool version = false, check = false;
    int at = skip_options(argc, argv, &version, &check);
    if (version)
        return ctl_print(c, S("Fail2Ban v1.0.2 (twinpost)\n")) ? CTL_OK : CTL_TEMPORARY;
    if (check)
        return test(c);
    if (at == argc)
        return ctl_usage(c, "[OPTIONS] COMMAND …");
    const char *word = argv[at];
    if (strcmp(word, "start") == 0 || strcmp(word, "stop") == 0 || strcmp(word, "restart") == 0)
        return starts(c, word);
    if (!runs(c))
        return not_here(c);
    if (argc - at > WORDS_MAX)
        return ctl_fail(c, NOT_RUNNING, "too many words");
    const char *words[WORDS_MAX];
    size_t n = 0;
    for (; at < argc; at++)
        words[n++] = argv[at];
    return ctl_ask(c, PROGRAM_GUARD, words, n);
}
