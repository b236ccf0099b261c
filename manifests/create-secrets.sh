#!/bin/sh
# Makes the Secrets that the manifests refer to, with random passwords. What is there already is left alone.
#
#   ./create-secrets.sh                             for the Redis of base
#   REDIS_HOST=... ./create-secrets.sh managed      for one elsewhere, see overlays/managed-redis
#   ./create-secrets.sh partition 1                 for the Redis of partition 1, see overlays/partitions
#   CONNECTION=... ./create-secrets.sh order-source for the broker that orders come from, see overlays/dapr
#
# Nothing secret is written to a file or stands in an argument. To change the passwords: delete the Secrets, run this again, and
# restart Redis, then the pipeline.
set -eu

namespace=order-pipeline
server=redis.order-pipeline.svc:6379

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# create NAME: reads KEY=VALUE lines.
create() {
  if kubectl --namespace "$namespace" get secret "$1" >/dev/null 2>&1; then
    cat >/dev/null
    echo "secret $1 is there"
  else
    kubectl --namespace "$namespace" create secret generic "$1" --from-env-file=/dev/stdin
  fi
}

has() { kubectl --namespace "$1" get secret "$2" >/dev/null 2>&1; }

# create_redis: random passwords for the server in $server; $pipeline is the one of the pipeline.
create_redis() {
  monitor=$(random) loadtest=$(random)
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
}

case "${1-}" in
  '')
    pipeline=$(random)
    create_redis
    ;;
  partition)
    number=${2:?the number of the partition, 1 to 7}
    case "$number" in [1-7]) ;; *) echo "a partition is a number from 1 to 7" >&2; exit 2 ;; esac
    # Both hold the same password: one without the other cannot be made good.
    if has "$namespace-$number" redis && has "$namespace" "redis-p$number"; then
      echo "the secrets of partition $number are there"
      exit
    elif has "$namespace-$number" redis || has "$namespace" "redis-p$number"; then
      echo "of the secrets redis in $namespace-$number and redis-p$number in $namespace one is missing: delete the other" >&2
      exit 1
    fi
    server=redis.$namespace-$number.svc:6379 pipeline=$(random)
    create "redis-p$number" <<END
login=redis://pipeline:$pipeline@$server/?
END
    namespace=$namespace-$number
    create_redis
    exit
    ;;
  managed)
    : "${REDIS_HOST:?host:port of the server}" "${REDIS_USER:?user of the pipeline}" "${REDIS_PASSWORD:?its password, percent-encoded}"
    create redis <<END
pipeline-user=$REDIS_USER
pipeline-password=$REDIS_PASSWORD
monitor-user=${REDIS_MONITOR_USER:-$REDIS_USER}
monitor-password=${REDIS_MONITOR_PASSWORD:-$REDIS_PASSWORD}
login=redis://$REDIS_USER:$REDIS_PASSWORD@$REDIS_HOST/?
pipeline-url=redis://$REDIS_USER:$REDIS_PASSWORD@$REDIS_HOST
loadtest-url=redis://$REDIS_USER:$REDIS_PASSWORD@$REDIS_HOST
END
    ;;
  order-source)
    create order-source <<END
connection=${CONNECTION:?what Dapr connects to the broker with}
END
    exit
    ;;
  *)
    echo "usage: create-secrets.sh [managed|partition N|order-source]" >&2
    exit 2
    ;;
esac

create orders-api <<END
api-token=$(random)
END
