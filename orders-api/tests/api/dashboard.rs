//! The dashboard's files are served as they refer to each other, and under a policy.

use serde_json::json;

use crate::support::{TestApi, repository};

#[test]
fn every_file_is_served_with_its_type_and_policy() {
    let api = TestApi::start_with(&[("demo_orders", "7")]);
    let folder = repository().join("orders-api/dashboard");
    let names = std::fs::read_dir(&folder).unwrap();
    for name in names.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
        let path = if name == "index.html" { "/".into() } else { format!("/dashboard/{name}") };
        let answer = api.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        assert_eq!(answer.body, text, "{path}");
        let kind = match name.rsplit('.').next() {
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("svg") => "image/svg+xml",
            _ => "text/html",
        };
        assert!(answer.header("content-type").unwrap().starts_with(kind), "{path}");
        assert!(
            answer.header("content-security-policy").unwrap().starts_with("default-src 'none'")
        );
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        for part in text.split('"').filter(|part| part.starts_with("/dashboard/")) {
            assert_eq!(api.get(part).status, 200, "{part} in {path}");
        }
        for part in text.split('"').filter_map(|part| part.strip_prefix("./")) {
            assert_eq!(api.get(&format!("/dashboard/{part}")).status, 200, "{part} in {path}");
        }
    }
    assert_eq!(
        api.get("/dashboard/limits.json").body,
        json!({ "demoOrders": 7, "maxOrdersPerRequest": 10_000, "maxBodyBytes": 16_777_216 })
    );
}
