#!/usr/bin/env bash
# Other people's programs that tests/real and tests/browser run: from Debian's packages where they are missing.
# Without root, or on another system, it says what to install instead.
set -euo pipefail

wanted=()
need() { # need PROGRAM PACKAGE ...
  local program=$1
  shift
  command -v "$program" >/dev/null || wanted+=("$@")
}
need node nodejs npm
need mcs mono-mcs mono-runtime libmono-system-net-http4.0-cil libmono-system-web-extensions4.0-cil libmono-system-runtime-serialization4.0-cil
need Rscript r-base-core r-cran-httr r-cran-jsonlite
need wrk wrk
need chromium chromium
need chromedriver chromium-driver fonts-noto-cjk

[ ${#wanted[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "make test-real needs: ${wanted[*]} (Debian's names). Install them and call it again." >&2
  exit 2
fi
echo "Installing ${wanted[*]} ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
