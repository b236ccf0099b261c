#!/bin/sh
# From nothing to a verified burst of 10,000 orders on a laptop: cluster, operators, images, pipeline.
#
#   manifests/overlays/k3d/burst.sh
#
# Needs docker, k3d, kubectl, helm, spin and the Wasm target. A second run starts another burst.
# `k3d cluster delete order-pipeline` removes everything.
set -eu

shim=v0.24.0
cert_manager=v1.18.2
keda=2.20.0
spin_operator=0.6.1
version=0.1.0
registry=localhost:5050

cd "$(dirname "$0")/../../.."
for program in docker k3d kubectl helm spin; do
  command -v "$program" >/dev/null || { echo "error: $program is not on the PATH" >&2; exit 1; }
done

if ! k3d cluster list order-pipeline >/dev/null 2>&1; then
  k3d cluster create order-pipeline --wait \
    --image "ghcr.io/spinframework/containerd-shim-spin/k3d:$shim" \
    --registry-create order-pipeline-registry:127.0.0.1:5050
fi
kubectl config use-context k3d-order-pipeline

kubectl apply -f "https://github.com/cert-manager/cert-manager/releases/download/$cert_manager/cert-manager.yaml"
kubectl wait --namespace cert-manager --for=condition=Available deployment --all --timeout=5m
helm upgrade --install keda keda --repo https://kedacore.github.io/charts --version "$keda" \
  --namespace keda --create-namespace --wait
kubectl apply -f "https://github.com/spinframework/spin-operator/releases/download/v$spin_operator/spin-operator.runtime-class.yaml"
kubectl apply -f "https://github.com/spinframework/spin-operator/releases/download/v$spin_operator/spin-operator.crds.yaml"
helm upgrade --install spin-operator oci://ghcr.io/spinframework/charts/spin-operator --version "$spin_operator" \
  --namespace spin-operator --create-namespace --wait

spin registry push --build --insecure "$registry/order-pipeline:$version"
docker build --file loadtest/Dockerfile --tag "$registry/loadtest:$version" .
docker push "$registry/loadtest:$version"

kubectl apply -f manifests/base/namespace.yaml
manifests/create-secrets.sh
kubectl apply -k manifests/overlays/k3d
kubectl --namespace order-pipeline rollout status statefulset/redis --timeout=5m
kubectl --namespace order-pipeline rollout status deployment/orders-api --timeout=5m
kubectl --namespace order-pipeline rollout status deployment/distributor --timeout=5m

burst=burst-$(date +%s)
kubectl --namespace order-pipeline create job --from=cronjob/loadtest "$burst"
# The pod may take a while to start; then the logs follow it to its end.
kubectl --namespace order-pipeline wait --for=jsonpath='{.status.ready}'=1 "job/$burst" --timeout=2m || true
kubectl --namespace order-pipeline logs --follow "job/$burst"
kubectl --namespace order-pipeline wait --for=condition=Complete "job/$burst" --timeout=5m
