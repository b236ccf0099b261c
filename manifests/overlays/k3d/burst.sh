#!/bin/sh
# Creates a cluster on a laptop or in CI, with operators, images and the pipeline. Then sends a burst
# during which all workers are killed, orders that are in flight when Redis is killed, and a burst
# from zero.
#
#   manifests/overlays/k3d/burst.sh
#
# Needs docker, k3d, kubectl, helm, spin, curl and the Wasm target. A second run builds and tests new
# images. `k3d cluster delete order-pipeline` removes everything.
set -eu

cd "$(dirname "$0")/../../.."
for program in docker k3d kubectl helm spin curl; do
  command -v "$program" >/dev/null || { echo "error: $program is not on the PATH" >&2; exit 1; }
done
# shellcheck source=manifests/versions.env disable=SC1091
. manifests/versions.env
registry=localhost:5050
folder=target/k3d
mkdir -p "$folder"

step() { printf '\n== %s\n' "$*"; }
k() { kubectl --namespace order-pipeline "$@"; }

step 'cluster'
if ! k3d cluster list order-pipeline >/dev/null 2>&1; then
  k3d cluster create order-pipeline --wait \
    --kubeconfig-update-default=false \
    --image "ghcr.io/spinframework/containerd-shim-spin/k3d:v$SHIM" \
    --registry-create order-pipeline-registry:127.0.0.1:5050
fi
# The user's own configuration stays as it is.
KUBECONFIG=$(k3d kubeconfig write order-pipeline --output "$PWD/$folder/kubeconfig")
export KUBECONFIG

step 'operators'
releases=https://github.com/cert-manager/cert-manager/releases/download
kubectl apply -f "$releases/v$CERT_MANAGER/cert-manager.yaml"
kubectl wait --namespace cert-manager --for=condition=Available deployment --all --timeout=5m
helm upgrade --install keda keda --repo https://kedacore.github.io/charts --version "$KEDA" \
  --namespace keda --create-namespace --wait
operator=https://github.com/spinframework/spin-operator/releases/download/v$SPIN_OPERATOR
kubectl apply -f "$operator/spin-operator.runtime-class.yaml"
kubectl apply -f "$operator/spin-operator.crds.yaml"
helm upgrade --install spin-operator oci://ghcr.io/spinframework/charts/spin-operator \
  --version "$SPIN_OPERATOR" --namespace spin-operator --create-namespace --wait

# Tags come from the content, because nodes do not pull a tag that they already have.
step 'images'
spin build
app=$(cat spin.toml target/wasm32-wasip1/release/*.wasm | sha256sum | cut -c 1-12)
spin registry push --insecure "$registry/order-pipeline:$app"
image=$(docker build --quiet --file loadtest/Dockerfile .)
loadtest=$(echo "${image#sha256:}" | cut -c 1-12)
docker tag "$image" "$registry/loadtest:$loadtest"
docker push --quiet "$registry/loadtest:$loadtest"
cp manifests/base/image-fields.yaml "$folder"
# Order and kind are those of the overlay; what follows differs.
sed '/^$/,$d' manifests/overlays/k3d/kustomization.yaml > "$folder/kustomization.yaml"
cat >> "$folder/kustomization.yaml" <<END
resources: [../../manifests/overlays/k3d]
configurations: [image-fields.yaml]
images:
  - { name: order-pipeline-registry:5000/order-pipeline, newTag: "$app" }
  - { name: order-pipeline-registry:5000/loadtest, newTag: "$loadtest" }
END

step 'pipeline'
kubectl apply -f manifests/base/namespace.yaml
manifests/create-secrets.sh
manifests/apply.sh "$folder"
k rollout status deployment/orders-api --timeout=5m
k rollout status deployment/distributor --timeout=5m

# ask COMMAND: asks Redis, as the user of the load test.
ask() {
  # shellcheck disable=SC2016
  k exec redis-0 --container redis -- sh -c \
    'REDISCLI_AUTH=$LOADTEST_PASSWORD redis-cli --user loadtest "$@"' ask "$@"
}
confirmations() { ask xlen '{orders}:confirmations'; }
# until_is VALUE COMMAND: waits for five minutes at most.
until_is() {
  expected=$1 deadline=$(($(date +%s) + 300))
  shift
  until [ "$("$@" 2>/dev/null)" = "$expected" ]; do
    [ "$(date +%s)" -lt "$deadline" ] || { echo "error: $* is not $expected: $("$@")" >&2; exit 1; }
    sleep 1
  done
}
start_burst() {
  burst=burst-$(date +%s)
  k create job --from=cronjob/loadtest "$burst"
  # Logs of a pod that has not started are refused.
  k wait --for=jsonpath='{.status.ready}'=1 "job/$burst" --timeout=5m
}
# The Job fails if an order is lost, confirmed twice or wrong.
end_burst() {
  k logs --follow "job/$burst"
  k wait --for=condition=Complete "job/$burst" --timeout=5m
}
kill_workers() {
  k delete pod --force --grace-period=0 \
    --selector 'core.spinkube.dev/app-name in (distributor, receiver-simple, receiver-complex)'
}

step 'a burst; all workers are killed in the middle'
before=$(confirmations)
start_burst
while [ "$(confirmations)" = "$before" ] &&
  [ "$(k get job "$burst" --output 'jsonpath={.status.active}')" = 1 ]; do
  sleep 0.2
done
kill_workers
end_burst

step 'Redis is killed with acknowledged orders in flight'
docker run --rm "$registry/loadtest:$loadtest" generate --orders 5000 --seed "$(date +%s)" \
  > "$folder/orders.ndjson"
before=$(confirmations)
k port-forward service/orders-api 3055:80 >/dev/null &
forward=$!
trap 'kill "$forward" 2>/dev/null || true' EXIT
token=$(k get secret orders-api --output 'jsonpath={.data.api-token}' | base64 -d)
printf 'header = "Authorization: Bearer %s"\n' "$token" |
  curl --fail --silent --show-error --retry 20 --retry-connrefused --retry-delay 1 --config - \
    --header 'content-type: application/x-ndjson' --data-binary "@$folder/orders.ndjson" \
    http://127.0.0.1:3055/orders
# Not forced: two servers would write to one file.
k delete pod redis-0 --grace-period=1
kill_workers
k rollout status statefulset/redis --timeout=5m
until_is $((before + 5000)) confirmations
for stream in ingress simple complex; do
  until_is 0 ask xlen "{orders}:$stream"
done
until_is $((before + 5000)) confirmations

step 'a burst from zero'
for receiver in receiver-simple receiver-complex; do
  k wait --for=jsonpath='{.spec.replicas}'=0 "deployment/$receiver" --timeout=5m
done
start_burst
end_burst
printf '\nevery order of both bursts was verified, and none was lost with Redis\n'
