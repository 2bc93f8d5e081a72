#!/usr/bin/env bash
# Installs what runs the notebooks into .cache/jupyter: Jupyter without its pages, the tslab and Deno kernels, Notebook Kit; then
# builds the packages' types, which tslab reads. `tools/setup-jupyter.sh lab` adds JupyterLab, to work in.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
home=$root/.cache/jupyter
python=${LOOPLAB_PYTHON:-python3}
packages=(jupytext==1.19.6 nbconvert==7.17.2)
lab=jupyterlab==4.6.6
programs=(tslab@1.0.22 deno@2.9.6 @observablehq/notebook-kit@2.1.8)
if (($# > 1)) || [[ ${1:-lab} != lab ]]; then
  echo "usage: tools/setup-jupyter.sh [lab]" >&2
  exit 2
fi

if [[ ! -x node_modules/.bin/node ]]; then node tools/bootstrap.mjs setup; fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "needs $python with the venv module (or set LOOPLAB_PYTHON)" >&2
    exit 1
  fi
  as_root=()
  if [[ $(id -u) != 0 ]]; then as_root=(sudo -n); fi
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends python3-venv
fi

pip() { "$home/venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check; }

# what is there already is written down last: an installation that was interrupted is done again
wanted="$root ${packages[*]} ${programs[*]}"
if [[ $(cat "$home/complete" 2>/dev/null) != "$wanted" ]]; then
  rm -rf "$home"
  mkdir -p "$home"
  "$python" -m venv "$home/venv"
  pip install "${packages[@]}"
  npm install --prefix "$home" --no-audit --no-fund --loglevel=error "${programs[@]}"
fi
if [[ ${1:-} == lab ]]; then pip install "$lab"; fi

# kernel FOLDER NAME ARGV: where the Jupyter of this folder, and no other, finds it
kernel() {
  mkdir -p "$home/venv/share/jupyter/kernels/$1"
  cat >"$home/venv/share/jupyter/kernels/$1/kernel.json" <<JSON
{
  "display_name": "$2",
  "language": "typescript",
  "argv": [$3],
  "env": {
    "PATH": "$root/node_modules/.bin:\${PATH}",
    "DENO_DIR": "$home/deno",
    "DENO_NO_UPDATE_CHECK": "1"
  }
}
JSON
}
kernel tslab 'TypeScript (tslab)' \
  "\"$root/node_modules/.bin/node\", \"$home/node_modules/tslab/bin/tslab\", \"kernel\", \"--config-path\", \"{connection_file}\""
kernel deno 'TypeScript (Deno)' \
  "\"$home/node_modules/deno/deno\", \"jupyter\", \"--kernel\", \"--conn\", \"{connection_file}\""

echo "$wanted" >"$home/complete"
node_modules/.bin/node tools/build.ts
echo "the notebooks run: .cache/jupyter/venv/bin/jupyter kernelspec list"
