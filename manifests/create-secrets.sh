#!/bin/sh
# Creates the Secrets of the manifests with random passwords. An existing Secret is kept.
#
#   ./create-secrets.sh                             for the Redis of base
#   REDIS_HOST=... ./create-secrets.sh managed      for Azure Managed Redis, see overlays/managed-redis
#   CONNECTION=... ./create-secrets.sh order-source for the broker of orders, see overlays/dapr
#   NAMESPACE=order-pipeline-2 ./create-secrets.sh  for another deployment on the same cluster
#
# No secret is in a file or an argument. To change passwords, see docs/operate.md.
set -eu

namespace=${NAMESPACE:-order-pipeline}
server=redis.$namespace.svc:6379

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# A password as a part of a URL: a key in base64 has + / and =.
encode() { printf %s "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%'; }

# create NAME: reads KEY=VALUE lines.
create() {
  if kubectl --namespace "$namespace" get secret "$1" >/dev/null 2>&1; then
    cat >/dev/null
    echo "secret $1 exists"
  else
    kubectl --namespace "$namespace" create secret generic "$1" --from-env-file=/dev/stdin
  fi
}

case "${1-}" in
  '')
    pipeline=$(random) monitor=$(random) loadtest=$(random)
    create redis <<END
pipeline-user=pipeline
pipeline-password=$pipeline
monitor-user=monitor
monitor-password=$monitor
loadtest-password=$loadtest
login=redis://pipeline:$pipeline@$server/?
pipeline-url=redis://pipeline:$pipeline@$server
loadtest-url=redis://loadtest:$loadtest@$server
END
    ;;
  managed)
    : "${REDIS_HOST:?host:port of the server}" "${REDIS_PASSWORD:?its access key, as it is}"
    user=${REDIS_USER:-default}
    url=rediss://$user:$(encode "$REDIS_PASSWORD")@$REDIS_HOST
    create redis <<END
pipeline-user=$user
pipeline-password=$REDIS_PASSWORD
monitor-user=${REDIS_MONITOR_USER:-$user}
monitor-password=${REDIS_MONITOR_PASSWORD:-$REDIS_PASSWORD}
login=$url/?
pipeline-url=$url
END
    ;;
  order-source)
    create order-source <<END
connection=${CONNECTION:?what Dapr connects to the broker with}
END
    exit
    ;;
  *)
    echo "usage: create-secrets.sh [managed|order-source]" >&2
    exit 2
    ;;
esac

create orders-api <<END
api-token=$(random)
END
