use super::*;
use crate::options::Recipe;

const RECIPE: Recipe = Recipe { seed: 3, prescriptions: 0.3, mutated: 0.0 };

#[test]
fn an_order_of_a_file_is_found_again_by_position_and_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orders.ndjson");
    let generator = Generator::new(RECIPE, 0);
    let [first, second] = [1, 2].map(|number| String::from_utf8(generator.order(number)).unwrap());
    let text = format!("{first}\n\n  {second} \r\n{{broken\n{first}");
    std::fs::write(&path, text).unwrap();
    let source = Source::file(&path).unwrap();
    assert_eq!(source.len(), Some(4));
    let orders: Vec<_> =
        (0..4).map(|at| String::from_utf8(source.order(at).unwrap()).unwrap()).collect();
    assert_eq!(orders, [&first, &second, "{broken", &first]);
    assert_eq!(source.positions(generator.identities.of(1)), [0, 3]);
    assert_eq!(source.positions(generator.identities.of(2)), [1]);
    assert!(source.positions(generator.identities.of(3)).is_empty());
    assert_eq!(source.identities(4).count(), 3);
}

#[test]
fn a_mutated_order_is_found_by_the_identity_it_has_now() {
    let source = Source::generated(Generator::new(Recipe { mutated: 1.0, ..RECIPE }, 0));
    for position in 0..2_000 {
        let order = source.order_to_send(position).unwrap();
        if let Ok(id) = fate(&order) {
            let positions = source.positions(id);
            assert!(positions.contains(&position), "{id} at {position}: {positions:?}");
        }
    }
    assert!(!source.index.lock().unwrap().is_empty(), "some mutations change the identity");
}

#[test]
fn of_a_new_run_only_mutated_orders_may_be_known() {
    let recipe = Recipe { mutated: 0.2, ..RECIPE };
    let mut generator = Generator::new(recipe, 0);
    let all = Source::generated(generator.clone()).identities(1_000).count();
    let is_mutated = |number: &u64| generator.mutation(*number).is_some();
    let mutated = (1..=1_000).filter(is_mutated).count();
    generator.is_new = true;
    let known = Source::generated(generator).identities(1_000).count();
    assert!(known > 0 && known == all - (1_000 - mutated), "{known} of {all}, {mutated} mutated");
}

#[test]
fn an_order_without_a_time_is_named() {
    let source =
        Source::list(vec![br#"{"placedAt":"2026-01-05T08:00:00Z"}"#.to_vec(), b"{}".to_vec()]);
    let error = format!("{:#}", source.in_order_of_placing().unwrap_err());
    assert!(error.contains("order 2") && error.contains("placedAt"), "{error}");
}
