/* SPDX-License-Identifier: MIT */
/* clang-format off: a table */
/*
 * Every option of tunnelctl and tunnelto. Which verb takes which is written in the verb's synopsis;
 * the global ones every verb takes. The value's name is NULL for a switch.
 *     id           option           letter  value     global  help */
OPTION(SOCKET, "--socket", 0, "PATH", true, "the control socket to call")
OPTION(USER, "--user", 0, NULL, true, "the control socket of your own daemon")
OPTION(JSON, "--json", 0, NULL, true, "print JSON, the answer as it is")
OPTION(NO_LEGEND, "--no-legend", 0, NULL, true, "tables without their headings")
OPTION(NO_COLOR, "--no-color", 0, NULL, true, "never colour")
OPTION(HELP, "--help", 'h', NULL, true, "help on the verb, or on all of them")
OPTION(VERSION, "--version", 'V', NULL, true, "print the version")
OPTION(ALL, "--all", 0,   NULL, false, "all tunnels")
OPTION(WAIT, "--wait", 0,   NULL, false, "until each is up, or was refused")
OPTION(TIMEOUT, "--timeout", 0, "TIME", false,
	"how long to wait at most: 500ms, 10s, 5m; 30s unless given")
OPTION(FOLLOW, "--follow", 'f', NULL, false, "go on with the events as they come")
OPTION(LINES, "--lines", 'n', "N", false, "begin with the last N events; 50 unless given")
OPTION(SUBDOMAIN, "--subdomain", 's', "LABEL", false, "the name below the server's domain")
OPTION(HOSTNAME, "--hostname", 0, "NAME", false, "a whole host name")
OPTION(REMOTE_PORT, "--remote-port", 0, "PORT", false, "the server's port")
OPTION(NAME, "--name", 0, "NAME", false, "what the tunnel is called in status")
OPTION(DETACH, "--detach", 0,   NULL, false, "leave the tunnel to the daemon")
OPTION(ALLOW, "--allow", 0, "GLOBS", false, "the names the key may claim: 'web,ci-*'")
OPTION(TCP, "--tcp", 0, "RANGE", false, "the TCP ports the key may claim: 20000-20100")
OPTION(MAX_TUNNELS, "--max-tunnels", 0, "N", false, "how many tunnels at once")
OPTION(PORT, "--port", 'p', "PORT", false, "the local port; 8000 unless given")
OPTION(HOST, "--host", 0, "HOST", false, "the local host; localhost unless given")
OPTION(KEY_FILE, "--key-file", 0, "FILE", false, "the file that holds the key")
OPTION(SERVER, "--server", 0, "URL", false, "the server's control address")
OPTION(CA_FILE, "--ca-file", 0, "FILE", false, "authorities to trust for the server")
OPTION(TLS, "--tls", 0, NULL, false, "the local service speaks TLS")
OPTION(VERBOSE, "--verbose", 'v', NULL, false, "say more")
