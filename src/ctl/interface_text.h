/* SPDX-License-Identifier: MIT */
#pragma once

/* interface_text: the .varlink files as text, made by the build from the files beside this one. */

extern const char interface_text_client[];
extern const char interface_text_server[];
extern const char interface_text_service[];
