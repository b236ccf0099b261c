//! Orders that crash their component: only they are dead-lettered, and the other orders of their
//! batches are confirmed.
//!
//! A second receiver of the simple lane drains like the real one and crashes in the way that an
//! order names.

use redis::Commands;
use redis::streams::StreamRangeReply;

use crate::receivers::{RECEIVERS, Receiver, one_by_one};
use e2e::{Setup, TestApp, an_order, changed_manifest};

const NEIGHBOURS: u32 = 20;
const POISON: u32 = 10;

/// One poison order among valid ones; `limit` are arguments of the runtime, and `reason` is its
/// message about the end of the instance.
fn only_the_poison_dies(poison: &str, limit: &[&str], reason: &str) {
    for receiver in RECEIVERS {
        only_the_poison_of(&receiver, poison, limit, reason);
    }
}

fn only_the_poison_of(receiver: &Receiver, poison: &str, limit: &[&str], reason: &str) {
    let folder = tempfile::tempdir().unwrap();
    let Receiver { manifest, wasm, twin } = receiver;
    let manifest = changed_manifest(folder.path(), manifest, wasm, twin);
    let setup = Setup {
        // Longer than an instance may live, so that nobody claims what another one still works on.
        variables: &[("claim_idle_ms", "3500"), ("max_deliveries", "2"), ("bell_ms", "100")],
        manifest: Some(&manifest),
        arguments: limit,
        ..Setup::default()
    };
    let mut app = one_by_one(|| TestApp::start_as(&setup));
    let orders: Vec<String> = (1..=NEIGHBOURS + 1)
        .map(|number| match number {
            POISON => an_order(number).replace("\"d\"", &format!("\"{poison}\"")),
            number => an_order(number),
        })
        .collect();
    assert_eq!(app.post("/orders", orders.join("\n")).status, 202);
    let totals = app.poll_until("all orders are accounted for", |app| {
        // An open dashboard ticks.
        let totals = app.get("/stats").body["totals"].clone();
        let count = |name: &str| totals[name].as_u64().unwrap_or_default();
        (count("confirmed_simple") + count("dead_lettered_simple") == u64::from(NEIGHBOURS) + 1)
            .then_some(totals)
    });
    assert_eq!(
        (&totals["confirmed_simple"], &totals["dead_lettered_simple"]),
        (&NEIGHBOURS.into(), &1.into())
    );
    for number in 1..=NEIGHBOURS + 1 {
        let status = app.get(&format!("/orders/00000000-0000-4000-8000-{number:012x}")).body;
        let expected = if number == POISON { "dead-lettered" } else { "confirmed" };
        assert_eq!(status["state"], expected, "{status}");
        assert_eq!(status["code"] == "max_deliveries", number == POISON, "{status}");
    }
    let keys = app.keys();
    let letters: StreamRangeReply = app.redis().inner().xrange_all(keys.dead_letters()).unwrap();
    let letter = &letters.ids[0];
    assert_eq!(letters.ids.len(), 1);
    assert_eq!(letter.get::<String>("code").unwrap(), "max_deliveries");
    assert_eq!(letter.get::<String>("stream").unwrap(), "simple");
    assert_eq!(letter.get::<u32>("delivery_count"), Some(3), "after two deliveries that it killed");
    assert!(letter.get::<String>("order").unwrap().contains(poison), "the order is kept as it was");
    let said = app.said();
    // It ends the drain of its batch, of the batch's parts, and of itself alone.
    let deaths = said.matches("component \"receiver-simple\" failed at a message").count();
    assert_eq!(deaths, 3, "{said}");
    assert!(said.matches(reason).count() >= 3, "{said}");
}

#[test]
fn an_order_that_makes_its_component_trap_dies_alone() {
    only_the_poison_dies("poison:trap", &[], "unreachable");
}

#[test]
fn an_order_that_takes_too_long_dies_alone() {
    // Wall-clock time: long enough for every other instance on a busy machine.
    only_the_poison_dies(
        "poison:time",
        &["--invocation-timeout-ms", "3000"],
        "longer than 3000 ms and was ended (--invocation-timeout-ms)",
    );
}

#[test]
fn an_order_that_takes_too_much_memory_dies_alone() {
    only_the_poison_dies(
        "poison:memory",
        &["--max-instance-memory", "67108864"],
        "more than 67108864 bytes of memory (--max-instance-memory)",
    );
}
