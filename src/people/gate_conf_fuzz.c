/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "people/gate_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    auto_arena struct arena *a = arena_new("fuzz", 64 << 20);
    struct gate_conf *conf = NEW(a, struct gate_conf);
    struct gate_settings s;
    unsigned line = 0;
    str name;
    conf->arena = a;
    if (n > 4096)
        return 0;
    err e = gate_conf_read(conf, str_of(data, n), &line);
    if (failed(e) && line == 0)
        abort();
    if (!failed(e) && !failed(gate_settings_of(conf, a, &s, &name)) && s.uid_min < 1000)
        abort();
    return 0;
}
