//! Sends over HTTP on a kept-alive connection: an object alone as JSON, all else as NDJSON.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

use super::{Answer, Due, Transport};
use crate::app::Endpoint;

pub(crate) struct HttpTransport {
    agent: ureq::Agent,
    endpoint: Endpoint,
    authorization: Option<String>,
    answer_limit: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Option<String>,
    accepted: usize,
    errors: Vec<OrderError>,
}

#[derive(Debug, Deserialize)]
struct OrderError {
    index: usize,
    code: String,
}

impl HttpTransport {
    pub(crate) fn new(endpoint: Endpoint, api_token: Option<&str>, answer_limit: Duration) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        Self {
            agent: agent.timeout_global(Some(answer_limit)).build().into(),
            endpoint,
            authorization: api_token.map(|token| format!("Bearer {token}")),
            answer_limit,
        }
    }

    /// An error if nothing answers there; any answer will do.
    pub(crate) fn check(&self) -> Result<(), ureq::Error> {
        let url = self.endpoint.url().ok_or(ureq::Error::HostNotFound)?;
        self.agent.get(&format!("{}/healthz", url.trim_end_matches('/'))).call()?;
        Ok(())
    }

    fn post(&self, orders: &[Due]) -> Result<(u16, Body), ureq::Error> {
        let url = self.endpoint.url().ok_or(ureq::Error::HostNotFound)?;
        let url = format!("{}/orders", url.trim_end_matches('/'));
        let lines: Vec<&[u8]> = orders.iter().map(|order| order.json.as_slice()).collect();
        let content_type = match lines[..] {
            [order] if order.starts_with(b"{") => "application/json",
            // As JSON, an array would be a list of orders.
            _ => "application/x-ndjson",
        };
        let body = lines.join(&b'\n');
        let mut request = self.agent.post(&url).header("content-type", content_type);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut response = request.send(body.as_slice())?;
        let status = response.status().as_u16();
        let text = response.body_mut().read_to_string()?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }
}

impl Transport for HttpTransport {
    fn send(&mut self, orders: &[Due]) -> Vec<Answer> {
        match self.post(orders) {
            Ok((status, body)) => answers(orders.len(), status, body),
            Err(ureq::Error::Timeout(_)) => {
                let why = format!("http: no answer within {} s", self.answer_limit.as_secs());
                vec![Answer::Rejected(why); orders.len()]
            }
            Err(_) => vec![Answer::Rejected("http: the connection failed".into()); orders.len()],
        }
    }
}

fn answers(count: usize, status: u16, body: Body) -> Vec<Answer> {
    match status {
        202 | 422 => {
            let errors: HashMap<usize, String> =
                body.errors.into_iter().map(|error| (error.index, error.code)).collect();
            let answered = body.accepted + errors.len();
            if answered != count {
                let why = format!("{status} with answers for {answered} orders");
                return vec![Answer::Rejected(why); count];
            }
            let answer = |index| match errors.get(&index) {
                Some(code) => Answer::Refused(code.clone()),
                None => Answer::Queued(None),
            };
            (0..count).map(answer).collect()
        }
        400 | 413 if count == 1 => {
            vec![Answer::Refused(format!("body:{}", body.code.unwrap_or_default())); count]
        }
        _ => {
            let why = format!("{status} {}", body.code.unwrap_or_default());
            vec![Answer::Rejected(why.trim().into()); count]
        }
    }
}

#[cfg(test)]
mod tests;
