//! An API on a private Redis, and requests to it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use http::Method;
use native::RedisConnection;
use orders::Lane;
use orders::pipeline::{Distributor, Receiver};
use orders_api::{Host, Refusal, Settings, answer};
use private_redis::{Options, RedisServer};
use queue::settings::SettingError;
use queue::{ExecuteError, Queue, QueueError, drain};
use serde_json::{Value, json};

pub(crate) struct TestApi {
    pub(crate) server: RedisServer,
    /// Where the API looks for Redis.
    pub(crate) redis_url: String,
    pub(crate) queue: queue::Settings,
    pub(crate) variables: Vec<(&'static str, String)>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    /// JSON, or text as a JSON string.
    pub(crate) body: Value,
}

/// The variables of the API in `spin.toml`.
pub(crate) const DEFAULTS: [(&str, &str); 6] = [
    ("api_token", ""),
    ("allowed_hosts", ""),
    ("max_backlog", "1000000"),
    ("max_orders_per_request", "10000"),
    ("max_body_bytes", "16777216"),
    ("demo_orders", "10000"),
];

/// The settings that these variables and the defaults give.
pub(crate) fn settings_with(
    variables: &[(&'static str, String)],
) -> Result<Settings, SettingError> {
    Settings::read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        let default = DEFAULTS.iter().find(|(known, _)| *known == name);
        let default = default.ok_or_else(|| format!("no variable {name}"))?.1;
        Ok::<_, String>(found.map_or_else(|| default.to_owned(), |(_, value)| value.clone()))
    })
}

impl Host for TestApi {
    type Redis = RedisConnection;

    fn settings(&self) -> Result<Settings, SettingError> {
        settings_with(&self.variables)
    }

    fn open(&self) -> Result<(queue::Settings, RedisConnection), Refusal> {
        let redis = RedisConnection::open(&self.redis_url).map_err(|error| {
            QueueError::from_redis("failed to connect", &ExecuteError(error.to_string()))
        })?;
        Ok((self.queue.clone(), redis))
    }
}

impl TestApi {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(variables: &[(&'static str, &str)]) -> Self {
        Self::start_on(&[], variables)
    }

    /// With further arguments of `redis-server`.
    pub(crate) fn start_on(arguments: &[&str], variables: &[(&'static str, &str)]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let options = Options { arguments, ..Options::default() };
        let server = RedisServer::start_with(&options).expect("redis-server starts");
        let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            redis_url: server.url(),
            server,
            queue: orders::pipeline::settings(),
            variables: variables.collect(),
        }
    }

    pub(crate) fn redis(&self) -> RedisConnection {
        RedisConnection::open(&self.server.url()).expect("redis answers")
    }

    /// Runs a plain command.
    pub(crate) fn command<T: redis::FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut request = redis::cmd(words.next().expect("a command"));
        request.arg(words.collect::<Vec<_>>());
        request.query(self.redis().inner()).expect(command)
    }

    /// Adds entries to ingress as any producer does.
    pub(crate) fn add(&self, field: &str, value: &str) -> String {
        let mut request = redis::cmd("XADD");
        request.arg(&["{orders}:ingress", "*", field, value]);
        request.query(self.redis().inner()).expect("XADD works")
    }

    /// Drains ingress.
    pub(crate) fn route(&self) {
        let mut redis = self.redis();
        let mut queue = Queue::new(&mut redis, &self.queue);
        let role = Distributor { complexity_threshold: orders::DEFAULT_COMPLEXITY_THRESHOLD };
        drain(&mut queue, &role, &mut || Duration::ZERO).1.expect("the distributor drains");
    }

    /// Drains all streams.
    pub(crate) fn work(&self) {
        self.route();
        let mut redis = self.redis();
        let mut queue = Queue::new(&mut redis, &self.queue);
        for lane in [Lane::Simple, Lane::Complex] {
            drain(&mut queue, &Receiver { lane }, &mut || Duration::ZERO)
                .1
                .expect("the receivers drain");
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.send("POST", path, &[], body)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], body.to_string())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "")
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        self.send_from(method, path, headers, &mut body.as_ref())
    }

    pub(crate) fn send_from(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &mut dyn Read,
    ) -> Answer {
        let mut request = http::Request::builder()
            .method(Method::from_bytes(method.as_bytes()).expect("a method"))
            .uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "localhost:3000");
        }
        for (name, value) in headers.iter().filter(|(_, value)| *value != "-") {
            request = request.header(*name, *value);
        }
        let response = answer(self, request.body(body).expect("a request"));
        let (head, body) = response.into_parts();
        let text = || String::from_utf8(body.clone()).expect("text").into();
        let answer = Answer {
            status: head.status.as_u16(),
            body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
            headers: head.headers,
        };
        check(method, path, &answer);
        answer
    }
}

impl Answer {
    /// Status and code.
    pub(crate) fn outcome(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of text"))
    }
}

/// A body that ends with an error after some bytes.
pub(crate) struct Broken<'a>(pub(crate) &'a [u8], pub(crate) io::ErrorKind);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) => Err(self.1.into()),
            other => other,
        }
    }
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn file(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).expect(path)
}

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&file("docs/openapi.json")).expect("JSON"));

/// The answer is one that the document has for this operation.
fn check(method: &str, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap_or_default();
    let path = if path == "/" { path } else { path.strip_suffix('/').unwrap_or(path) };
    let fits = |template: &str| {
        let (template, path): (Vec<_>, Vec<_>) =
            (template.split('/').collect(), path.split('/').collect());
        template.len() == path.len()
            && template
                .iter()
                .zip(&path)
                .all(|(a, b)| a == b || a.starts_with('{') && !b.is_empty())
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let Some((template, item)) = paths.iter().find(|(template, _)| fits(template)) else { return };
    let method = if method == "HEAD" { "GET" } else { method };
    let operation = &item[method.to_lowercase()];
    if operation.is_null() {
        return;
    }
    let what = format!("{method} {template} {}", answer.status);
    let mut response = &operation["responses"][answer.status.to_string()];
    if let Some(reference) = response["$ref"].as_str() {
        response = DOCUMENT.pointer(&reference[1..]).expect(reference);
    }
    assert!(!response.is_null(), "{what} is not documented: {}", answer.body);
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let is_required = header["required"] == true || header["$ref"].is_string();
        let is_optional = ["accept-encoding"].contains(&&*name.to_lowercase());
        assert!(
            !is_required || is_optional || answer.headers.contains_key(name),
            "{what} lacks {name}"
        );
    }
    let media_type = answer.header("content-type").expect("a content type");
    let media_type = media_type.split(';').next().unwrap_or_default();
    let media = &response["content"][media_type];
    assert!(!media.is_null(), "{what}: {media_type} is not documented");
    if media_type.ends_with("json") && template != "/openapi.json" {
        let schema = json!({ "allOf": [media["schema"]], "components": DOCUMENT["components"] });
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let errors: Vec<String> =
            validator.iter_errors(&answer.body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{what}: {errors:?} in {}", answer.body);
    }
    if media_type == "application/problem+json" {
        assert_eq!(answer.body["status"], answer.status, "{what}");
    }
}

pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// A simple order with this number in its identity.
pub(crate) fn an_order(number: u32) -> String {
    let (id, items) = (id(number), r#"[{"orderItemId":1,"sku":"FRM-1","quantity":1}]"#);
    format!(r#"{{"orderId":{number},"orderGuid":"{id}","delivery":"Standard","items":{items}}}"#)
}
