/* SPDX-License-Identifier: MIT */
/*
 * The events that an operator must act on: each has the id by which the journal finds its text in
 * systemd/tunnelto.catalog. Ids are never reused; tests/lint/catalog.sh holds both files together.
 * Included many times: MESSAGE(NAME, "id", "what happened, the catalog's Subject")
 */
MESSAGE(START_FAILED,      "1e4ca23845b24721b6eaa4f875d9fb4d", "A tunnelto daemon could not start")
MESSAGE(RELOAD_FAILED,     "50418b4bedae45cd83530853f56a4c38", "A configuration has mistakes, nothing was changed")
MESSAGE(NEEDS_RESTART,     "438eded47aea465e91aff16931d8dcc1", "A changed setting waits for a restart")
MESSAGE(UNHEALTHY,         "8a8618c319f04339a60fdcae36adf326", "A tunnelto daemon no longer feeds its watchdog")
MESSAGE(NO_DESCRIPTORS,    "c61ffe62a5354ec48edeaba56e0d1226", "Connections cannot be accepted: descriptors have run out")
MESSAGE(SERVER_UNREACHED,  "689859e383074f829a71e246e5609981", "The tunnel server cannot be reached")
MESSAGE(SERVER_REFUSED,    "d8c0cb5e4d694dbfb51c0b89409d51cc", "The tunnel server refuses this client")
MESSAGE(TUNNEL_REFUSED,    "685be14ec80348ca9d9f76f1cc006a27", "The tunnel server refuses a tunnel")
MESSAGE(TUNNEL_TAKEN_OVER, "ec68a6c1841545009ef7aae34abf64c7", "Another client has taken a tunnel's name over")
MESSAGE(ORIGIN_FAILED,     "eb332f249b234e49bb0a0b827813085e", "The service behind a tunnel does not answer")
MESSAGE(CERTIFICATE_OVER,  "4accc266292a44038c2a8699a3e49ce1", "A certificate has expired, or is not valid yet")
MESSAGE(KEY_EXPOSED,       "54fb4bc4b6e24b368df2ca43ef0d6e97", "A private key can be read by everybody")
MESSAGE(NO_KEYS,           "d8dc79f099ec4b698ef0425e33726d9d", "The tunnel server has no keys")
MESSAGE(CLIENT_REFUSED,    "1845d712c8b743f6bcdbaac118cb0ed2", "A client was refused for its key")
MESSAGE(NAME_REFUSED,      "8be74652be844fa2a69449f7803ee79e", "A client was refused a name or a port")
