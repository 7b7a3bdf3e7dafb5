/* SPDX-License-Identifier: ISC */
/* Whatever bytes arrive: decoding ends, and what decodes encodes to the same bytes again. */
#include <stdlib.h>

#include "ipc/admin.h"
#include "ipc/auth.h"
#include "ipc/ban.h"
#include "ipc/door.h"
#include "ipc/init.h"
#include "ipc/route.h"
#include "ipc/session.h"
#include "ipc/submit.h"
#include "ipc/token.h"
#include "ipc/work.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ipc_schema *const all[] = {
        &init_site_schema,    &init_listen_schema,  &init_worker_ask_schema, &init_promote_schema,
        &init_granted_schema, &init_session_schema, &door_knock_schema,      &session_start_schema,
        &session_tls_schema,  &auth_start_schema,   &auth_step_schema,       &auth_done_schema,
        &route_ask_schema,    &route_answer_schema, &submit_schema,          &submit_done_schema,
        &work_job_schema,     &work_result_schema,  &admin_ask_schema,       &admin_end_schema,
        &ban_add_schema,      &ban_lift_schema,     &ban_entry_schema,       &ban_done_schema,
        &token_ask_schema,    &token_answer_schema,
    };
    str in = str_of(data, size), rest = in, packet;
    while (rest.n) { /* every packet of a bundle lies within it, and takes some of it */
        size_t before = rest.n;
        if (failed(ipc_bundle_next(&rest, &packet)))
            break;
        if (packet.n + rest.n >= before || packet.p + packet.n != rest.p)
            abort();
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        _Alignas(16) char s[1024];
        if (failed(ipc_decode(all[i], in, s)))
            continue;
        uint16_t type;
        uint32_t id;
        struct buf b;
        buf_init(&b, IPC_PACKET_MAX);
        if (failed(ipc_peek(in, &type, &id)) || failed(ipc_encode(all[i], id, s, &b)) ||
            !str_eq(buf_str(&b), in))
            abort();
        buf_done(&b);
    }
    return 0;
}
