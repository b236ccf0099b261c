use super::*;

fn entry(ms: u64, number: u64) -> EntryId {
    EntryId::parse(&format!("{ms}-{number}")).unwrap()
}

fn sent(ms: u64) -> Line {
    Line { due_us: ms, entry_id: Some(entry(ms, 0)), status: Status::Sent }
}

#[test]
fn a_settled_page_goes_and_its_orders_stay_settled() {
    let mut ledger = Ledger::default();
    (0..3 * PAGE).for_each(|position| ledger.set(position, sent(position)));
    // The second page is settled first and has to wait for the first.
    (PAGE..2 * PAGE).for_each(|position| ledger.settle(position));
    assert_eq!(ledger.pages.len(), 3);
    (1..PAGE).for_each(|position| ledger.settle(position));
    assert_eq!(ledger.pages.len(), 3);
    ledger.settle(0);
    assert_eq!(ledger.pages.len(), 1);
    assert_eq!(ledger.get(0).status, Status::Settled);
    assert_eq!(ledger.get(2 * PAGE), sent(2 * PAGE));
    assert_eq!(ledger.unsettled().count() as u64, PAGE);
    ledger.settle(3);
    assert_eq!(ledger.get(7 * PAGE).status, Status::Unsent);
}

#[test]
fn an_entry_leads_to_its_order_whatever_the_number_of_connections() {
    for senders in [1, 2, 3, 7] {
        let mut ledger = Ledger::default();
        // Each connection is ahead of the one before, so that entries do not rise with
        // positions overall.
        let ms = |position: u64| 10 * position + 1_000_000 * (senders - position % senders);
        (0..2 * PAGE + 100).for_each(|position| ledger.set(position, sent(ms(position))));
        let look = |ledger: &Ledger, from: u64| {
            for position in (from..2 * PAGE + 100).step_by(97) {
                let found = |number| ledger.position_of(entry(ms(position), number), senders);
                assert_eq!((found(0), found(1)), (Some(position), None), "{senders}");
            }
        };
        look(&ledger, 0);
        // A failed pipeline leaves a gap.
        let gap = Line { status: Status::Rejected(0), ..BLANK };
        (PAGE + 1..PAGE + 50).for_each(|position| ledger.set(position, gap));
        look(&ledger, PAGE + 50);
        (PAGE + 1..PAGE + 50).for_each(|position| ledger.set(position, sent(ms(position))));
        (0..PAGE).for_each(|position| ledger.settle(position));
        look(&ledger, PAGE);
        assert_eq!(ledger.position_of(entry(ms(0), 0), senders), None);
    }
}
