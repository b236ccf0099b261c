use strum::VariantArray;

use super::*;
use crate::tests::table;

#[test]
fn the_page_shows_the_rates() {
    let row =
        |currency: &Currency| vec![currency.as_str().to_owned(), per_euro(*currency).to_string()];
    let rows: Vec<_> = Currency::VARIANTS.iter().map(row).collect();
    assert_eq!(table("Currencies", 2), rows);
}

#[test]
fn rates_read_as_written() {
    let rate = |currency| per_euro(currency).normalize().to_string();
    assert_eq!(rate(Currency::EUR), "1");
    assert_eq!(rate(Currency::BGN), "1.95583");
    assert_eq!(rate(Currency::KWD), "0.36");
    assert_eq!(rate(Currency::JPY), "180");
}
