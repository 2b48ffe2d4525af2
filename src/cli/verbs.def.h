/* SPDX-License-Identifier: MIT */
/*
 * What tunnelctl can do: dispatch, help, completion and the check of the manual read these rows.
 * The synopsis also says which options a verb takes. Words are those behind
 * the verb.
 * Included many times: VERB("name", function, least words, most words, flags, "synopsis", "help")
 */
VERB("up",                verb_tunnels_up,        0, VERBS_MANY, VERBS_NAMES,               "NAME...|--all [--wait] [--timeout TIME]", "bring tunnels up")
VERB("down",              verb_tunnels_down,      0, VERBS_MANY, VERBS_NAMES,               "NAME...|--all", "take tunnels down")
VERB("status",            verb_tunnels_status,    0, 1,          VERBS_NAMES,               "[NAME]", "show the daemon and its tunnels, or one tunnel")
VERB("list",              verb_tunnels_list,      0, 0,          0,                         "", "name the tunnels and where they are defined")
VERB("url",               verb_tunnels_url,       1, 1,          VERBS_NAMES,               "NAME", "print a tunnel's public address, alone")
VERB("wait",              verb_tunnels_wait,      1, 1,          VERBS_NAMES,               "NAME [--timeout TIME]", "wait until a tunnel is up")
VERB("http",              verb_adhoc_http,        1, 1,          0,                         "TARGET [--subdomain LABEL] [--hostname NAME] [--name NAME] [--proxy-protocol] [--detach]", "open an HTTP tunnel to a port, host:port, URL or unix:/path until interrupted")
VERB("tcp",               verb_adhoc_tcp,         1, 1,          0,                         "TARGET [--remote-port PORT] [--name NAME] [--proxy-protocol] [--detach]", "open a TCP tunnel to a port or host:port until interrupted")
VERB("tls",               verb_adhoc_tls,         1, 1,          0,                         "TARGET [--subdomain LABEL] [--hostname NAME] [--name NAME] [--proxy-protocol] [--detach]", "open a tunnel that passes TLS through to a port or host:port until interrupted")
VERB("requests",          verb_requests,          0, 1,          VERBS_NAMES,                 "[--follow] [--lines N] [--since TIME] [--method METHOD] [--path PATH] [--header FIELD]... [--status CODE] [NAME]", "list captured requests")
VERB("show",              verb_show,              1, 1,          0,                           "ID [--raw|--curl]", "show a captured request and its answer")
VERB("clear",             verb_requests_clear,    0, 1,          VERBS_NAMES,                 "[NAME]", "forget captured requests")
VERB("replay",            verb_replay,            1, 1,          0,                         "ID [--edit] [--header FIELD]... [--method METHOD] [--path PATH] [--body FILE] [--to TUNNEL] [--timeout TIME]", "send a captured request again, perhaps changed, and compare the answers")
VERB("logs",              verb_logs_client,       0, 1,          VERBS_NAMES,               "[--follow] [--lines N] [NAME]", "show the daemon's latest events")
VERB("reload",            verb_misc_reload,       0, 0,          0,                         "[--dry-run]", "read the configuration again and apply the difference")
VERB("check",             verb_misc_check,        0, 1,          VERBS_FILE,                "[FILE]", "check the daemon's configuration, or that of FILE, without a daemon")
VERB("server status",     verb_server_status,     0, 0,          VERBS_SERVER,              "", "show the server, its sessions and tunnels")
VERB("server reload",     verb_server_reload,     0, 0,          VERBS_SERVER,              "[--dry-run]", "have the server read its configuration again and apply the difference")
VERB("server logs",       verb_logs_server,       0, 0,          VERBS_SERVER,              "[--follow] [--lines N]", "show the server's latest events, requests among them")
VERB("server check",      verb_server_check,      0, 1,          VERBS_SERVER | VERBS_FILE, "[FILE]", "check the server's configuration, or that of FILE")
VERB("server key add",    verb_server_key_add,    1, 1,          VERBS_SERVER,              "NAME --allow GLOBS [--tcp RANGE] [--max-tunnels N]", "make a key and print its secret, which is told only once")
VERB("server key list",   verb_server_key_list,   0, 0,          VERBS_SERVER,              "", "list the keys, without secrets")
VERB("server key revoke", verb_server_key_revoke, 1, 1,          VERBS_SERVER,              "ID|NAME", "revoke a key; its sessions end at once")
VERB("version",           verb_misc_version,      0, 0,          0,                         "", "print the version")
VERB("completion",        verb_misc_completion,   1, 1,          VERBS_SHELL,               "bash|zsh|fish", "print a completion script for a shell")
VERB("help",              verb_misc_help,         0, 3,          VERBS_VERBS,               "[VERB]", "list the verbs, or explain one")
