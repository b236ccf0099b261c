//! KEDA and the HPA of one component: the rules of [`rules`](super::rules) with what they remember.
//!
//! KEDA decides between zero and not zero each polling interval; the HPA everything above, each 15 s. The HPA asks KEDA's
//! metrics server, which reads the stream at that moment (`useCachedMetrics` is off by default): so polling matters from and to
//! zero only.

use std::collections::VecDeque;

use serde::Serialize;

use super::rules;

/// What a ScaledObject says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Entries of the stream for each replica.
    pub stream_length: u64,
    /// `pollingInterval` in seconds.
    pub polling_s: u32,
    /// `minReplicaCount`.
    pub min_replicas: u32,
    /// `maxReplicaCount`.
    pub max_replicas: u32,
    /// Whether `idleReplicaCount` is 0: without work there is none, however high the minimum.
    pub idle_at_zero: bool,
    /// `cooldownPeriod` in seconds.
    pub cooldown_s: u32,
}

impl Policy {
    /// Replicas while nothing was ever to do.
    pub fn at_rest(&self) -> u32 {
        if self.idle_at_zero { 0 } else { self.min_replicas }
    }
}

/// The autoscalers of one component.
#[derive(Debug, Clone)]
pub struct Autoscaler {
    policy: Policy,
    last_active_ms: u64,
    /// When, and what the metric alone asked for; the last five minutes.
    recommendations: VecDeque<(u64, u32)>,
}

impl Autoscaler {
    /// Nothing has happened yet.
    pub fn new(policy: Policy) -> Self {
        Self { policy, last_active_ms: 0, recommendations: VecDeque::new() }
    }

    /// Replicas after KEDA has looked.
    pub fn poll(&mut self, now_ms: u64, entries: u64, replicas: u32) -> u32 {
        let policy = self.policy;
        if rules::is_active(entries, 0) {
            self.last_active_ms = now_ms;
            return rules::activated(replicas, policy.min_replicas).min(policy.max_replicas);
        }
        let cooldown_ms = u64::from(policy.cooldown_s) * 1_000;
        if policy.at_rest() == 0 && rules::is_cooled_down(now_ms, self.last_active_ms, cooldown_ms)
        {
            return 0;
        }
        replicas
    }

    /// Replicas after the HPA has looked. At zero it is switched off, as Kubernetes documents ("Implicit maintenance-mode deactivation").
    pub fn sync(&mut self, now_ms: u64, entries: u64, replicas: u32) -> u32 {
        if replicas == 0 {
            return 0;
        }
        let desired = rules::desired(replicas, entries, self.policy.stream_length);
        self.recommendations.retain(|(at_ms, _)| now_ms - at_ms < rules::DOWN_WINDOW_MS);
        self.recommendations.push_back((now_ms, desired));
        let highest =
            self.recommendations.iter().map(|(_, replicas)| *replicas).max().unwrap_or(desired);
        let wanted = rules::stabilised(replicas, desired, highest);
        let limited = wanted.min(rules::up_limit(replicas)).max(rules::down_limit(replicas));
        limited.clamp(rules::hpa_least(self.policy.min_replicas), self.policy.max_replicas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn a_policy() -> Policy {
        Policy {
            stream_length: 100,
            polling_s: 30,
            min_replicas: 0,
            max_replicas: 20,
            idle_at_zero: false,
            cooldown_s: 300,
        }
    }

    #[test]
    fn a_long_queue_is_climbed_in_steps_that_double() {
        let mut autoscaler = Autoscaler::new(a_policy());
        let mut replicas = autoscaler.poll(30_000, 5_000, 0);
        let mut seen = vec![replicas];
        for sync in 3..7 {
            replicas = autoscaler.sync(sync * 15_000, 5_000, replicas);
            seen.push(replicas);
        }
        // 50 are asked for: one by KEDA, then 4 more, then twice as many, up to the limit of 20.
        assert_eq!(seen, [1, 5, 10, 20, 20]);
    }

    #[test]
    fn replicas_stay_for_five_minutes_after_the_last_that_wanted_them() {
        let mut autoscaler = Autoscaler::new(Policy { min_replicas: 1, ..a_policy() });
        let replicas = autoscaler.sync(15_000, 500, 1);
        assert_eq!(replicas, 5);
        // Nothing waits from now on. The recommendation of 5 is 300 s old at 315 s.
        for sync in 2..21 {
            assert_eq!(autoscaler.sync(sync * 15_000, 0, replicas), 5, "at {} s", sync * 15);
        }
        assert_eq!(autoscaler.sync(315_000, 0, replicas), 1);
    }

    #[test]
    fn keda_goes_from_any_number_to_zero_when_its_cooldown_is_over() {
        let mut autoscaler = Autoscaler::new(a_policy());
        assert_eq!(autoscaler.poll(30_000, 1, 0), 1);
        for poll in 2..11 {
            assert_eq!(autoscaler.poll(poll * 30_000, 0, 7), 7);
        }
        assert_eq!(autoscaler.poll(330_000, 0, 7), 0);
        assert_eq!(autoscaler.sync(330_000, 10_000, 0), 0, "the hpa is off at zero");
    }

    #[test]
    fn a_minimum_is_kept_unless_the_idle_count_is_zero() {
        let policy = Policy { min_replicas: 3, ..a_policy() };
        assert_eq!(Autoscaler::new(policy).poll(600_000, 0, 3), 3);
        let policy = Policy { idle_at_zero: true, ..policy };
        assert_eq!((policy.at_rest(), Autoscaler::new(policy).poll(600_000, 0, 3)), (0, 0));
        assert_eq!(Autoscaler::new(policy).poll(600_000, 1, 0), 3);
    }
}
