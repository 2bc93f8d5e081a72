#!/usr/bin/env bash
# Installs a Chromium for the test that opens a report in a real browser (Debian, Ubuntu; elsewhere: any Chromium or Chrome on the PATH).
set -euo pipefail
for name in chromium chromium-browser google-chrome chrome; do
  if command -v "$name" >/dev/null; then
    echo "$name is installed: $("$name" --version 2>/dev/null || true)"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null; then
  echo "no Chromium on the PATH and no apt-get to install one; install Chromium or Chrome by hand" >&2
  exit 1
fi
as_root=()
if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium
chromium --version
