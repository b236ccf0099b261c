use super::*;
use crate::tests::table;

#[test]
fn the_page_shows_the_rates() {
    let percent = |per_mille: i64| format!("{}.{}", per_mille / 10, per_mille % 10);
    let row = |code: &'static str| Some(vec![code.to_owned(), percent(standard_rate(code)?)]);
    assert_eq!(table("Standard rates", 2), Country::codes().filter_map(row).collect::<Vec<_>>());
}

fn rate_of(code: &str) -> (TaxBasis, i64) {
    rate(Some(code.parse().unwrap()))
}

#[test]
fn all_27_members_of_the_union_have_a_rate_of_15_percent_or_more() {
    // Directive 2006/112/EC art. 97: the standard rate is at least 15 %.
    let members =
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
    assert_eq!(members.split(' ').count(), 27);
    for code in members.split(' ') {
        let (basis, per_mille) = rate_of(code);
        assert_eq!(basis, TaxBasis::StandardRate, "{code}");
        assert!((150..=270).contains(&per_mille), "{code}");
    }
}

#[test]
fn the_destination_decides_the_basis() {
    assert_eq!(rate_of("DE"), (TaxBasis::StandardRate, 190));
    assert_eq!(rate_of("FI"), (TaxBasis::StandardRate, 255));
    assert_eq!(rate_of("US"), (TaxBasis::SalesTaxNotComputed, 0));
    assert_eq!(rate_of("BR"), (TaxBasis::Export, 0));
    assert_eq!(rate_of("RE"), (TaxBasis::Export, 0));
    assert_eq!(rate(None), (TaxBasis::NoDestination, 0));
}
