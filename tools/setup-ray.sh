#!/usr/bin/env bash
# Sets up a Ray head of one node, for the tests of the Ray launcher: Ray in .cache/venv-ray, and its daemons. `stop` ends them.
#
# The head listens on 127.0.0.1 only. Tests find it by .cache/ray/address; one of your own is used by setting RAY_ADDRESS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=2.60.0
venv=.cache/venv-ray
home=.cache/ray
port=${LOOPLAB_RAY_PORT:-28265}
python=${LOOPLAB_PYTHON:-python3}

stop() {
  pid=$(cat "$home/head.pid" 2>/dev/null || true)
  # the head ends its own processes when it is asked to
  if [[ -n $pid ]]; then kill "$pid" 2>/dev/null || true; fi
  rm -f "$home/head.pid" "$home/address"
}
if [[ ${1:-} == stop ]]; then
  stop
  exit 0
fi
answers() { "$venv/bin/python" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/api/version', timeout=5).read()" 2>/dev/null; }

if [[ $("$venv/bin/python" -c 'import ray; print(ray.__version__)' 2>/dev/null || true) != "$version" ]]; then
  if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "needs $python with the venv module (Debian: apt-get install python3-venv; or set LOOPLAB_PYTHON)" >&2
    exit 1
  fi
  # built beside its place and moved there whole; a virtual environment is called by path here, never activated
  fresh=$venv.tmp-$$
  trap 'rm -rf "$fresh"' EXIT
  mkdir -p .cache
  "$python" -m venv "$fresh"
  "$fresh/bin/python" -m pip install --quiet --quiet "ray[default]==$version"
  rm -rf "$venv"
  mv "$fresh" "$venv"
fi
if answers; then
  echo "Ray is running at http://127.0.0.1:$port"
  exit 0
fi

stop
mkdir -p "$home"
# sockets have short names, so the session lies under /tmp; `python -m` because the scripts of a moved venv name its old place
RAY_USAGE_STATS_ENABLED=0 nohup "$venv/bin/python" -m ray.scripts.scripts start --head --block --node-ip-address=127.0.0.1 \
  --port=$((port + 1)) --include-dashboard=true --dashboard-host=127.0.0.1 --dashboard-port="$port" \
  --num-cpus=8 --object-store-memory=100000000 --temp-dir=/tmp/looplab-ray --disable-usage-stats \
  </dev/null >"$home/head.log" 2>&1 &
echo $! >"$home/head.pid"
for _ in $(seq 240); do
  if answers; then
    echo "http://127.0.0.1:$port" >"$home/address"
    echo "Ray $version is ready at http://127.0.0.1:$port"
    exit 0
  fi
  sleep 0.5
done
echo "Ray did not come up; $home/head.log says why:" >&2
tail -n 20 "$home/head.log" >&2
exit 1
