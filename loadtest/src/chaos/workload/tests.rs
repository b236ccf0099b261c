use super::*;

#[test]
fn no_pace_leaves_a_pause_in_which_a_recovery_could_not_show() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    // 1 to 100,000 orders a second of three producers.
    for per_s in [1.0 / 3.0, 1.0, 2.9, 3.1, 100.0, 100_000.0 / 3.0] {
        let (mut orders, mut seconds) = (0.0, 0.0);
        for _ in 0..20_000 {
            let (count, pause) = batch(&mut random, per_s);
            assert!(pause.as_secs_f64() <= MAX_PAUSE_S + 1e-6, "{per_s}: {pause:?}");
            (orders, seconds) = (orders + count as f64, seconds + pause.as_secs_f64());
        }
        let pace: f64 = orders / seconds / per_s;
        assert!((0.9..1.1).contains(&pace), "{per_s}: {pace}");
    }
}

#[test]
fn one_break_makes_any_generated_order_a_dead_letter_that_keeps_its_identity() {
    let recipe = Recipe { seed: 1, prescriptions: 0.5, mutated: 0.0 };
    for mut json in generate::orders(recipe, 0).take(50) {
        assert!(fate(&json).is_ok());
        let id = orders::order::Order::identity(&json);
        break_order(&mut json);
        assert_eq!(orders::order::Order::identity(&json), id);
        assert_eq!(fate(&json), Err("unknown_value"));
    }
}

#[test]
fn only_an_outage_excuses_an_answer() {
    let is_excused = |why| is_outage(why);
    assert!(is_excused("redis: LOADING") && is_excused("503 queue_unavailable"));
    assert!(is_excused("http: the connection failed"));
    assert!(!is_excused("500") && !is_excused("202 with answers for 3 orders"));
}
