use orders::order::Order;
use rand::SeedableRng;

use super::*;
use crate::generate::orders;
use crate::options::Recipe;

const RECIPE: Recipe = Recipe { seed: 5, prescriptions: 0.3, mutated: 1.0 };

#[test]
fn a_million_mutated_orders_are_valid_or_refused_with_a_code_and_a_path() {
    let (mut valid, mut codes) = (0, std::collections::BTreeMap::new());
    let mut random = ChaCha8Rng::seed_from_u64(11);
    // A thousand orders, each broken a thousand ways.
    for order in orders(Recipe { mutated: 0.0, ..RECIPE }, 0).take(1_000) {
        for _ in 0..1_000 {
            let mut broken = order.clone();
            mutate(&mut random, &mut broken);
            match Order::parse(&broken) {
                Ok(parsed) => {
                    valid += 1;
                    assert_eq!(Order::identity(&broken), Some(parsed.id));
                }
                Err(rejection) => {
                    for error in rejection.errors() {
                        assert!(error.path.starts_with('$'));
                        *codes.entry(error.code.as_str()).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    assert!(valid > 10_000, "some mutations do no harm, {valid}");
    assert!(codes.len() >= 10, "the mutations reach most of the rules: {codes:?}");
}

#[test]
fn mutations_are_the_same_for_the_same_seed() {
    let once: Vec<_> = orders(RECIPE, 0).take(200).collect();
    let again: Vec<_> = orders(RECIPE, 0).take(200).collect();
    assert_eq!(once, again);
    let plain: Vec<_> = orders(Recipe { mutated: 0.0, ..RECIPE }, 0).take(200).collect();
    assert!(once.iter().zip(&plain).filter(|(broken, plain)| broken != plain).count() > 150);
}
