#!/bin/sh
# Sets up everything the project needs: Debian packages for Manim, a virtual environment, the locked Python packages.
# Does nothing when all of it is there already. Run it from the project's folder, or by `make setup`.
set -eu

PACKAGES="libpango1.0-dev libcairo2-dev pkg-config gcc python3-dev"
STAMP=".venv/.locked-$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-16)"
[ -e "$STAMP" ] && exit 0

fail() {
    echo "setup: $*" >&2
    exit 1
}

python=$(command -v python3.11 || command -v python3) || fail "Python 3.11 is missing. On Debian 12: apt-get install python3"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "Python 3.11 is needed; $python is another version."
"$python" -c 'import ensurepip' 2>/dev/null || PACKAGES="$PACKAGES python3-venv"

missing=""
for package in $PACKAGES; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" != 0 ]; then
        fail "these Debian packages are missing:$missing
       Install them as root:  apt-get install$missing"
    fi
    echo "setup: installing Debian packages that Manim needs:$missing" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

echo "setup: installing the locked Python packages into .venv (a minute or two, once)" >&2
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
rm -f .venv/.locked-*
touch "$STAMP"
