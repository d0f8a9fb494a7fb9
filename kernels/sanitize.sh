#!/bin/sh
# Runs every kernel under each tool of compute-sanitizer, on tiny shapes. Takes minutes.
#   kernels/sanitize.sh PROGRAM [FOLDER [GPUS [CHECKS]]]
# PROGRAM is a built weftscope; FOLDER (default: sanitize-logs) receives each tool's whole output; GPUS (default: 1) are used at
# most; CHECKS (default: all) is a part of their names. The sanitizer is looked for on PATH, or named by COMPUTE_SANITIZER.
set -u
program=${1:?usage: sanitize.sh PROGRAM [FOLDER]}
logs=${2:-sanitize-logs}
gpus=${3:-1}
checks=${4:-}
sanitizer=${COMPUTE_SANITIZER:-compute-sanitizer}
command -v "$sanitizer" >/dev/null || { echo "$sanitizer not found; COMPUTE_SANITIZER can name it" >&2; exit 2; }
mkdir -p "$logs" || exit 2
failed=0
for tool in memcheck racecheck synccheck initcheck; do
    log=$logs/$tool.log
    # 99: the tool found something; 1: a check failed without it. Both are failures here, the log says which.
    if "$sanitizer" --tool "$tool" --error-exitcode 99 "$program" gpu-check --quick --gpus "$gpus" ${checks:+--filter "$checks"} >"$log" 2>&1; then
        word=ok
    else
        word=FAILED failed=1
    fi
    summary=$(grep -E 'SUMMARY' "$log" | tail -1 | sed 's/^=* *//')
    counts=$(grep -E '^[0-9]+ passed' "$log" | tail -1)
    printf '%-10s %-7s %s; %s (%s)\n' "$tool" "$word" "${summary:-no summary}" "${counts:-did not finish}" "$log"
done
exit $failed
