//! Requests to the app.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::{PATIENCE, TestApp};

/// An answer of the API.
pub struct Answer {
    pub status: u16,
    /// JSON, or text as a JSON string.
    pub body: Value,
    headers: Vec<(String, String)>,
}

impl TestApp {
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).expect("the API answers")
    }

    pub fn try_get(&self, path: &str) -> Option<Answer> {
        answer(agent().get(format!("{}{path}", self.base_url)).call())
    }

    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post_as(path, "application/json", body)
    }

    pub fn post_as(&self, path: &str, content_type: &str, body: impl AsRef<[u8]>) -> Answer {
        let request =
            agent().post(format!("{}{path}", self.base_url)).header("content-type", content_type);
        answer(request.send(body.as_ref())).expect("the API answers")
    }

    /// Posts a body without `Content-Length`.
    pub fn post_in_chunks(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let mut body = body.as_ref();
        let request = agent().post(format!("{}{path}", self.base_url));
        answer(request.send(ureq::SendBody::from_reader(&mut body))).expect("the API answers")
    }

    pub fn put(&self, path: &str, body: impl serde::Serialize) -> Answer {
        let body = serde_json::to_vec(&body).expect("it is JSON");
        let request = agent()
            .put(format!("{}{path}", self.base_url))
            .header("content-type", "application/json");
        answer(request.send(&body[..])).expect("the API answers")
    }

    pub fn delete(&self, path: &str) -> Answer {
        answer(agent().delete(format!("{}{path}", self.base_url)).call()).expect("the API answers")
    }

    /// Sends a request with these headers only.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let agent = agent();
        let response = match body {
            "" => agent.run(request.body(()).expect("the request is valid")),
            body => agent.run(request.body(body).expect("the request is valid")),
        };
        answer(response).expect("the API answers")
    }

    /// Sends raw bytes and returns the whole answer as text; the request must close its connection.
    pub fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let address = self.base_url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the app listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        // A server that has read enough may answer and close before it has read all.
        let _ = stream.write_all(request.as_ref());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The status and the stable code.
    pub fn outcome(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// A client that returns answers of every status and has a time limit.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = response.ok()?;
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
        .collect();
    let text = response.body_mut().read_to_string().ok()?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Some(Answer { status: response.status().as_u16(), body, headers })
}
