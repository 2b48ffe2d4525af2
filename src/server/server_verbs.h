/* SPDX-License-Identifier: MIT */
#pragma once

/* server_verbs: the methods of io.tunnelto.Server. */

struct ctl_interface;
extern const struct ctl_interface server_verbs_interface;
