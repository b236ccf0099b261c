//! Sends plain XADD in pipelines, as any producer can, and rings the bell after each pipeline.

use std::time::Duration;

use native::{RedisConnection, was_interrupted};
use queue::{EntryId, Keys, Queue, Settings, Stream};
use redis::{FromRedisValue, RedisError, RedisResult, Value};

use super::{Answer, Due, Transport};

/// A connection to Redis. While it is broken, orders are rejected.
pub(crate) struct RedisTransport {
    url: String,
    settings: Settings,
    ingress: String,
    answer_limit: Duration,
    redis: Option<RedisConnection>,
}

impl RedisTransport {
    /// A server that takes longer than the limit to answer counts as unavailable.
    pub(crate) fn open(url: &str, settings: Settings, answer_limit: Duration) -> RedisResult<Self> {
        let ingress = Keys::new(&settings).stream(Stream::Ingress).to_owned();
        let mut opened = Self { url: url.to_owned(), settings, ingress, answer_limit, redis: None };
        opened.redis()?;
        Ok(opened)
    }

    fn redis(&mut self) -> RedisResult<&mut RedisConnection> {
        if let Some(ref mut redis) = self.redis {
            return Ok(redis);
        }
        let redis = RedisConnection::open_within(self.url.as_str(), self.answer_limit)?;
        Ok(self.redis.insert(redis))
    }

    /// The replies that arrived, one for each order.
    fn add(&mut self, orders: &[Due]) -> RedisResult<Vec<RedisResult<Value>>> {
        let mut pipeline = redis::Pipeline::with_capacity(orders.len());
        for order in orders {
            pipeline.cmd("XADD").arg(&self.ingress).arg("*").arg("order").arg(&order.json);
        }
        let redis = self.redis()?.inner();
        redis.send_packed_command(&pipeline.get_packed_pipeline())?;
        let mut replies = Vec::with_capacity(orders.len());
        for _ in orders {
            let reply = redis.recv_response();
            let is_broken = reply.as_ref().is_err_and(|error| !was_interrupted(error));
            replies.push(reply);
            if is_broken {
                break;
            }
        }
        Ok(replies)
    }

    /// Rings by a tick, which coalesces rings: ten thousand orders must not cause ten thousand.
    fn ring(&mut self) {
        if let Some(redis) = &mut self.redis
            && Queue::new(redis, &self.settings).tick(Stream::Ingress).is_err()
        {
            // The orders are written; a later tick rings for them.
            self.redis = None;
        }
    }

    fn answers(
        &mut self,
        count: usize,
        replies: RedisResult<Vec<RedisResult<Value>>>,
    ) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(count);
        let mut is_broken = false;
        for reply in replies.unwrap_or_else(|error| vec![Err(error)]) {
            match reply.and_then(Value::extract_error) {
                Ok(id) => {
                    let id = String::from_redis_value(id).ok();
                    answers.push(Answer::Queued(id.and_then(|id| EntryId::parse(&id))));
                }
                // Only the reply is lost; the order is written.
                Err(error) if was_interrupted(&error) => answers.push(Answer::Queued(None)),
                Err(error) => {
                    is_broken |= error.is_io_error();
                    answers.push(Answer::Rejected(self.reason(&error)));
                }
            }
        }
        // Replies end early with the error that broke the connection.
        if let Some(last) = answers.last().cloned() {
            answers.resize(count, last);
        }
        if is_broken {
            self.redis = None;
        }
        if answers.iter().any(|answer| matches!(answer, Answer::Queued(_))) {
            self.ring();
        }
        answers
    }

    /// A short text that is the same for the same failure, because orders are counted by it.
    fn reason(&self, error: &RedisError) -> String {
        match error.code() {
            Some(code) => format!("redis: {code}"),
            None if error.is_timeout() => {
                format!("redis: no answer within {} s", self.answer_limit.as_secs())
            }
            None if error.is_connection_refusal() => "redis: connection refused".into(),
            None => "redis: the connection broke".into(),
        }
    }
}

impl Transport for RedisTransport {
    fn send(&mut self, orders: &[Due]) -> Vec<Answer> {
        let replies = self.add(orders);
        self.answers(orders.len(), replies)
    }
}

#[cfg(test)]
mod tests;
