#!/usr/bin/env bash
# Installs what the browser tests need on Debian or Ubuntu: Chromium and a font with Japanese.
# Does nothing when Chromium is there, and nothing but say so when it may not install; the tests then skip.
set -euo pipefail

if [ -n "${RENKEI_CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "browser tests: expected Chromium or apt-get; neither came, so they will be skipped" >&2
    exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
        echo "browser tests: expected Chromium, or root or sudo to install it; neither came, so they will be skipped" >&2
        exit 0
    fi
    as_root="sudo -n"
fi
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk
