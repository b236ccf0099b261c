//! Replays a curve through the pipeline in small steps of time.
//!
//! ingress -> distributor -> one of two lanes -> its receiver. Orders are whole and keep their order; each is followed to its confirmation. In a
//! step every component serves what its replicas can, less what Redis has no time for; Redis is one processor, shared by all, and takes orders in
//! first. The autoscalers look for the first time one interval after the first order: as late as they can be.

use anyhow::{Result, ensure};

use super::autoscaler::{Autoscaler, Policy};
use super::curve::Curve;
use super::outcome::{Outcome, Recorder, Story};
use super::rules::SYNC_PERIOD_MS;
use super::speed::Speed;
use super::stage::{Pace, Stage};

/// A pipeline that has not drained so long after its curve never will, as far as anybody can wait.
const PATIENCE_MS: u64 = 7 * 86_400_000;

/// Who decides about replicas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scaling {
    /// Nobody: so many of each component.
    Fixed(u32),
    /// KEDA and the HPA, by a policy for each component.
    Scaled([Policy; 3]),
}

/// A replay in progress.
#[derive(Debug)]
pub struct Model<'a> {
    curve: &'a Curve,
    speed: &'a Speed,
    pace: Pace,
    stages: [Stage; 3],
    autoscalers: Option<([Autoscaler; 3], u64)>,
    /// Replicas that are there without any help of the HPA, or are started from zero.
    base: [u32; 3],
    now_ms: u64,
    end_ms: u64,
    /// Orders of the curve that have come.
    arrived: usize,
    confirmed: u64,
    /// CPU seconds that Redis still owes for orders it took in.
    redis_debt_s: f64,
    recorder: Recorder,
}

impl<'a> Model<'a> {
    /// Before the first step. What happens until `observe_ms` after the curve counts.
    ///
    /// # Errors
    /// When the histogram cannot be made.
    pub fn new(
        curve: &'a Curve,
        speed: &'a Speed,
        scaling: Scaling,
        pace: Pace,
        observe_ms: u64,
    ) -> Result<Self> {
        let end_ms = curve.length_ms.max(curve.due_ms.last().copied().unwrap_or(0)) + observe_ms;
        let (at_rest, autoscalers) = match scaling {
            Scaling::Fixed(replicas) => ([replicas; 3], None),
            Scaling::Scaled(policies) => (policies.map(|policy| policy.at_rest()), {
                let polling_ms = u64::from(policies[0].polling_s) * 1_000;
                Some((policies.map(Autoscaler::new), polling_ms))
            }),
        };
        let base = match scaling {
            Scaling::Fixed(replicas) => [replicas; 3],
            Scaling::Scaled(policies) => policies.map(|policy| policy.min_replicas.max(1)),
        };
        let stage =
            |component: usize| Stage::new(pace, speed.orders_per_s[component], at_rest[component]);
        Ok(Self {
            curve,
            speed,
            pace,
            stages: [stage(0), stage(1), stage(2)],
            autoscalers,
            base,
            now_ms: 0,
            end_ms,
            arrived: 0,
            confirmed: 0,
            redis_debt_s: 0.0,
            recorder: Recorder::new(curve, end_ms, pace.step_ms)?,
        })
    }

    /// Replays to the end.
    ///
    /// # Errors
    /// When the orders are not done a week after the curve.
    pub fn run(mut self) -> Result<(Outcome, Story)> {
        while !self.is_over() {
            ensure!(
                self.now_ms < self.end_ms + PATIENCE_MS,
                "--orders-per-s or --max-replicas: too small, {} orders are not done a week after the last came",
                self.waiting()
            );
            self.step();
        }
        Ok(self.recorder.finish(self.now_ms))
    }

    /// Whether nothing more is to come.
    pub fn is_over(&self) -> bool {
        self.now_ms >= self.end_ms && self.arrived == self.curve.due_ms.len() && self.waiting() == 0
    }

    /// Orders that have come, wait, and are confirmed; the first is always the sum of the others.
    pub fn books(&self) -> (u64, u64, u64) {
        (self.arrived as u64, self.waiting(), self.confirmed)
    }

    fn waiting(&self) -> u64 {
        self.stages.iter().map(Stage::backlog).sum()
    }

