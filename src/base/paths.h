/* SPDX-License-Identifier: MIT */
#pragma once

/* paths: places compiled in; PATH_* come from configure. */

#define PATHS_CLIENT_CONF   PATH_SYSCONF "/tunneltod.yaml"
#define PATHS_CLIENT_DIR    PATH_SYSCONF "/tunnels.d"
#define PATHS_SERVER_CONF   PATH_SYSCONF "/tunnelto-server.yaml"
#define PATHS_CLIENT_SOCKET PATH_RUN "/control"
#define PATHS_CLIENT_RUN    PATH_RUN
#define PATHS_SERVER_SOCKET PATH_RUN "-server/control"
#define PATHS_CLIENT_STATE  PATH_STATE
#define PATHS_SERVER_STATE  PATH_STATE "-server"
/* Below the home directory: where the Rust tunnelto keeps its key. */
#define PATHS_STORED_KEY_DIR ".tunnelto"
#define PATHS_STORED_KEY     PATHS_STORED_KEY_DIR "/key.token"
#define PATHS_DAEMON         PATH_SBIN "/tunneltod"
