use super::*;

fn answer(count: usize, status: u16, body: &str) -> Vec<Answer> {
    answers(count, status, serde_json::from_str(body).unwrap())
}

#[test]
fn each_order_of_a_batch_gets_its_own_answer() {
    let body = r#"{"accepted":2,"refused":1,
        "errors":[{"index":1,"code":"missing_field","path":"$.items"}]}"#;
    let queued = || Answer::Queued(None);
    assert_eq!(answer(3, 202, body), [queued(), Answer::Refused("missing_field".into()), queued()]);
}

#[test]
fn an_answer_that_does_not_account_for_every_order_promises_nothing() {
    let answers = answer(3, 202, r#"{"accepted":2,"errors":[]}"#);
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Rejected(_))), "{answers:?}");
}

#[test]
fn a_failure_that_is_not_about_the_orders_is_not_a_refusal() {
    for (status, code) in [(429, "backlog_full"), (503, "queue_unavailable"), (401, "unauthorized")]
    {
        let expected = Answer::Rejected(format!("{status} {code}"));
        assert_eq!(
            answer(2, status, &format!(r#"{{"code":"{code}"}}"#)),
            [expected.clone(), expected]
        );
    }
    assert_eq!(answer(1, 502, "{}"), [Answer::Rejected("502".into())]);
}
