/* SPDX-License-Identifier: MIT */
/* clang-format off: a table */
/*        id          C type at the offset     how messages and bind_describe() call it */
CONF_TYPE(BOOL,       bool,                    "true or false")
CONF_TYPE(STRING,     char *,                  "text")
CONF_TYPE(U32,        uint32_t,                "a number")
CONF_TYPE(PORT,       uint16_t,                "a port")
CONF_TYPE(PORT_RANGE, struct conf_port_range,  "a port range")
CONF_TYPE(SIZE,       uint64_t,                "a size")
CONF_TYPE(DURATION,   uint64_t,                "a duration")
CONF_TYPE(ENUM,       int,                     "one of")
CONF_TYPE(STRINGS,    struct str_list,         "a list of texts")
CONF_TYPE(GROUP,      the inner struct,        "a mapping")
CONF_TYPE(LIST,       whatever new_item takes, "a list of mappings")
CONF_TYPE(NAMED,      whatever new_item takes, "a mapping of names to mappings")
CONF_TYPE(CUSTOM,     whatever parse takes,    "a value")
