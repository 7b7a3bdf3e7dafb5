/* SPDX-License-Identifier: ISC */
/* Rules from anywhere are refused or compiled; a compiled or damaged database answers. */
#include "control/tcprules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *a;
    if (!a)
        a = arena_new("fuzz", (size_t)1 << 30);
    arena_reset(a);
    str in = str_of(data, size), ip, host, rules;
    str_cut(in, '\n', &ip, &rules);
    str_cut(rules, '\n', &host, &rules);
    const struct tcp_peer peer = {
        .ip = ip, .host = host, .info = host, .has_host = size % 2, .has_info = size % 3 == 0};
    auto_buf struct buf cdb, out;
    buf_init(&cdb, 16 << 20);
    buf_init(&out, 1 << 20);
    struct tcprules_report report;
    struct tcprules_answer answer;
    err e = tcprules_compile(rules, &cdb, &report);
    if (failed(e) && e.kind == ERR_SYNTAX && report.bad_line == 0)
        __builtin_trap();
    if (!failed(e)) {
        if (failed(tcprules_find(buf_str(&cdb), &peer, a, &answer)))
            __builtin_trap();
        tcprules_print(&answer, &out);
    }
    if (failed(tcprules_find(in, &peer, a, &answer)))
        return 0;
    return 0;
}
