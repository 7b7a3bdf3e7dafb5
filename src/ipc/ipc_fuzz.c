/* SPDX-License-Identifier: ISC */
/* Whatever bytes arrive: decoding ends, and what decodes encodes to the same bytes again. */
#include <stdlib.h>

#include "ipc/admin.h"
#include "ipc/auth.h"
#include "ipc/ban.h"
#include "ipc/door.h"
#include "ipc/init.h"
#include "ipc/keeper.h"
#include "ipc/route.h"
#include "ipc/session.h"
#include "ipc/submit.h"
#include "ipc/token.h"
#include "ipc/work.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ipc_schema *const all[] = {
    &init_site_schema,
    &init_listen_schema,
    &init_worker_ask_schema,
    &init_promote_schema,
    &init_granted_schema,
    &init_session_schema,
    &door_knock_schema,
    &session_start_schema,
    &session_tls_schema,
    &auth_start_schema,
    &auth_step_schema,
    &auth_done_schema,
    &route_ask_schema,
    &route_answer_schema,
    &submit_schema,
    &submit_done_schema,
    &work_job_schema,
    &work_result_schema,
    &admin_ask_schema,
    &admin_end_schema,
    &ban_add_schema,
    &ban_lift_schema,
    &ban_entry_schema,
    &ban_done_schema,
    &token_ask_schema,
    &token_answer_schema,
    &keeper_news_schema,
    &keeper_list_schema,
    &keeper_close_schema,
    &keeper_names_ask_schema,
    &keeper_settle_schema,
    &keeper_done_schema,
    &keeper_folders_schema,
    &keeper_names_schema,
    &keeper_folder_op_schema,
    &keeper_status_ask_schema,
    &keeper_spool_ask_schema,
    &keeper_status_schema,
    &keeper_open_schema,
    &keeper_box_schema,
    &keeper_sync_ask_schema,
    &keeper_sync_schema,
    &keeper_flags_schema,
    &keeper_stored_schema,
    &keeper_column_ask_schema,
    &keeper_column_schema,
    &keeper_vanished_ask_schema,
    &keeper_vanished_schema,
    &keeper_digests_ask_schema,
    &keeper_digests_schema,
    &keeper_remember_schema,
    &keeper_expunge_schema,
    &keeper_copy_schema,
    &keeper_copied_schema,
    &keeper_fetch_schema,
    &keeper_bodies_schema,
    &keeper_spool_schema,
    &keeper_spool_drop_schema,
    &keeper_append_schema,
    &keeper_appended_schema,
    &keeper_pick_schema,
    &keeper_watch_schema,
    &keeper_notice_schema,
    &keeper_notices_ask_schema,
    &keeper_notices_schema,
    &keeper_quota_ask_schema,
    &keeper_quota_schema,
    &keeper_rights_ask_schema,
    &keeper_rights_schema,
    &keeper_acl_ask_schema,
    &keeper_acl_schema,
    &keeper_acl_set_schema,
    &keeper_attributes_ask_schema,
    &keeper_attributes_schema,
    &keeper_attributes_set_schema,
    &keeper_words_ask_schema,
    &keeper_words_schema,
    &keeper_index_ask_schema,
    &keeper_index_schema,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
