/* SPDX-License-Identifier: ISC */
/* list/addresses.h -- addresses inside addresses: VERP, and what forwarders make of senders. */
#pragma once
#include "base/base.h"

/* "box=host" -> "box@host": the last '=' becomes '@'. Without '=': ERR_SYNTAX. */
err verp_decode(struct arena *a, str in, str *ret);
/* "box@host" -> "box=host". */
str verp_encode(struct arena *a, str address);
/* The sender as he was before SRS (SRS0, SRS1), BATV (prvs=TAG=) or btv1== changed it. */
str sender_undone(struct arena *a, str sender);
/* Local part of an address, and its domain; a view. */
str address_local(str address);
str address_host(str address);
