//! The conversion of list prices from the euro: the price list's own fixed rates, valid as long as the list is.
//!
//! They are set once for the list, close to the market of the last quarter of 2025 and rounded, and are no
//! quotation. The lev has the rate the Council of the EU fixed on 8 July 2025. Agreed prices are never converted.

use rust_decimal::Decimal;

use crate::order::Currency;

/// How many hundred-thousandths of the currency one euro of the list is.
const PER_EURO: [(&str, i64); 36] = [
    ("AED", 4_30000),
    ("AUD", 1_77000),
    ("BGN", 1_95583),
    ("BHD", 44000),
    ("BRL", 6_30000),
    ("CAD", 1_62000),
    ("CHF", 93500),
    ("CLP", 1090_00000),
    ("CNY", 8_27000),
    ("CZK", 24_30000),
    ("DKK", 7_46000),
    ("EUR", 1_00000),
    ("GBP", 87500),
    ("HKD", 9_10000),
    ("HUF", 386_00000),
    ("IDR", 19500_00000),
    ("ILS", 3_80000),
    ("INR", 104_00000),
    ("ISK", 147_00000),
    ("JOD", 83000),
    ("JPY", 180_00000),
    ("KRW", 1700_00000),
    ("KWD", 36000),
    ("MXN", 21_30000),
    ("MYR", 4_85000),
    ("NOK", 11_75000),
    ("NZD", 2_04000),
    ("PLN", 4_24000),
    ("RON", 5_09000),
    ("SAR", 4_40000),
    ("SEK", 10_95000),
    ("SGD", 1_51000),
    ("THB", 37_60000),
    ("TRY", 49_00000),
    ("USD", 1_17000),
    ("ZAR", 20_00000),
];

/// Decimals of the rates in [`PER_EURO`].
const RATE_DECIMALS: u32 = 5;

/// How much of `currency` one euro of the list is.
pub(super) fn per_euro(currency: Currency) -> Decimal {
    let code = currency.as_str();
    let rate = PER_EURO.iter().find(|(known, _)| *known == code).map_or(1_00000, |(_, rate)| *rate);
    Decimal::new(rate, RATE_DECIMALS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain_docs::table;

    #[test]
    fn the_page_shows_the_rates() {
        let rows = PER_EURO.map(|(code, rate)| {
            vec![code.to_owned(), Decimal::new(rate, RATE_DECIMALS).to_string()]
        });
        assert_eq!(table("Currencies", 2), rows);
    }

    #[test]
    fn every_currency_an_order_may_name_has_a_rate() {
        let named = Currency::MINOR_UNITS.map(|(code, _)| code);
        assert_eq!(PER_EURO.map(|(code, _)| code), named);
    }

    #[test]
    fn rates_read_as_written() {
        let rate = |code| per_euro(Currency::from_code(code).unwrap()).normalize().to_string();
        assert_eq!(rate("EUR"), "1");
        assert_eq!(rate("BGN"), "1.95583");
        assert_eq!(rate("KWD"), "0.36");
        assert_eq!(rate("JPY"), "180");
    }
}
