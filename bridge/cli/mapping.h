#pragma once
/** [mapping] of the configuration, as the conversion wants it. */
#include "bridge/config.h"
#include "bridge/map/map.h"

/** Borrows from config. */
struct map_options mapping_options(const struct config *config);
