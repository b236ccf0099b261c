//! Results that Redis does not hand out in full.

use super::*;

impl Queue {
    fn acl(&mut self, rules: &[&str]) {
        let mut command = redis::cmd("ACL");
        command.arg("SETUSER").arg("default").arg(rules).exec(self.redis.inner()).unwrap();
    }
}

#[test]
fn a_page_of_results_whose_records_cannot_be_read_is_kept() {
    let mut queue = Queue::start();
    let confirmations = format!("~{}", queue.keys.results());
    // Redis refuses the records of a page, or the dead letters after its confirmations.
    for rules in [vec!["-hmget"], vec!["resetkeys", &confirmations]] {
        let order = orders(1).remove(0);
        let source = Arc::new(Source::list(vec![order.clone(), b"{broken".to_vec()]));
        queue.acl(&["allcommands", "allkeys"]);
        let _: () = redis::cmd("FLUSHALL").query(queue.redis.inner()).unwrap();
        let mut verifier = queue.verifier(&source);
        verifier.sent(queued(0, 1_000)).unwrap();
        verifier.sent(queued(1, 1_001)).unwrap();
        let entry = queue.confirm(&order, at(1_000));
        queue.record(&order, &format!("confirmed {entry} 1000-0 simple {entry} 0 - -"));
        queue.dead_letter("invalid_json", at(1_001));
        queue.acl(&rules);
        let error = verifier.look(&mut queue.patient, 1).unwrap_err().to_string();
        assert!(error.to_lowercase().contains("permissions"), "{error}");
        queue.acl(&["allcommands", "allkeys"]);
        let report = closed(verifier, &mut queue);
        assert_eq!((report.confirmed, report.dead_lettered, report.lost), (1, 1, 0), "{rules:?}");
        let copies = (report.duplicate_deliveries, report.confirmed_before());
        assert_eq!(copies, (0, 0), "{rules:?}");
    }
}

#[test]
fn orders_whose_confirmations_retention_dropped_unread_are_late_and_an_error() {
    let mut queue = Queue::start();
    let orders = orders(4);
    let mut verifier = queue.verifier(&Arc::new(Source::list(orders.clone())));
    (0..4).for_each(|position| verifier.sent(queued(position, 1_000 + position)).unwrap());
    // One is read in time. The record of the second is still there, that of the third is not. The
    // fourth is lost.
    queue.confirm(&orders[0], at(1_000));
    verifier.look(&mut queue.patient, 1).unwrap();
    let entry = queue.confirm(&orders[1], at(1_001));
    queue.record(&orders[1], &format!("confirmed {entry} 1001-0 simple {entry} 0 - -"));
    queue.confirm(&orders[2], at(1_002));
    let _: u64 = redis::cmd("XTRIM")
        .arg(queue.keys.results())
        .arg(&["MAXLEN", "0"])
        .query(queue.redis.inner())
        .unwrap();
    let (report, result) = verifier.close(&mut queue.patient);
    assert_eq!((report.confirmed, report.late, report.lost), (1, 2, 1));
    let error = result.unwrap_err().to_string();
    assert!(error.contains("2 orders are confirmed") && error.contains("retention_s"), "{error}");
}
