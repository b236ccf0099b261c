use super::*;

fn rate_of(code: &str) -> (TaxBasis, i64) {
    let country: Country = code.parse().unwrap();
    let (taxed_in, basis, per_mille) = rate(Some(&country));
    assert_eq!(taxed_in, code);
    (basis, per_mille)
}

#[test]
fn all_27_members_of_the_union_and_monaco_have_a_rate_of_15_percent_or_more() {
    // Directive 2006/112/EC art. 97: the standard rate is at least 15 %.
    let members =
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
    assert_eq!(members.split(' ').count(), 27);
    for code in members.split(' ').chain(["MC"]) {
        let (basis, per_mille) = rate_of(code);
        assert_eq!(basis, TaxBasis::StandardRate, "{code}");
        assert!((150..=270).contains(&per_mille), "{code}");
    }
    let taxed = Country::codes().filter(|code| standard_rate(code).is_some());
    assert_eq!(taxed.count(), 28, "and no other country");
}

#[test]
fn a_delivery_within_the_union_bears_the_rate_of_its_destination() {
    assert_eq!(rate_of("DE"), (TaxBasis::StandardRate, 190));
    assert_eq!(rate_of("FI"), (TaxBasis::StandardRate, 255));
    assert_eq!(rate_of("MC"), rate_of("FR"));
}

#[test]
fn a_delivery_out_of_the_union_is_an_export_wherever_it_goes() {
    // Art. 7 puts the Isle of Man with the United Kingdom; art. 6 leaves out Åland and Réunion.
    for code in "GB IM CH LI NO JP US BR SM VA AX RE".split(' ') {
        assert_eq!(rate_of(code), (TaxBasis::Export, 0), "{code}");
    }
}

#[test]
fn an_order_without_a_destination_is_domestic() {
    assert_eq!(rate(None), ("DE", TaxBasis::NoDestination, 190));
}
