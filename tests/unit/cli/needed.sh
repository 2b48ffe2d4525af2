#!/bin/sh
# SPDX-License-Identifier: MIT
# tunnelctl needs the JSON library and the C library, and none that a loop or TLS would bring.
command -v readelf >/dev/null || { echo "skipped: readelf is not installed"; exit 77; }
program=${TOP_BUILDDIR:?}/tunnelctl
needed=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[ -n "$needed" ] || { echo "$program: nothing needed? readelf says nothing"; exit 1; }
for library in $needed; do
    case $library in
        libev.* | libwebsockets.* | libssl.* | libcrypto.* | libcares.* | libsystemd.* | libyaml*)
            echo "$program needs $library"
            exit 1
            ;;
    esac
done
echo "tunnelctl needs" $needed
