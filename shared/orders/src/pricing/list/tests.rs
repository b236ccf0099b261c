use super::*;

fn item(sku: &'static str, lens: Option<Lens<'static>>) -> Item<'static> {
    Item { order_item_id: 1, sku: sku.into(), quantity: 1, unit_price: None, lens }
}

fn eye(sphere: f64, cylinder: f64) -> Eye {
    Eye { sphere, cylinder, ..Eye::default() }
}

#[test]
fn the_family_of_a_sku_is_its_prefix() {
    assert_eq!(unit_price_cents(&item("FRM-1001", None)), (PriceSource::List, 74_00));
    assert_eq!(unit_price_cents(&item("frm-1001", None)), (PriceSource::Default, 25_00));
    assert_eq!(unit_price_cents(&item("8d5a5a23-f1c0", None)), (PriceSource::Default, 25_00));
}

#[test]
fn a_lens_family_is_priced_per_eye_and_a_frame_once() {
    let both = Lens { right: Some(eye(1.0, 0.0)), left: Some(eye(1.0, 0.0)), ..Lens::default() };
    let right = Lens { right: Some(eye(1.0, 0.0)), ..Lens::default() };
    assert_eq!(unit_price_cents(&item("LNS-1", Some(right.clone()))).1, 12_50 + 9_00);
    assert_eq!(unit_price_cents(&item("LNS-1", Some(both.clone()))).1, 2 * (12_50 + 9_00));
    assert_eq!(unit_price_cents(&item("FRM-1", Some(both))).1, 74_00 + 2 * 9_00);
    assert_eq!(unit_price_cents(&item("?", Some(right))).1, 25_00 + 9_00);
}

#[test]
fn a_contact_lens_costs_its_family_and_its_power_and_no_material() {
    let lens = Lens { is_contact: true, right: Some(eye(-8.0, -2.25)), ..Lens::default() };
    // A cylinder over 2 and a power of 10.25 over 10.
    let cents = 14_90 + 6_00 + 22_00;
    assert_eq!(unit_price_cents(&item("CL-1", Some(lens))).1, cents);
}

#[test]
fn every_option_of_a_prescription_has_its_price() {
    let right = Eye { addition: 2.0, prism: 2.0, ..eye(-5.0, -2.25) };
    let lens = Lens {
        right: Some(right),
        index: Some(1.67),
        coatings: vec![Coating::Hard, Coating::AntiReflective],
        tint: Some("amber".into()),
        ..Lens::default()
    };
    // Family, material, coatings, a tint mixed for the order, cylinder over 2, power 7.25 over 6,
    // prism, addition.
    let cents = 12_50 + 62_00 + 6_00 + 18_00 + 17_00 + 6_00 + 8_00 + 9_00 + 65_00;
    assert_eq!(unit_price_cents(&item("LNS-9", Some(lens))).1, cents);
}

#[test]
fn a_surcharge_starts_above_its_bound() {
    assert_eq!(step(CYLINDER, 2.0), 0);
    assert_eq!(step(CYLINDER, 2.25), 6_00);
    assert_eq!(step(CYLINDER, 4.0), 6_00);
    assert_eq!(step(CYLINDER, 4.25), 14_00);
}

#[test]
fn materials_go_by_their_nominal_index() {
    let cents = |index| lens_options_cents(&Lens { index: Some(index), ..Lens::default() });
    assert_eq!(cents(1.4), 9_00);
    assert_eq!(cents(1.498), 9_00);
    assert_eq!(cents(1.586), 24_00);
    assert_eq!(cents(1.6), 34_00);
    assert_eq!(cents(1.665), 62_00);
    assert_eq!(cents(1.74), 98_00);
    assert_eq!(cents(2.0), 85_00);
}

#[test]
fn the_discount_for_volume_counts_the_pieces_of_each_step() {
    assert_eq!(volume_discount_percent_pieces(9), 0);
    assert_eq!(volume_discount_percent_pieces(10), 3);
    assert_eq!(volume_discount_percent_pieces(49), 40 * 3);
    assert_eq!(volume_discount_percent_pieces(50), 40 * 3 + 6);
    assert_eq!(volume_discount_percent_pieces(100), 40 * 3 + 50 * 6 + 9);
    let all = 40 * 3 + 50 * 6 + 400 * 9 + 500 * 12 + 9_001 * 15;
    assert_eq!(volume_discount_percent_pieces(10_000), all);
}