    /// The next step, or the next moment at which anything can happen.
    pub fn step(&mut self) {
        self.arrive();
        // A look finds what came in the step before in its stream: that long, at least, an order is in flight.
        self.control();
        for stage in &mut self.stages {
            stage.look(self.now_ms);
        }
        let next_ms = if self.waiting() == 0 {
            self.next_event_ms()
        } else {
            self.now_ms + self.pace.step_ms
        };
        let replicas = self.stages.iter().map(Stage::replicas).sum();
        self.recorder.passes(self.now_ms, next_ms, replicas, self.waiting());
        for (stage, base) in self.stages.iter().zip(self.base) {
            if stage.is_draining() && stage.listening(self.now_ms) > base {
                self.recorder.helped(self.now_ms);
            }
        }
        self.serve(next_ms);
        self.now_ms = next_ms;
    }

    /// Whether a loop with this period looks now. Its phase is that of the first order, which it has just missed.
    fn looks(&self, period_ms: u64) -> bool {
        let first_ms = self.first_ms();
        self.now_ms > first_ms && (self.now_ms - first_ms).is_multiple_of(period_ms)
    }

    fn first_ms(&self) -> u64 {
        self.curve.due_ms.first().copied().unwrap_or(0) / self.pace.step_ms * self.pace.step_ms
    }

    fn control(&mut self) {
        let Some((_, polling_ms)) = self.autoscalers else { return };
        let (syncs, polls) = (self.looks(SYNC_PERIOD_MS), self.looks(polling_ms));
        if !syncs && !polls {
            return;
        }
        let Some((autoscalers, _)) = &mut self.autoscalers else { return };
        for (stage, autoscaler) in self.stages.iter_mut().zip(autoscalers) {
            let before = stage.replicas();
            // The HPA first: what KEDA starts at the same moment it sees a period later.
            let mut replicas = before;
            if syncs {
                replicas = autoscaler.sync(self.now_ms, stage.backlog(), replicas);
            }
            if polls {
                replicas = autoscaler.poll(self.now_ms, stage.backlog(), replicas);
            }
            self.recorder.starts_from_zero += u32::from(before == 0 && replicas > 0);
            stage.scale(self.now_ms, replicas);
        }
    }

    fn arrive(&mut self) {
        while self.curve.due_ms.get(self.arrived).is_some_and(|due_ms| *due_ms <= self.now_ms) {
            self.stages[0].enqueue(self.now_ms, self.arrived as u32);
            self.redis_debt_s += self.speed.redis_enqueue_s;
            self.arrived += 1;
        }
    }

    /// When orders come or a loop looks, with nothing to do until then.
    fn next_event_ms(&self) -> u64 {
        let step_ms = self.pace.step_ms;
        let soonest = self.now_ms + step_ms;
        let order_ms =
            self.curve.due_ms.get(self.arrived).map(|due_ms| due_ms.div_ceil(step_ms) * step_ms);
        let first_ms = self.first_ms();
        let look_ms = self.autoscalers.as_ref().map(|(_, polling_ms)| {
            let next = |period_ms: u64| {
                let since_ms = self.now_ms.saturating_sub(first_ms);
                first_ms + (since_ms / period_ms + 1) * period_ms
            };
            next(SYNC_PERIOD_MS).min(next(*polling_ms))
        });
        let end_ms = (self.now_ms < self.end_ms).then(|| self.end_ms.div_ceil(step_ms) * step_ms);
        [order_ms, look_ms, end_ms].into_iter().flatten().min().unwrap_or(soonest).max(soonest)
    }

    fn serve(&mut self, next_ms: u64) {
        let passed_s = (next_ms - self.now_ms) as f64 / 1e3;
        let redis_s = (passed_s - self.redis_debt_s).max(0.0);
        self.redis_debt_s = (self.redis_debt_s - passed_s).max(0.0);
        if self.waiting() == 0 {
            return;
        }
        let capacities: [f64; 3] =
            std::array::from_fn(|component| self.stages[component].capacity(self.now_ms));
        let demands = self.stages.iter().zip(capacities).zip(self.speed.redis_s);
        let demand_s: f64 =
            demands.map(|((stage, capacity), redis_s)| stage.demand(capacity) * redis_s).sum();
        let share = if demand_s > redis_s { redis_s / demand_s } else { 1.0 };
        if share < 1.0 {
            self.recorder.redis_limited_ms += next_ms - self.now_ms;
        }
        let Self { curve, recorder, confirmed, stages: [distributor, simple, complex], .. } = self;
        // Receivers first: an order takes at least one step in each component.
        for (receiver, capacity) in [(&mut *simple, capacities[1]), (&mut *complex, capacities[2])]
        {
            receiver.serve(receiver.demand(capacity) * share, |order| {
                recorder.confirmed(curve.due_ms[order as usize], next_ms);
                *confirmed += 1;
            });
        }
        let complex_share = self.speed.complex_share;
        distributor.serve(distributor.demand(capacities[0]) * share, |order| {
            let lane = if is_complex(order, complex_share) { &mut *complex } else { &mut *simple };
            lane.enqueue(next_ms, order);
        });
    }
}

