use orders::order::Code;

use super::*;

const ORDER: &str =
    r#"{"orderId":1,"delivery":"Express","items":[{"orderItemId":1,"sku":"A","quantity":1}]}"#;

fn read(body: &[u8]) -> Result<Intake<'_>, String> {
    read_as(None, body)
}

fn read_as<'a>(content_type: Option<&str>, body: &'a [u8]) -> Result<Intake<'a>, String> {
    Intake::read(body, content_type, 10_000).map_err(code)
}

fn code(refusal: Refusal) -> String {
    let body: serde_json::Value =
        serde_json::from_slice(refusal.into_response().body()).expect("a refusal is JSON");
    body["code"].as_str().expect("a problem has a code").to_owned()
}

fn count(body: &str) -> usize {
    read(body.as_bytes()).expect(body).orders.len()
}

#[test]
fn one_order_an_array_and_lines_are_told_apart() {
    let pretty = ORDER.replace(',', ",\n  ");
    assert_eq!(count(ORDER), 1);
    assert_eq!(count(&format!("\n {pretty} \n")), 1);
    assert_eq!(count(&format!("[{ORDER}, {pretty}]")), 2);
    assert_eq!(count(&format!(" [ {ORDER}\n,{ORDER}\t] \n")), 2);
    assert_eq!(count(&format!("{ORDER}\r\n\n{ORDER}\n{ORDER}")), 3);
}

#[test]
fn an_order_keeps_its_bytes() {
    let odd = ORDER.replace(":1,", " : 1 ,");
    let body = format!("[ {odd} , {odd}\n]");
    let intake = read(body.as_bytes()).unwrap();
    assert!(intake.orders.iter().all(|(_, order)| *order == odd.as_bytes()));
}

#[test]
fn a_broken_line_refuses_itself_only() {
    let body = format!("\n{ORDER}\n{{\"orderId\":\n\n{ORDER}\n7");
    let intake = read(body.as_bytes()).unwrap();
    assert_eq!(intake.orders.len(), 2);
    let named = |refused: &Refused| (refused.index, refused.line, refused.first.code);
    let refused: Vec<_> = intake.refused.iter().map(named).collect();
    assert_eq!(refused, [(1, Some(3), Code::InvalidJson), (3, Some(6), Code::WrongType)]);
    let array = read(b"[{}]").unwrap();
    assert_eq!(array.refused[0].line, None, "an array has no lines");
}

#[test]
fn bytes_that_are_not_utf8_are_one_fault_in_every_format() {
    let latin =
        ORDER.replace("\"A\"", "\"M\u{fc}ller\"").chars().map(|c| c as u8).collect::<Vec<_>>();
    let good = ORDER.as_bytes();
    let array = [b"[".as_slice(), good, b",", &latin, b"]"].concat();
    let lines = [&latin[..], b"\n", good].concat();
    let pretty: Vec<u8> = latin
        .iter()
        .flat_map(|byte| match byte {
            b',' => b",\n".to_vec(),
            byte => vec![*byte],
        })
        .collect();
    for (body, index, valid) in [(&latin, 0, 0), (&pretty, 0, 0), (&array, 1, 1), (&lines, 0, 1)] {
        let intake = read(body).unwrap();
        assert_eq!(intake.orders.len(), valid);
        let [refused] = &intake.refused[..] else { panic!("one is refused") };
        assert_eq!((refused.index, refused.first.code), (index, Code::InvalidUtf8));
    }
}

#[test]
fn a_first_line_that_is_broken_needs_the_content_type() {
    let body = format!("{{\"orderId\":\n{ORDER}");
    assert_eq!(read(body.as_bytes()).unwrap_err(), "invalid_json");
    let ndjson = Some("application/x-ndjson; charset=utf-8");
    assert_eq!(read_as(ndjson, body.as_bytes()).unwrap().orders.len(), 1);
}

#[test]
fn content_types_of_json_of_ndjson_and_of_curl_are_accepted_and_no_others() {
    for good in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/cloudevents+json",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(read_as(Some(good), ORDER.as_bytes()).unwrap().orders.len(), 1, "{good}");
    }
    for bad in ["", "text/plain", "text/xml+json", "application/xml", "json", "ndjson", "+json"] {
        let found = read_as(Some(bad), ORDER.as_bytes()).unwrap_err();
        assert_eq!(found, "unsupported_media_type", "{bad}");
    }
}

#[test]
fn bodies_that_hold_no_orders_are_refused_whole() {
    for (body, code) in [
        ("", "empty_body"),
        (" \n ", "empty_body"),
        ("[]", "empty_body"),
        ("[ \n]", "empty_body"),
        ("[", "invalid_json"),
        ("[{},", "invalid_json"),
        ("[{},]", "invalid_json"),
        ("[,{}]", "invalid_json"),
        ("[{} {}]", "invalid_json"),
        ("[{}]x", "invalid_json"),
        ("[{}]]", "invalid_json"),
        ("[{}}", "invalid_json"),
        ("[{},\"a]", "invalid_json"),
        ("hello", "invalid_json"),
        ("\u{feff}{}", "invalid_json"),
        ("{\"orderId\":", "invalid_json"),
    ] {
        assert_eq!(read(body.as_bytes()).unwrap_err(), code, "{body:?}");
    }
}

#[test]
fn an_array_is_split_as_serde_json_splits_it() {
    for array in [
        "[1,2,3]",
        "[1 , 2,\n3 ]",
        "[\"a,b\",\"]\",\"\\\"\"]",
        "[[1,[2]],{\"a\":[3,4]},null]",
        "[-1.5e3,true,\"\\u00e4\"]",
    ] {
        let expected: Vec<serde_json::Value> = serde_json::from_str(array).unwrap();
        let found: Vec<serde_json::Value> = elements(&array.as_bytes()[1..], 10)
            .unwrap()
            .into_iter()
            .map(|(_, element)| serde_json::from_slice(element).unwrap())
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn the_limit_of_a_request_is_kept_in_every_format() {
    let fits = format!("[{ORDER},{ORDER}]");
    assert_eq!(Intake::read(fits.as_bytes(), None, 2).unwrap().orders.len(), 2);
    for body in [
        format!("[{ORDER},{ORDER},{ORDER}]"),
        format!("{ORDER}\n{ORDER}\n{ORDER}"),
        "[1,1,1,".into(),
    ] {
        assert_eq!(
            Intake::read(body.as_bytes(), None, 2).map_err(code).unwrap_err(),
            "too_many_orders"
        );
    }
}

#[test]
fn an_answer_names_a_bounded_number_of_errors_and_counts_the_others() {
    // Each of these has 51 faults: an item's quantity, fifty times, and the delivery.
    let items = vec![r#"{"orderItemId":1,"sku":"A","quantity":-1}"#; 50].join(",");
    let order = format!(r#"{{"orderId":1,"delivery":"Soon","items":[{items}]}}"#);
    let body = format!("[{}]", vec![order; 30].join(","));
    let refused = read(body.as_bytes()).unwrap().refused;
    assert_eq!(refused.len(), 30, "every order is named");
    let named: usize = refused.iter().map(|refused| refused.others.len()).sum();
    assert_eq!(named, MAX_OTHER_ERRORS);
    let omitted = |refused: &Refused| refused.omitted.unwrap_or_default();
    assert!(refused.iter().all(|refused| refused.others.len() + omitted(refused) == 50));
    assert_eq!((refused[0].omitted, refused[29].omitted), (None, Some(50)));
}
