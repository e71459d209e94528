#!/usr/bin/env bash
# Runs the packed suite on a GPU host: gpu-suite/run.sh [arguments of suite.mjs]. Needs node on PATH.
set -euo pipefail
exec node --enable-source-maps "$(dirname "$0")/bundle/dist/suite.mjs" "$@"
