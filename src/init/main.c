/* SPDX-License-Identifier: ISC */
/* init: the supervisor, the only long-running root program. It opens the listeners, makes the
 * doors, starts every program with just the rights its plan names (programs.c), starts
 * sessions and workers as their users, and starts again what ends. It talks to nobody
 * outside the house. Usage: twinpost-init --root DIR [--foreground] */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "init/house.h"
#include "log/event.h"
#include "os/sandbox.h"

static struct options read_options(int argc, char **argv)
{
    struct options o = {.root = "/"};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--foreground") == 0)
            o.foreground = true;
        else if (strcmp(argv[i], "--root") == 0 && i + 1 < argc)
            o.root = argv[++i];
        else
            o.root = NULL;
    }
    return o;
}

static int must(err e, const char *doing)
{
    if (failed(e))
        (void)fprintf(stderr, "twinpost: %s: %s\n", doing,
                      err_text(e)); /* stderr is all there is */
    return failed(e);
}

static void on_signal(void *ctx, int signo)
{
    struct house *h = ctx;
    if (signo == SIGHUP)
        (void)house_reload(h); /* logged there; the old configuration stays */
    else
        house_stop(h);
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    if (!o.root) {
        (void)fprintf(stderr, "usage: twinpost-init [--root DIR] [--foreground]\n");
        return 100;
    }
    static struct house h;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    if (must(house_open(&h, &o), "open the house") ||
        must(house_load_site(&h), "read the configuration") ||
        must(house_make_doors(&h), "make doors") || must(house_prepare(&h), "prepare the house") ||
        must(house_listen(&h), "open listeners") ||
        must(house_open_local(&h), "open local sockets"))
        return 111;
    (void)signal(SIGPIPE, SIG_IGN); /* cannot fail */
    /* Root stays root here: everything else is started with less (program_start). */
    loop_signals(h.loop, signals, sizeof signals / sizeof signals[0], on_signal, &h);
    house_start_services(&h);
    return must(loop_run(h.loop), "run") ? 111 : 0;
}
