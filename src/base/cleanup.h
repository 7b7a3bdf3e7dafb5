/* SPDX-License-Identifier: ISC */
/* base/cleanup.h -- scope exits. auto_fd lives in os/fd.h, auto_buf in base/buf.h. */
#pragma once
#include "base/arena.h"

#define AUTO(fn) __attribute__((cleanup(fn)))
#define auto_arena AUTO(arena_freep)
/* Takes a value and leaves zero behind. Not for descriptors: see fd_take(). */
#define MOVE(v)                                                                                    \
    ({                                                                                             \
        typeof(v) *moved_ = &(v);                                                                  \
        typeof(v) value_ = *moved_;                                                                \
        *moved_ = (typeof(v)){0};                                                                  \
        value_;                                                                                    \
    })
