//! Laws and worked examples of [`quote`].

use proptest::prelude::*;
use serde_json::{Value, json};
use strum::VariantArray;

use super::*;

fn an_order(items: impl Into<Value>) -> Value {
    let items = items.into();
    json!({"orderId": 1, "delivery": "Standard", "items": items})
}

fn with(mut order: Value, field: &str, value: impl Into<Value>) -> Value {
    order[field] = value.into();
    order
}

fn priced(order: &Value) -> Value {
    let text = order.to_string();
    let order = Order::parse(text.as_bytes()).unwrap();
    serde_json::to_value(quote(&order)).unwrap()
}

#[test]
fn a_quote_reads_as_documented() {
    let order = an_order(json!([
        {"orderItemId": 7, "sku": "FRM-1001", "quantity": 12},
        {"orderItemId": 8, "sku": "8d5a5a23-f1c0", "quantity": 0},
        {"orderItemId": 9, "sku": "ACC-1", "quantity": 3, "unitPrice": 1.115}
    ]));
    let order = with(with(order, "shipTo", "DE"), "delivery", "Express");
    // 12 * 74.00 = 888.00; 3 pieces of 12 at 3 % off = 6.66; 3 * 1.115 = 3.345, half goes up; 12 %
    // of 884.69 = 106.1628; 19 % of 990.85 = 188.2615.
    assert_eq!(
        priced(&order),
        json!({
            "priceList": "2026-01",
            "currency": "EUR",
            "lines": [
                {"orderItemId": 7, "sku": "FRM-1001", "quantity": 12, "priceSource": "list",
                 "unitPrice": "74.00", "discount": "6.66", "net": "881.34"},
                {"orderItemId": 8, "sku": "8d5a5a23-f1c0", "quantity": 0, "priceSource": "default",
                 "unitPrice": "25.00", "net": "0.00"},
                {"orderItemId": 9, "sku": "ACC-1", "quantity": 3, "priceSource": "agreed",
                 "unitPrice": "1.115", "net": "3.35"}
            ],
            "net": "884.69",
            "expressSurcharge": "106.16",
            "tax": {"country": "DE", "taxBasis": "standardRate", "ratePercent": "19.0",
                "amount": "188.26"},
            "total": "1179.11"
        })
    );
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let order = an_order(json!([{"orderItemId": 1, "sku": "ACC-1", "quantity": 3}]));
    // 6.50 euro at 180.00000 yen and at 0.36000 dinar, three pieces, and no tax on an export.
    let order = with(order, "shipTo", "US");
    let yen = priced(&with(order.clone(), "currency", "JPY"));
    assert_eq!((&yen["lines"][0]["unitPrice"], &yen["total"]), (&json!("1170"), &json!("3510")));
    let dinar = priced(&with(order, "currency", "KWD"));
    assert_eq!(
        (&dinar["lines"][0]["unitPrice"], &dinar["total"]),
        (&json!("2.340"), &json!("7.020"))
    );
}

#[test]
fn an_agreed_price_is_in_the_currency_of_the_order_and_never_discounted() {
    let order = an_order(
        json!([{"orderItemId": 1, "sku": "FRM-1", "quantity": 1000, "unitPrice": "0.0125"}]),
    );
    let quote = priced(&with(order, "currency", "JPY"));
    let line = &quote["lines"][0];
    assert_eq!((&line["unitPrice"], &line["net"]), (&json!("0.0125"), &json!("13")));
    assert_eq!(line.get("discount"), None);
}

#[test]
fn the_express_surcharge_has_a_floor_a_ceiling_and_no_empty_parcels() {
    let surcharge = |quantity, sku| {
        let order = an_order(json!([{"orderItemId": 1, "sku": sku, "quantity": quantity}]));
        priced(&with(order, "delivery", "Express"))["expressSurcharge"].clone()
    };
    assert_eq!(surcharge(1, "ACC-1"), "15.00");
    assert_eq!(surcharge(2, "FRM-1"), "17.76");
    assert_eq!(surcharge(10_000, "FRM-1"), "400.00");
    assert_eq!(surcharge(0, "FRM-1"), Value::Null);
}

