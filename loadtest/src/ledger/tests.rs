use super::*;

fn entry(ms: u64, number: u64) -> EntryId {
    EntryId::parse(&format!("{ms}-{number}")).unwrap()
}

fn sent(ms: u64) -> Line {
    Line { due_us: ms, entry_id: Some(entry(ms, 0)), status: Status::Sent }
}

const PART: u64 = KEPT as u64;

#[test]
fn settled_lines_go_and_their_orders_stay_settled() {
    let mut ledger = Ledger::default();
    (0..3 * PART).for_each(|position| ledger.set(position, sent(position)));
    // The second part is settled first and has to wait for the first.
    (PART..2 * PART).for_each(|position| ledger.settle(position));
    assert_eq!(ledger.lines.len() as u64, 3 * PART);
    (1..PART).for_each(|position| ledger.settle(position));
    assert_eq!(ledger.lines.len() as u64, 3 * PART);
    ledger.settle(0);
    assert_eq!(ledger.lines.len() as u64, PART);
    assert_eq!(ledger.entries.len() as u64, PART);
    assert_eq!(ledger.get(0).status, Status::Settled);
    assert_eq!(ledger.get(2 * PART), sent(2 * PART));
    assert_eq!(ledger.unsettled().count() as u64, PART);
    ledger.settle(3);
    assert_eq!(ledger.get(7 * PART).status, Status::Unsent);
    // The last lines stay, so that an entry leads to them after their outcome.
    (2 * PART..3 * PART).for_each(|position| ledger.settle(position));
    assert_eq!(ledger.position_of(entry(3 * PART - 1, 0)), Some(3 * PART - 1));
    assert_eq!(ledger.position_of(entry(2 * PART, 0)), Some(2 * PART));
    assert_eq!(ledger.position_of(entry(PART, 0)), None);
}

#[test]
fn an_entry_leads_to_its_order_whatever_the_number_of_connections() {
    for senders in [1, 2, 3, 7] {
        let mut ledger = Ledger::default();
        // Each connection is ahead of the one before, so that entries do not rise with
        // positions overall.
        let ms = |position: u64| 10 * position + 10_000_000 * (senders - position % senders);
        (0..2 * PART + 100).for_each(|position| ledger.set(position, sent(ms(position))));
        let look = |ledger: &Ledger, from: u64| {
            for position in (from..2 * PART + 100).step_by(97) {
                let found = |number| ledger.position_of(entry(ms(position), number));
                assert_eq!((found(0), found(1)), (Some(position), None), "{senders}");
            }
        };
        look(&ledger, 0);
        // A failed pipeline leaves a gap.
        let gap = Line { status: Status::Rejected(0), ..BLANK };
        (PART + 1..PART + 50).for_each(|position| ledger.set(position, gap));
        look(&ledger, PART + 50);
        (PART + 1..PART + 50).for_each(|position| ledger.set(position, sent(ms(position))));
        (0..PART).for_each(|position| ledger.settle(position));
        look(&ledger, PART);
        assert_eq!(ledger.position_of(entry(ms(0), 0)), None);
    }
}
