#!/bin/sh
# Applies a kustomization: Redis first, and what connects to Redis when it is ready. Plain
# `kubectl apply -k` works too. Workers then restart until Redis is ready.
#
#   manifests/apply.sh                            manifests/base
#   manifests/apply.sh manifests/overlays/edge    another one
#
# Needs the Secrets of create-secrets.sh.
set -eu

folder=${1:-$(dirname "$0")/base}
fail() {
  echo "error: $*" >&2
  exit 1
}

rendered=$(kubectl kustomize "$folder")
case $rendered in
  *ghcr.io/OWNER/*)
    fail "$folder names images of ghcr.io/OWNER, which do not exist. Publish yours and name them:" \
      "cargo xtask publish ghcr.io/YOU/order-pipeline:0.2.0 --set (docs/operate.md, Publish)"
    ;;
esac
# The Namespace is the first object.
namespace=$(echo "$rendered" | sed -n '/^kind: Namespace/,/^---/s/^  name: //p')
for secret in redis orders-api; do
  kubectl --namespace "$namespace" get secret "$secret" >/dev/null ||
    fail "the Secret $secret is missing in $namespace: run manifests/create-secrets.sh"
done

kubectl apply --kustomize "$folder" --selector 'order-pipeline/after-redis!=true'
case $rendered in
  *'kind: StatefulSet'*)
    kubectl --namespace "$namespace" rollout status statefulset/redis --timeout=5m
    ;;
esac
kubectl apply --kustomize "$folder"
