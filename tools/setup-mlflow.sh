#!/usr/bin/env bash
# Installs MLflow into .cache/mlflow-<version>: the newest release that is tested, for `looplab mlflow ui`, and the oldest, for the
# tests. `tools/setup-mlflow.sh current` installs only the first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${LOOPLAB_PYTHON:-python3}
current=3.17.2
oldest=2.14.3
# what 2.14 needs and does not say: names that later SQLAlchemy no longer has
pins_of() { if [[ $1 == "$oldest" ]]; then echo 'sqlalchemy<2.0.40'; fi; }

case ${1:-all} in
  all) versions=("$current" "$oldest") ;;
  current) versions=("$current") ;;
  *) echo "usage: tools/setup-mlflow.sh [current]" >&2; exit 2 ;;
esac
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "needs $python with the venv module (Debian: apt-get install python3-venv; or set LOOPLAB_PYTHON)" >&2
  exit 1
fi
mkdir -p .cache
for version in "${versions[@]}"; do
  venv=.cache/mlflow-$version
  # the marker is written last: an installation that was interrupted has none
  if [[ -e $venv/complete ]]; then
    echo "MLflow $version is set up in $venv"
    continue
  fi
  # its programs name their own path, so it is built in its place
  rm -rf "$venv"
  "$python" -m venv "$venv"
  # shellcheck disable=SC2046 # no or several pins
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "mlflow==$version" $(pins_of "$version")
  "$venv/bin/mlflow" --version
  touch "$venv/complete"
done
