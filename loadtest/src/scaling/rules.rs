//! The documented rules of KEDA and of the HorizontalPodAutoscaler, one function each, without state and without a clock.
//!
//! Sources: KEDA 2.20, "ScaledObject specification" (keda.sh/docs/2.20/reference/scaledobject-spec), "Scaling Deployments"
//! (keda.sh/docs/2.20/concepts/scaling-deployments) and "Redis Streams" (keda.sh/docs/2.20/scalers/redis-streams); Kubernetes,
//! "Horizontal Pod Autoscaling" (kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale). Only the defaults of the HPA's
//! behaviour are here; a ScaledObject that sets its own is not modelled.

/// How often the HPA looks: `--horizontal-pod-autoscaler-sync-period`, 15 s by default ("How does a HorizontalPodAutoscaler work?").
pub const SYNC_PERIOD_MS: u64 = 15_000;

/// How long a higher recommendation keeps replicas: `scaleDown.stabilizationWindowSeconds`, 300 s ("Default Behavior"). Up it is 0.
pub const DOWN_WINDOW_MS: u64 = 300_000;

/// How far the ratio of metric to target may be from 1 without any change, 0.1 by default ("Algorithm details").
const TOLERANCE: f64 = 0.1;

/// What `scaleUp.policies` allow to be added in 15 s, whichever is more ("Default Behavior").
const UP_PODS: u32 = 4;
const UP_PERCENT: u32 = 100;

/// What `scaleDown.policies` allow to be removed in 15 s ("Default Behavior").
const DOWN_PERCENT: u32 = 100;

/// Whether a trigger is active: the metric is above the activation threshold, 0 by default for `activationLagCount` (KEDA, "Activating
/// and scaling thresholds").
pub fn is_active(entries: u64, activation: u64) -> bool {
    entries > activation
}

/// Replicas after a look of KEDA at a trigger that is active: from zero to the minimum at once, and at least to one. More is up to the
/// HPA (KEDA, "idleReplicaCount" and "minReplicaCount").
pub fn activated(replicas: u32, least: u32) -> u32 {
    if replicas == 0 { least.max(1) } else { replicas }
}

/// Whether replicas go to zero: no trigger was active for the cooldown (KEDA, "cooldownPeriod").
pub fn is_cooled_down(now_ms: u64, last_active_ms: u64, cooldown_ms: u64) -> bool {
    now_ms - last_active_ms >= cooldown_ms
}

/// The least replicas of the HPA that KEDA makes: `minReplicaCount`, but 1 for 0, as KEDA itself scales to zero (KEDA, "minReplicaCount").
pub fn hpa_least(min_replicas: u32) -> u32 {
    min_replicas.max(1)
}

/// Replicas that a metric of type `AverageValue` asks for: the total by the target for one, rounded up; as they are while the
/// average is within the tolerance (KEDA, "metricType"; Kubernetes, "Algorithm details").
pub fn desired(replicas: u32, total: u64, target: u64) -> u32 {
    let ratio = total as f64 / (target as f64 * f64::from(replicas));
    if (1.0 - TOLERANCE..=1.0 + TOLERANCE).contains(&ratio) {
        return replicas;
    }
    u32::try_from(total.div_ceil(target)).unwrap_or(u32::MAX)
}

/// Replicas after the stabilisation window: up at once, down no further than the highest recommendation of the window (Kubernetes,
/// "Stabilization window"). `highest` includes the present one.
pub fn stabilised(replicas: u32, desired: u32, highest: u32) -> u32 {
    if desired >= replicas { desired } else { highest.min(replicas).max(desired) }
}

/// The most replicas that scaling up may reach 15 s after there were so many (Kubernetes, "Default Behavior": 4 pods or 100 %, the greater).
pub fn up_limit(replicas: u32) -> u32 {
    let by_percent = replicas.saturating_add(replicas.saturating_mul(UP_PERCENT) / 100);
    by_percent.max(replicas.saturating_add(UP_PODS))
}

/// The least replicas that scaling down may reach: 100 % may go in 15 s (Kubernetes, "Default Behavior").
pub fn down_limit(replicas: u32) -> u32 {
    replicas - replicas * DOWN_PERCENT / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_messages_with_a_threshold_of_five_give_four_replicas_whatever_there_were() {
        // KEDA, "metricType": a queue of 20, a threshold of 5 and 3 running replicas give 20 / 5 = 4.
        assert_eq!(desired(3, 20, 5), 4);
        assert_eq!(desired(1, 20, 5), 4);
        assert_eq!(desired(9, 20, 5), 4);
    }

    #[test]
    fn twice_the_target_doubles_and_half_of_it_halves() {
        // Kubernetes, "Algorithm details": 200m at a target of 100m doubles, 50m halves. The average times the replicas is the total.
        assert_eq!(desired(3, 3 * 200, 100), 6);
        assert_eq!(desired(4, 4 * 50, 100), 2);
    }

    #[test]
    fn a_tenth_more_or_less_changes_nothing() {
        for total in [900, 1_000, 1_100] {
            assert_eq!(desired(10, total, 100), 10);
        }
        assert_eq!(desired(10, 1_101, 100), 12, "11.01 rounded up");
        assert_eq!(desired(10, 899, 100), 9);
    }

    #[test]
    fn what_is_left_over_takes_a_replica_of_its_own() {
        assert_eq!(desired(1, 501, 100), 6);
        assert_eq!(desired(3, 0, 100), 0);
    }

    #[test]
    fn a_trigger_is_active_above_its_activation_threshold() {
        // KEDA, "Activating and scaling thresholds": with a threshold of 10 and an activation of 50, 40 messages keep it at zero,
        // though the HPA would ask for 4.
        assert!(!is_active(40, 50));
        assert!(!is_active(50, 50));
        assert!(is_active(51, 50));
        assert_eq!(desired(1, 40, 10), 4);
        assert!(is_active(1, 0) && !is_active(0, 0));
    }

    #[test]
    fn activity_scales_from_idle_to_the_minimum_at_once() {
        // KEDA, "idleReplicaCount": from 0 to a minReplicaCount of 10, further by the HPA.
        assert_eq!(activated(0, 10), 10);
        assert_eq!(activated(0, 0), 1);
        assert_eq!(activated(25, 10), 25);
    }

    #[test]
    fn zero_is_reached_five_minutes_after_the_last_activity() {
        // KEDA, "cooldownPeriod".
        assert!(!is_cooled_down(399_999, 100_000, 300_000));
        assert!(is_cooled_down(400_000, 100_000, 300_000));
    }

    #[test]
    fn an_hpa_has_at_least_one_replica() {
        // KEDA, "minReplicaCount".
        assert_eq!([0, 1, 7].map(hpa_least), [1, 1, 7]);
    }

    #[test]
    fn four_pods_or_all_of_them_again_are_added_in_a_period() {
        // Kubernetes, "Default Behavior".
        assert_eq!([1, 3, 4, 5, 20].map(up_limit), [5, 7, 8, 10, 40]);
        assert_eq!(down_limit(80), 0);
    }

    #[test]
    fn down_goes_no_further_than_the_highest_of_the_window_and_up_at_once() {
        assert_eq!(stabilised(10, 2, 10), 10);
        assert_eq!(stabilised(10, 2, 6), 6);
        assert_eq!(stabilised(10, 2, 2), 2);
        assert_eq!(stabilised(3, 8, 8), 8);
        // Replicas that were limited on their way up never grow by looking back.
        assert_eq!(stabilised(5, 2, 9), 5);
    }
}
