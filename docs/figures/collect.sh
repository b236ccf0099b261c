#!/bin/sh
# Prints reports of the same burst as one JSON document for tables.toml:
#   docs/figures/collect.sh local-runtime a1.json a2.json a3.json > docs/figures/burst.json
# The commit is that of the current directory's checkout.
set -eu
runtime=$1
shift
exec jq --slurp --arg commit "$(git rev-parse --short HEAD)" --arg runtime "$runtime" '{
  commit: $commit,
  runtime: $runtime,
  machine: "\(.[0].cores) cores, \(.[0].host.cpu), \(.[0].host.kernel)",
  command: "cargo xtask burst --orders \(.[0].orders) --prescriptions \(.[0].prescriptions) --json FILE",
  count: length,
  runs: map(del(.timeline, .samples, .latency_histogram, .failures, .shares))
}' "$@"
