#!/bin/sh
# Sets up what the project needs, and does nothing when all of it is there already. Run it from the project's folder.
#   sh scripts/setup.sh           Debian packages for Manim, a virtual environment, the locked Python packages (`make setup`)
#   sh scripts/setup.sh servers   Debian packages of the servers that tests and `make services` start, bubblewrap, promtool
#                                 and Node.js
set -eu

fail() {
    echo "setup: $*" >&2
    exit 1
}

# install_debian WHAT_FOR PACKAGE...: as root installs those that are missing, otherwise says how.
install_debian() {
    what=$1
    shift
    missing=""
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        fail "these Debian packages are missing:$missing
       Install them as root:  apt-get install --no-install-recommends$missing"
    fi
    echo "setup: installing Debian packages for $what:$missing" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# Debian starts a server as soon as it is installed, unless this file forbids it.
FORBID=/usr/sbin/policy-rc.d

install_servers() {
    if [ "$(id -u)" = 0 ] && [ ! -e "$FORBID" ]; then
        trap 'rm -f "$FORBID"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$FORBID"
        chmod 755 "$FORBID"
    fi
    install_debian "tests on real servers" redis-server rabbitmq-server bubblewrap prometheus
    # Also when it is there from elsewhere than Debian.
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        install_debian "the gRPC-web client of proof S15" nodejs npm
    fi
}

if [ "${1:-}" = servers ]; then
    install_servers
    exit 0
fi

PACKAGES="libpango1.0-dev libcairo2-dev pkg-config gcc python3-dev"
STAMP=".venv/.locked-$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-16)"
[ -e "$STAMP" ] && exit 0

python=$(command -v python3.11 || command -v python3) || fail "Python 3.11 is missing. On Debian 12: apt-get install python3"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "Python 3.11 is needed; $python is another version."
"$python" -c 'import ensurepip' 2>/dev/null || PACKAGES="$PACKAGES python3-venv"
install_debian Manim $PACKAGES

echo "setup: installing the locked Python packages into .venv (a minute or two, once)" >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
rm -f .venv/.locked-*
touch "$STAMP"
