use super::*;

#[test]
fn rates_read_as_written() {
    let rate = |currency| per_euro(currency).normalize().to_string();
    assert_eq!(rate(Currency::EUR), "1");
    assert_eq!(rate(Currency::KWD), "0.36");
    assert_eq!(rate(Currency::JPY), "180");
}

#[test]
fn the_currency_of_bulgaria_is_the_euro() {
    assert!("BGN".parse::<Currency>().is_err());
}
