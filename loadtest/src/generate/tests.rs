use super::*;

const RECIPE: Recipe = Recipe { seed: 7, prescriptions: 0.3, mutated: 0.0 };

#[test]
fn a_file_has_one_line_for_each_order_however_it_was_mutated() {
    let recipe = Recipe { mutated: 1.0, ..RECIPE };
    for order in orders(recipe, 0).take(2_000).chain([b" \n".to_vec(), Vec::new()]) {
        let line = line(order);
        let (end, order) = line.split_last().unwrap();
        assert!(*end == b'\n' && !order.contains(&b'\n') && !order.trim_ascii().is_empty());
    }
}

#[test]
fn an_order_is_the_same_alone_and_in_the_row() {
    let recipe = Recipe { mutated: 0.5, ..RECIPE };
    let row: Vec<_> = orders(recipe, 3).take(200).collect();
    let generator = Generator::new(recipe, 3);
    for number in (1..=200).rev() {
        assert_eq!(generator.order(number), row[number as usize - 1]);
    }
}

#[test]
fn a_run_changes_identities_and_nothing_else() {
    for (a, b) in orders(RECIPE, 1).zip(orders(RECIPE, 2)).take(100) {
        let [mut a, mut b]: [Value; 2] = [a, b].map(|json| serde_json::from_slice(&json).unwrap());
        assert_ne!(a["orderGuid"], b["orderGuid"]);
        (a["orderGuid"], b["orderGuid"]) = (Value::Null, Value::Null);
        assert_eq!(a, b);
    }
}

#[test]
fn generated_orders_are_valid_and_use_every_field_of_a_prescription() {
    let recipe = Recipe { prescriptions: 1.0, ..RECIPE };
    let texts: Vec<_> = orders(recipe, 0).take(500).collect();
    for text in &texts {
        orders::order::Order::parse(text).unwrap();
    }
    for field in ["CL-", "refractionDistance", "fittingCrossOffset", "monocularPupillaryDistance"] {
        let has_field = |text: &&Vec<u8>| String::from_utf8_lossy(text).contains(field);
        let n_orders = texts.iter().filter(has_field).count();
        assert!((25..475).contains(&n_orders), "{field} in {n_orders} of 500");
    }
}

#[test]
fn every_order_is_placed_within_the_time_asked_for() {
    let placed_over = Some(Duration::from_millis(2_500));
    let generator = Generator { placed_over, ..Generator::new(RECIPE, 0) };
    let first = chrono::DateTime::from_timestamp(FIRST_PLACED_AT_S, 0).unwrap();
    for number in 1..=200 {
        let order: Value = serde_json::from_slice(&generator.order(number)).unwrap();
        let placed_at: chrono::DateTime<chrono::Utc> =
            order["placedAt"].as_str().unwrap().parse().unwrap();
        assert!((0..2_500).contains(&(placed_at - first).num_milliseconds()), "{placed_at}");
    }
}
