use super::*;

#[test]
fn materials_go_by_their_nominal_index() {
    let name = |index| MATERIALS[material_of(index)].name;
    assert_eq!(name(None), "1.50");
    assert_eq!(name(Some(1.4)), "1.50");
    assert_eq!(name(Some(1.586)), "1.59");
    assert_eq!(name(Some(1.6)), "1.60");
    assert_eq!(name(Some(1.665)), "1.67");
    assert_eq!(name(Some(1.74)), "1.74");
    assert_eq!(name(Some(2.0)), "mineral");
}

#[test]
fn materials_are_sorted_by_their_bounds() {
    assert!(MATERIALS.is_sorted_by(|one, next| one.from_thousandths < next.from_thousandths));
}
