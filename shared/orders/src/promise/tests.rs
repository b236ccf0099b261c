use proptest::prelude::*;

use super::*;
use crate::Lane;
use crate::confirmation::confirm;
use crate::tests::table;

#[test]
fn the_page_shows_the_carrier_days() {
    let days = |days: Option<u32>| days.map_or("none".to_owned(), |days| days.to_string());
    let rows = [Zone::Domestic, Zone::Union, Zone::Abroad, Zone::Unknown].map(|zone| {
        let name = serde_json::to_value(zone).unwrap().as_str().unwrap().to_owned();
        vec![
            name,
            days(zone.carrier_days(Delivery::Express)),
            days(zone.carrier_days(Delivery::Standard)),
        ]
    });
    assert_eq!(table("Carrier days", 3), rows);
}

fn order(delivery: &str, ship_to: &str, placed_at: &str) -> String {
    let mut order = serde_json::json!({
        "orderId": 1, "delivery": delivery,
        "items": [{"orderItemId": 1, "sku": "x", "quantity": 1}]
    });
    for (field, value) in [("shipTo", ship_to), ("placedAt", placed_at)] {
        if !value.is_empty() {
            order[field] = value.into();
        }
    }
    order.to_string()
}

fn ms(time: &str) -> i64 {
    DateTime::parse_from_rfc3339(time).unwrap().timestamp_millis()
}

/// Of an order that is queued and decided at the same time.
fn promised(
    delivery: &str,
    ship_to: &str,
    placed_at: &str,
    at: &str,
    plan_minutes: u32,
) -> Promise {
    let times = Times { queued_at_ms: ms(at), decided_at_ms: ms(at) };
    let order = order(delivery, ship_to, placed_at);
    promise(&Order::parse(order.as_bytes()).unwrap(), times, plan_minutes)
}