#[test]
fn an_order_to_nowhere_is_taxed_in_germany() {
    let quote = priced(&an_order(json!([{"orderItemId": 1, "sku": "ACC-1", "quantity": 1}])));
    // 19 % of 6.50 are 1.235, which goes up.
    let tax = json!({
        "country": "DE", "taxBasis": "noDestination", "ratePercent": "19.0", "amount": "1.24"
    });
    assert_eq!((&quote["tax"], &quote["total"]), (&tax, &json!("7.74")));
}

#[test]
fn an_export_is_not_taxed() {
    let order = an_order(json!([{"orderItemId": 1, "sku": "ACC-1", "quantity": 1}]));
    let quote = priced(&with(order, "shipTo", "GB"));
    let tax =
        json!({"country": "GB", "taxBasis": "export", "ratePercent": "0.0", "amount": "0.00"});
    assert_eq!((&quote["tax"], &quote["total"]), (&tax, &json!("6.50")));
}

#[test]
fn an_agreed_price_has_the_scale_of_its_currency_however_it_is_written() {
    let line = |price: &str, currency: &str| {
        let text = format!(
            r#"{{"orderId":1,"delivery":"Standard","currency":"{currency}",
            "items":[{{"orderItemId":1,"sku":"x","quantity":1,"unitPrice":{price}}}]}}"#
        );
        let order = Order::parse(text.as_bytes()).unwrap();
        let line = serde_json::to_value(&quote(&order).lines[0]).unwrap();
        ["unitPrice", "discount", "net"].map(|field| line[field].to_string()).join(" ")
    };
    for price in ["148", "148.0", "148.000", "1.48e2", "14800e-2", "\"148\"", "\"1.480E+2\""] {
        assert_eq!(line(price, "EUR"), r#""148.00" null "148.00""#, "{price}");
        assert_eq!(line(price, "JPY"), r#""148" null "148""#, "{price}");
        assert_eq!(line(price, "KWD"), r#""148.000" null "148.000""#, "{price}");
    }
    for price in ["0", "-0", "0e5", "\"0.000\""] {
        assert_eq!(line(price, "EUR"), r#""0.00" null "0.00""#, "{price}");
    }
}

#[test]
fn the_largest_order_is_priced_exactly() {
    let item =
        json!({"orderItemId": 1, "sku": "x", "quantity": 10_000, "unitPrice": 1_000_000_000});
    let order = with(an_order(vec![item; 500]), "shipTo", "HU");
    assert_eq!(priced(&order)["total"], "6350000000000000.00");

    let filled = json!({
        "orderItemId": 1, "sku": "x", "quantity": 10_000, "unitPrice": "999999999.9999999999"
    });
    let order = with(an_order(vec![filled; 500]), "currency", "KWD");
    let order = with(order, "shipTo", "KW");
    // 10,000 times the price is 9,999,999,999,999.999999, which rounds to 10^13 per line.
    assert_eq!(priced(&order)["total"], "5000000000000000.000");
}

#[test]
fn zeros_after_the_last_digit_of_an_agreed_price_change_nothing() {
    let total = |price| {
        let item = json!({"orderItemId": 1, "sku": "x", "quantity": 9_999, "unitPrice": price});
        priced(&an_order(json!([item])))["lines"][0].clone()
    };
    assert_eq!(total("3.3300000000000000000000000000"), total("3.33"));
}

fn any_item() -> impl Strategy<Value = Value> {
    let sku = prop_oneof!["FRM-[0-9]{4}", "LNS-[0-9]{4}", "[0-9a-f]{8}-[0-9a-f]{4}"];
    let quantity = prop_oneof![0u32..=12, 0u32..=10_000];
    let price = prop::option::of(0u64..=10u64.pow(19));
    let lens = prop::option::of((-30.0..30.0, -12.0..12.0, 0.0..4.0, 0.0..20.0, 1.4..2.0));
    (sku, quantity, price, lens).prop_map(|(sku, quantity, price, lens)| {
        let mut item = json!({"orderItemId": 1, "sku": sku, "quantity": quantity});
        if let Some(price) = price {
            item["unitPrice"] = Decimal::from_i128_with_scale(price.into(), 10).to_string().into();
        }
        if let Some((sphere, cylinder, addition, prism, index)) = lens {
            let eye = json!({
                "sphere": sphere, "cylinder": cylinder, "axis": 5, "addition": addition,
                "prism": prism, "base": "in"
            });
            item["lens"] = json!({"right": eye, "index": index, "tint": "brown"});
        }
        item
    })
}

fn any_order() -> impl Strategy<Value = Value> {
    let currency = prop::sample::select(Currency::VARIANTS).prop_map(Currency::as_str);
    let ship_to = prop::option::of(prop::sample::select(&["DE", "FI", "CH", "US", "BR"][..]));
    let delivery = prop::sample::select(&["Express", "Standard"][..]);
    (prop::collection::vec(any_item(), 1..6), currency, ship_to, delivery).prop_map(
        |(items, currency, ship_to, delivery)| {
            let order = with(an_order(items), "currency", currency);
            with(with(order, "shipTo", ship_to), "delivery", delivery)
        },
    )
}

fn amount(value: &Value) -> Decimal {
    Decimal::from_str_exact(value.as_str().unwrap()).unwrap()
}

/// An amount that is left out if it is zero.
fn amount_or_zero(value: &Value) -> Decimal {
    if value.is_null() { Decimal::ZERO } else { amount(value) }
}

proptest! {
    #[test]
    fn sums_balance_and_nothing_is_negative(order in any_order()) {
        let quote = priced(&order);
        let mut net = Decimal::ZERO;
        for line in quote["lines"].as_array().unwrap() {
            let discount = amount_or_zero(&line["discount"]);
            let pieces = Decimal::from(line["quantity"].as_u64().unwrap());
            let gross = (amount(&line["unitPrice"]) * pieces).round_dp_with_strategy(
                amount(&line["net"]).scale(),
                RoundingStrategy::MidpointAwayFromZero,
            );
            prop_assert_eq!(gross - discount, amount(&line["net"]));
            prop_assert!(amount(&line["net"]) >= Decimal::ZERO);
            prop_assert!(discount >= Decimal::ZERO);
            net += amount(&line["net"]);
        }
        prop_assert_eq!(net, amount(&quote["net"]));
        let surcharge = amount_or_zero(&quote["expressSurcharge"]);
        let total = net + surcharge + amount(&quote["tax"]["amount"]);
        prop_assert_eq!(total, amount(&quote["total"]));
        prop_assert!(surcharge >= Decimal::ZERO);
        prop_assert!(amount(&quote["tax"]["amount"]) >= Decimal::ZERO);
    }

    #[test]
    fn every_amount_has_exactly_its_currencys_decimals(order in any_order()) {
        let quote = priced(&order);
        let currency: Currency = order["currency"].as_str().unwrap().parse().unwrap();
        let minor_units = currency.minor_units();
        let lines = quote["lines"].as_array().unwrap().iter();
        let of_line = |line: &Value| ["discount", "net"].map(|field| line[field].clone());
        let of_lines = lines.flat_map(of_line);
        let of_order = ["net", "expressSurcharge", "total"].map(|field| quote[field].clone());
        let all = of_lines.chain(of_order).chain([quote["tax"]["amount"].clone()]);
        for value in all.filter(|value| !value.is_null()) {
            prop_assert_eq!(amount(&value).scale(), minor_units, "{}", value);
        }
    }

    #[test]
    fn more_pieces_never_cost_less(
        item in any_item(), currency in prop::sample::select(Currency::VARIANTS), more in 1u32..500
    ) {
        let net = |quantity: u32| {
            let item = with(item.clone(), "quantity", quantity.min(10_000));
            let order = with(an_order(json!([item])), "currency", currency.as_str());
            amount(&priced(&order)["net"])
        };
        let quantity = item["quantity"].as_u64().unwrap() as u32;
        prop_assert!(net(quantity) <= net(quantity + more));
    }
}
