/* SPDX-License-Identifier: ISC */
/* ipc/witness.h -- what front saw of a client and auth must be able to believe, though it comes
 * through a session that a stranger may have taken over.
 *
 * init gives front and auth the same random key ("witness", made anew at each start). front seals
 * the name in a verified client certificate for one session: HMAC-SHA-256 under the key over the
 * session's id, a NUL and the name; then the name. A session can hand that on or not; it can
 * neither make one nor use another session's.
 */
#pragma once
#include "base/base.h"

enum { WITNESS_KEY_BYTES = 32, WITNESS_MAC_BYTES = 32, WITNESS_NAME_MAX = 255 };
enum { WITNESS_MAX = WITNESS_MAC_BYTES + WITNESS_NAME_MAX };