/// Of an express order to DE without `placedAt`.
fn decided(queued_at: &str, decided_at: &str) -> Promise {
    let times = Times { queued_at_ms: ms(queued_at), decided_at_ms: ms(decided_at) };
    promise(&Order::parse(order("Express", "DE", "").as_bytes()).unwrap(), times, 0)
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_promise_reads_as_documented() {
    // A Tuesday, 10:00 in Germany.
    let promise = promised("Standard", "FR", "2026-03-03T09:00:00Z", "2026-03-03T09:00:01Z", 30);
    assert_eq!(
        serde_json::to_value(promise).unwrap(),
        serde_json::json!({
            "countedFrom": "placedAt", "decidedAt": "2026-03-03T09:00:01.000Z",
            "startsOn": "2026-03-03", "shipsOn": "2026-03-04",
            "zone": "union", "deliveredBy": "2026-03-11"
        })
    );
}

#[test]
fn the_cut_off_is_two_o_clock_in_the_works() {
    let starts_on = |queued_at| promised("Express", "DE", "", queued_at, 0).starts_on;
    assert_eq!(starts_on("2026-03-03T12:59:59Z"), date("2026-03-03"));
    assert_eq!(starts_on("2026-03-03T13:00:00Z"), date("2026-03-04"));
    // In summer time it is an hour earlier by UTC.
    assert_eq!(starts_on("2026-07-07T11:59:59Z"), date("2026-07-07"));
    assert_eq!(starts_on("2026-07-07T12:00:00Z"), date("2026-07-08"));
    // A Friday afternoon waits for Monday; Maundy Thursday afternoon for Tuesday.
    assert_eq!(starts_on("2026-03-06T13:00:00Z"), date("2026-03-09"));
    assert_eq!(starts_on("2026-04-02T12:00:00Z"), date("2026-04-07"));
}

#[test]
fn the_plan_fills_the_rest_of_the_first_day_and_then_whole_days() {
    assert_eq!(production_days(0), 0);
    assert_eq!(production_days(480), 0);
    assert_eq!(production_days(481), 1);
    assert_eq!(production_days(480 + 960), 1);
    assert_eq!(production_days(480 + 961), 2);
    assert_eq!(production_days(u32::MAX), MAX_PRODUCTION_DAYS);
}

#[test]
fn the_carrier_and_the_tax_agree_on_what_is_within_the_union() {
    let zone = |ship_to| promised("Express", ship_to, "", "2026-06-08T08:00:00Z", 0).zone;
    // Directive 2006/112/EC art. 7 puts Monaco with France. San Marino and the Vatican are third
    // countries, as the United Kingdom and the Isle of Man, and Åland by art. 6.
    assert_eq!([zone("DE"), zone("FR"), zone("MC")], [Zone::Domestic, Zone::Union, Zone::Union]);
    for ship_to in ["SM", "VA", "GB", "IM", "AX", "CH"] {
        assert_eq!(zone(ship_to), Zone::Abroad, "{ship_to}");
    }
}

#[test]
fn express_skips_dispatch_and_has_the_faster_carrier() {
    let days = |delivery, ship_to| {
        let promise = promised(delivery, ship_to, "", "2026-06-08T08:00:00Z", 30);
        (promise.ships_on, promise.delivered_by)
    };
    // Monday 8 June 2026; two weeks without a holiday.
    assert_eq!(days("Express", "DE"), (date("2026-06-08"), Some(date("2026-06-09"))));
    assert_eq!(days("Standard", "DE"), (date("2026-06-09"), Some(date("2026-06-11"))));
    assert_eq!(days("Express", "PT"), (date("2026-06-08"), Some(date("2026-06-10"))));
    assert_eq!(days("Express", "GB"), (date("2026-06-08"), Some(date("2026-06-12"))));
    assert_eq!(days("Standard", "JP"), (date("2026-06-09"), Some(date("2026-06-23"))));
    assert_eq!(days("Standard", ""), (date("2026-06-09"), None));
}

#[test]
fn placed_at_counts_unless_it_is_in_the_future_or_too_old() {
    let from =
        |placed_at| promised("Express", "DE", placed_at, "2026-03-06T12:00:00Z", 0).counted_from;
    assert_eq!(from(""), CountedFrom::QueuedAt);
    assert_eq!(from("2026-03-06T12:00:00Z"), CountedFrom::PlacedAt);
    assert_eq!(from("2026-03-06T12:00:00.001Z"), CountedFrom::QueuedAt);
    assert_eq!(from("2026-03-03T12:00:00Z"), CountedFrom::PlacedAt);
    assert_eq!(from("2026-03-03T11:59:59Z"), CountedFrom::QueuedAt);
    assert_eq!(from("0001-01-01T00:00:00Z"), CountedFrom::QueuedAt);
    assert_eq!(from("9999-12-31T23:59:59-23:59"), CountedFrom::QueuedAt);
}

#[test]
fn an_order_queued_on_a_saturday_three_days_after_it_was_placed_starts_on_monday() {
    let at = "2026-11-28T00:17:00Z";
    let promise = promised("Express", "DE", "2026-11-25T09:00:00Z", at, 0);
    assert_eq!(
        serde_json::to_value(promise).unwrap(),
        serde_json::json!({
            "countedFrom": "placedAt", "decidedAt": "2026-11-28T00:17:00.000Z",
            "startsOn": "2026-11-30", "shipsOn": "2026-11-30",
            "zone": "domestic", "deliveredBy": "2026-12-01"
        })
    );
}

#[test]
fn an_order_that_waited_over_the_weekend_starts_on_the_day_of_the_decision() {
    // Placed on Friday before the cut-off, queued and decided on Monday.
    let at = "2026-03-09T09:00:00Z";
    let promise = promised("Express", "DE", "2026-03-06T12:00:00Z", at, 0);
    assert_eq!((promise.starts_on, promise.ships_on), (date("2026-03-09"), date("2026-03-09")));
}

#[test]
fn a_redriven_order_and_one_that_was_paused_start_on_the_day_of_the_decision() {
    let two_weeks_later = decided("2026-03-03T09:00:00Z", "2026-03-17T09:00:00Z");
    assert_eq!(two_weeks_later.starts_on, date("2026-03-17"));
    assert_eq!(two_weeks_later.delivered_by, Some(date("2026-03-18")));
    // A month later, a Friday. The cut-off counts for the customer's time only.
    let a_month_later = decided("2026-06-08T09:00:00Z", "2026-07-10T18:00:00Z");
    assert_eq!(a_month_later.starts_on, date("2026-07-10"));
    assert_eq!(a_month_later.delivered_by, Some(date("2026-07-13")));
}

#[test]
fn a_decision_on_a_holiday_starts_on_the_next_working_day() {
    let on_good_friday = decided("2026-04-01T09:00:00Z", "2026-04-03T09:00:00Z");
    assert_eq!(on_good_friday.starts_on, date("2026-04-07"));
    let on_new_year = decided("2026-12-30T09:00:00Z", "2027-01-01T09:00:00Z");
    assert_eq!(on_new_year.starts_on, date("2027-01-04"));
}

#[test]
fn the_day_of_the_decision_is_that_of_the_works() {
    let starts_on = |decided_at| decided("2026-03-03T09:00:00Z", decided_at).starts_on;
    assert_eq!(starts_on("2026-03-03T22:59:59Z"), date("2026-03-03"));
    assert_eq!(starts_on("2026-03-03T23:00:00Z"), date("2026-03-04"));
}

#[test]
fn an_order_after_the_cut_off_starts_on_the_next_day_although_it_is_decided_today() {
    let promise = decided("2026-03-03T13:30:00Z", "2026-03-03T13:30:01Z");
    assert_eq!(promise.starts_on, date("2026-03-04"));
}

#[test]
fn a_queue_time_after_the_decision_counts_as_the_decision() {
    // The clock of Redis was one year ahead and is right again.
    let stepped = decided("2027-03-03T09:00:00Z", "2026-03-03T09:00:00Z");
    assert_eq!(stepped, decided("2026-03-03T09:00:00Z", "2026-03-03T09:00:00Z"));
}

#[test]
fn times_of_any_clock_give_years_of_four_digits() {
    let order = order("Standard", "US", "0000-01-01T00:00:00Z");
    let order = Order::parse(order.as_bytes()).unwrap();
    let clocks = [i64::MIN, -1, 0, LATEST_MS, ms("9999-12-31T23:59:59Z"), i64::MAX];
    let both = clocks.into_iter().flat_map(|queued| clocks.map(|decided| (queued, decided)));
    for (queued_at_ms, decided_at_ms) in both {
        let promise = promise(&order, Times { queued_at_ms, decided_at_ms }, u32::MAX);
        let days = (promise.ships_on - promise.starts_on).num_days();
        assert!((350..450).contains(&days), "{queued_at_ms}: {days}");
        let json = serde_json::to_value(promise).unwrap();
        for (field, length) in
            [("decidedAt", 24), ("startsOn", 10), ("shipsOn", 10), ("deliveredBy", 10)]
        {
            assert_eq!(json[field].as_str().unwrap().len(), length, "{json}");
        }
    }
}

fn any_time() -> impl Strategy<Value = i64> {
    // 2026 and 2027, and any clock.
    prop_oneof![4 => 1_767_225_600_000i64..1_830_297_600_000, 1 => any::<i64>()]
}

proptest! {
    #[test]
    fn no_promise_starts_before_the_day_of_the_decision(
        placed_at_ms in prop::option::of(0i64..=253_402_300_799_999),
        queued_at_ms in any_time(),
        decided_at_ms in any_time(),
        plan_minutes in 0u32..5_000
    ) {
        let placed_at = placed_at_ms.map(|ms| DateTime::from_timestamp_millis(ms).unwrap());
        let order = order("Express", "DE", "");
        let order = Order { placed_at, ..Order::parse(order.as_bytes()).unwrap() };
        let promise = promise(&order, Times { queued_at_ms, decided_at_ms }, plan_minutes);
        let decided_on = calendar::local_time(promise.decided_at).date();
        prop_assert!(promise.starts_on >= decided_on);
        prop_assert!(promise.ships_on >= promise.starts_on);
        prop_assert!(promise.delivered_by.unwrap() > promise.ships_on);
        prop_assert_eq!(calendar::working_day_from(promise.starts_on), promise.starts_on);
    }

    #[test]
    fn the_times_in_a_confirmation_are_enough_to_make_it_again(
        queued_at_ms in 0i64..4_000_000_000_000, waited_ms in 0i64..10_000_000_000
    ) {
        let order = order("Standard", "DE", "");
        let order = Order::parse(order.as_bytes()).unwrap();
        let times = Times { queued_at_ms, decided_at_ms: queued_at_ms + waited_ms };
        let json = confirm(&order, Lane::Simple, times).to_json();
        let confirmation: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let decided_at_ms = ms(confirmation["promise"]["decidedAt"].as_str().unwrap());
        let again = confirm(&order, Lane::Simple, Times { queued_at_ms, decided_at_ms });
        prop_assert_eq!(again.to_json(), json);
    }
}
