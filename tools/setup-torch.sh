#!/usr/bin/env bash
# Installs the PyTorch that writes and checks the golden fixtures, into .cache/venv-torch. Nothing else in the project needs it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=2.13.0
venv=.cache/venv-torch
python=${LOOPLAB_PYTHON:-python3}

if [[ $("$venv/bin/python" -c 'import torch; print(torch.__version__.split("+")[0])' 2>/dev/null || true) == "$version" ]]; then
  echo "PyTorch $version is set up in $venv"
  exit 0
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  echo "needs $python with the venv module (Debian: apt-get install python3-venv; or set LOOPLAB_PYTHON)" >&2
  exit 1
fi
# built beside its place and moved there whole; a virtual environment is called by path here, never activated
fresh=$venv.tmp-$$
trap 'rm -rf "$fresh"' EXIT
mkdir -p .cache
"$python" -m venv "$fresh"
# the CPU build is a tenth of the size; it lives on PyTorch's own index, which may be out of reach
"$fresh/bin/python" -m pip install --quiet "torch==$version" --index-url https://download.pytorch.org/whl/cpu --timeout 10 --retries 0 ||
  "$fresh/bin/python" -m pip install --quiet "torch==$version"
rm -rf "$venv"
mv "$fresh" "$venv"
"$venv/bin/python" -c 'import torch; print("PyTorch", torch.__version__, "is ready")'
