use std::collections::HashSet;

use super::*;

#[test]
fn the_number_of_an_order_is_read_from_its_identity_and_from_no_other() {
    let (run, other_run, other_seed) =
        (Identities::new(7, 1), Identities::new(7, 2), Identities::new(8, 1));
    let mut seen = HashSet::new();
    for number in (1..3_000).chain([u64::from(u32::MAX), 1 << 40, (1 << 61) - 1]) {
        let id = run.of(number);
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(run.number_of(id), Some(number));
        assert_eq!((other_run.number_of(id), other_seed.number_of(id)), (None, None));
        assert!(seen.insert(id));
    }
    for foreign in [Uuid::nil(), Uuid::max(), Uuid::from_u128(1), Uuid::from_u128(1 << 77)] {
        assert_eq!(run.number_of(foreign), None);
    }
}
