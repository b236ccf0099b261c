use rand::SeedableRng;

use super::*;

#[test]
fn twenty_faults_have_every_kind_and_a_seed_gives_the_same_deal() {
    let deal = |seed, count| deal(&mut ChaCha8Rng::seed_from_u64(seed), count);
    for seed in 0..10 {
        let kinds = deal(seed, 20);
        for (kind, cards) in Kind::DECK {
            assert_eq!(kinds.iter().filter(|dealt| **dealt == kind).count(), cards, "{kind:?}");
        }
    }
    assert_eq!(deal(7, 45), deal(7, 45));
    assert_ne!(deal(7, 45), deal(8, 45));
}