/// Complex orders are spread evenly: the share of every stretch of orders is the same.
fn is_complex(order: u32, share: f64) -> bool {
    let until = |order: f64| (order * share + 1e-9).floor();
    until(f64::from(order) + 1.0) > until(f64::from(order))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_MS: u64 = 10;

    fn a_pace() -> Pace {
        Pace { start_ms: 2_000, ready_ms: 1_000, tick_ms: 10_000, step_ms: STEP_MS }
    }

    /// Every component does so many orders a second, Redis is no limit, a third of the orders is complex.
    fn a_speed(orders_per_s: f64) -> Speed {
        Speed {
            orders_per_s: [orders_per_s; 3],
            redis_enqueue_s: 0.0,
            redis_s: [0.0; 3],
            complex_share: 1.0 / 3.0,
            measured_orders_per_s: None,
        }
    }

    fn a_curve(due_ms: impl IntoIterator<Item = u64>) -> Curve {
        let due_ms: Vec<u64> = due_ms.into_iter().collect();
        let length_ms = due_ms.last().copied().unwrap_or(0);
        Curve { name: "a curve".into(), due_ms, length_ms }
    }

    fn a_policy() -> Policy {
        Policy {
            stream_length: 100,
            polling_s: 30,
            min_replicas: 0,
            max_replicas: 10,
            idle_at_zero: false,
            cooldown_s: 300,
        }
    }

    fn replay(curve: &Curve, speed: &Speed, scaling: Scaling) -> Outcome {
        let model = Model::new(curve, speed, scaling, a_pace(), 600_000).expect("a model");
        model.run().expect("it ends").0
    }

    fn scaled(policy: Policy) -> Scaling {
        Scaling::Scaled([policy; 3])
    }

    #[test]
    fn what_has_come_waits_or_is_confirmed_at_every_step() {
        let curve = a_curve((0..3_000).map(|order| order * 7));
        let speed = Speed { redis_enqueue_s: 1e-4, redis_s: [5e-3; 3], ..a_speed(40.0) };
        for scaling in [
            Scaling::Fixed(2),
            scaled(a_policy()),
            scaled(Policy { min_replicas: 1, ..a_policy() }),
        ] {
            let mut model =
                Model::new(&curve, &speed, scaling, a_pace(), 600_000).expect("a model");
            while !model.is_over() {
                model.step();
                let (arrived, waiting, confirmed) = model.books();
                assert_eq!(arrived, waiting + confirmed, "at {} ms", model.now_ms);
            }
            assert_eq!(model.books(), (3_000, 0, 3_000));
        }
    }

    #[test]
    fn a_small_example_worked_by_hand() {
        // Six orders at once, 10 a second from each replica: the distributor hands one over every 100 ms, the last at 600 ms. Number 3 and 6 are
        // complex. A receiver then takes 100 ms: the simple ones are confirmed at 200, 300, 500 and 600 ms, the complex ones at 400 and 700.
        let outcome = replay(&a_curve([0; 6]), &a_speed(10.0), Scaling::Fixed(1));
        assert_eq!((outcome.orders, outcome.most_backlog), (6, 6));
        assert_eq!((outcome.first_confirmation_ms, outcome.latency_ms_max), (200, 700));
        assert_eq!((outcome.latency_ms_p50, outcome.drained_ms), (400, 700));
        // Three replicas until 600 s after the curve.
        assert_eq!(
            (outcome.most_replicas, outcome.observed_ms, outcome.mean_replicas),
            (3, 600_000, 3.0)
        );
        assert_eq!(outcome.replica_hours, 0.5);
    }

    #[test]
    fn from_zero_an_order_waits_for_two_polls_and_two_ticks() {
        // KEDA looks at 30 s; the distributor listens at 32 s and ticks at 33 s. The receiver's stream is seen at 60 s, its tick is at 63 s.
        // Two steps of work: one of 100 ms in each.
        let outcome = replay(&a_curve([0]), &a_speed(10.0), scaled(a_policy()));
        assert_eq!(outcome.first_confirmation_ms, 63_000 + 100);
        assert_eq!((outcome.starts_from_zero, outcome.most_replicas), (2, 2));
        // With a distributor that stands by, one poll less.
        let policies = [Policy { min_replicas: 1, ..a_policy() }, a_policy(), a_policy()];
        let outcome = replay(&a_curve([0]), &a_speed(10.0), Scaling::Scaled(policies));
        assert_eq!(outcome.first_confirmation_ms, 33_000 + 100);
    }

    #[test]
    fn replicas_go_back_to_zero_after_the_cooldown() {
        let outcome = replay(&a_curve([0]), &a_speed(10.0), scaled(a_policy()));
        // The distributor: from 30 s on, last seen active at 30 s, gone at 330 s. The receiver: from 60 s, seen then, gone at 360 s.
        assert!(
            (outcome.replica_hours - 600.0 / 3_600.0).abs() < 1e-9,
            "{}",
            outcome.replica_hours
        );
    }

    #[test]
    fn a_spike_that_is_over_before_the_first_look_is_not_helped() {
        let speed = a_speed(20_000.0);
        let curve = a_curve([0; 10_000]);
        let alone = replay(&curve, &speed, Scaling::Fixed(1));
        let scaled = replay(&curve, &speed, scaled(Policy { min_replicas: 1, ..a_policy() }));
        assert_eq!((scaled.helped_from_ms, scaled.latency_ms_max), (None, alone.latency_ms_max));
        assert!((500..=530).contains(&scaled.latency_ms_max), "{}", scaled.latency_ms_max);
    }

    #[test]
    fn an_overload_is_helped_from_the_first_look_of_the_hpa_on() {
        // 100 a second come, one replica does 50 and two lanes share the rest: the distributor falls behind.
        let curve = a_curve((0..60_000).map(|order| order * 10));
        let policy = Policy { min_replicas: 1, ..a_policy() };
        let outcome = replay(&curve, &a_speed(50.0), scaled(policy));
        // The HPA looks at 15 s, sees 750 orders and adds 4; they listen at 17 s.
        assert_eq!(outcome.helped_from_ms, Some(17_000));
        let alone = replay(&curve, &a_speed(50.0), Scaling::Fixed(1));
        assert_eq!(
            alone.latency_ms_max / 1_000,
            600,
            "the last of 60,000 at 50 a second, 600 s after it came"
        );
        assert!(outcome.latency_ms_max < alone.latency_ms_max / 10);
    }

    #[test]
    fn more_replicas_are_never_later() {
        let curve = a_curve((0..2_000).map(|order| order * order / 400));
        let mut before = u64::MAX;
        for replicas in 1..=8 {
            let outcome = replay(&curve, &a_speed(33.0), Scaling::Fixed(replicas));
            assert!(
                outcome.latency_ms_max <= before,
                "{replicas} replicas: {} after {before}",
                outcome.latency_ms_max
            );
            before = outcome.latency_ms_max;
        }
    }

    #[test]
    fn a_higher_minimum_is_never_later() {
        let curve = a_curve((0..2_000).map(|order| order * 10));
        let slowest = [0, 1, 3, 6].map(|min_replicas| {
            replay(&curve, &a_speed(30.0), scaled(Policy { min_replicas, ..a_policy() }))
                .latency_ms_max
        });
        assert!(slowest.is_sorted_by(|one, next| one >= next), "{slowest:?}");
    }

    #[test]
    fn redis_is_shared_by_all() {
        // 1 ms of Redis in the distributor and 1 ms in a receiver: 500 orders a second however many replicas there are.
        let speed = Speed { redis_s: [1e-3; 3], ..a_speed(10_000.0) };
        for replicas in [1, 10] {
            let outcome = replay(&a_curve([0; 5_000]), &speed, Scaling::Fixed(replicas));
            assert!(
                (9_990..=10_200).contains(&outcome.latency_ms_max),
                "{}",
                outcome.latency_ms_max
            );
            assert!(outcome.redis_limited_ms > 9_900);
        }
    }

    #[test]
    fn quiet_hours_are_skipped_and_still_paid() {
        let outcome = replay(&a_curve([0, 36_000_000]), &a_speed(10.0), Scaling::Fixed(2));
        assert_eq!(outcome.observed_ms, 36_600_000);
        assert!((outcome.replica_hours - 6.0 * 36_600.0 / 3_600.0).abs() < 1e-9);
    }

    #[test]
    fn the_share_of_complex_orders_is_kept_in_every_stretch() {
        for (share, expected) in [(0.0, 0), (0.317, 317), (1.0, 1_000)] {
            assert_eq!((5_000..6_000).filter(|order| is_complex(*order, share)).count(), expected);
        }
    }
}
