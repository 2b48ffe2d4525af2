/* SPDX-License-Identifier: MIT */
/*
 * webhook: who signs how. Read by the daemon's configuration, the check and the signing.
 * Included many times:
 * PROVIDER(NAME, "word", shape, "signature's field", "before it", encoding, timed)
 * shape: SINGLE one signature; PAIRS "t=…,v1=…"; LIST "v1,… v1,…" beside an id
 * The scheme of hmac is the configuration's.
 */
/* clang-format off */
PROVIDER(NONE,     "none",              SINGLE, "",                      "",        HEX,    false)
PROVIDER(GITHUB,   "github",            SINGLE, "X-Hub-Signature-256",   "sha256=", HEX,    false)
PROVIDER(STRIPE,   "stripe",            PAIRS,  "Stripe-Signature",      "",        HEX,    true)
PROVIDER(SLACK,    "slack",             SINGLE, "X-Slack-Signature",     "v0=",     HEX,    true)
PROVIDER(SHOPIFY,  "shopify",           SINGLE, "X-Shopify-Hmac-Sha256", "",        BASE64, false)
PROVIDER(STANDARD, "standard-webhooks", LIST,   "webhook-signature",     "v1,",     BASE64, true)
PROVIDER(HMAC,     "hmac",              SINGLE, "",                      "",        HEX,    false)
/* clang-format on */
