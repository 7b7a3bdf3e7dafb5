/* SPDX-License-Identifier: ISC */
/* base/base.h -- the vocabulary that every folder speaks. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/oom.h"
#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
