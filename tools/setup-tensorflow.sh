#!/usr/bin/env bash
# Sets up the eager TensorFlow device, as a user would; `--gpu` for a TensorFlow with CUDA.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec node tools/bootstrap.mjs looplab setup tensorflow "$@"
